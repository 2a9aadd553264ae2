"""Runnable comparisons; each prints its table and renews its section of docs/benchmarks.md."""
