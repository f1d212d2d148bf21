"""Benchmarks of the batcher: `python -m benches batching [SECTION ...]`."""
