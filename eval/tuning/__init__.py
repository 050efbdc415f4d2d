"""Weights fitted to judgments: signals gathered once, weights tried many times, figures reported once."""
