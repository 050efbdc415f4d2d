"""The commands of `python -m eval`; options that several of them share are in `eval.options`."""
