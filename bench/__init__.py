"""Benchmarks: each prints a table and one JSON line; ratios within one run, CPU time rather than wall time."""
