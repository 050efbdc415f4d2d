"""Measures speed, side by side in one run: `python -m eval bench`. Each benchmark is one file; `known` lists them."""
