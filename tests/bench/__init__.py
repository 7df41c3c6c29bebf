"""The benchmark: `make bench`, or `python -m tests.bench --markdown` for docs/speed.md."""
