"""Offline evaluation, with the very code that serves."""
