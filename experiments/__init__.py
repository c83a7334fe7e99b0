"""Benchmarks, and one script per published claim."""
