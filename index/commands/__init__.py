"""The commands of `python -m index`; options that several of them share are in `index.options`."""
