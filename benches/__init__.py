"""Load and micro benchmarks: `python -m benches`, see README.md beside this file."""
