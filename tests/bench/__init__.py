"""The benchmark: `make bench`, or `python -m tests.bench --markdown` for the README's table."""
