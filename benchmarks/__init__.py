"""How fast sbdiag is, as ratios to other tools in one run: ``python -m benchmarks``."""
