"""Measures untrap beside other tools on simulated plants: `python -m benchmarks`."""
