"""One folder that holds all that was measured: a page to read, JSON, LaTeX tables and run files.

Reading order: `config` (what is asked), `study` (what is measured), `cases` (lists side by side), `tables` and `plots`
(what is shown), `page`, `latex` and `document` (in which form), `folder` (one command's work, from runs to files).
"""
