"""The benchmark: `make bench`, or `python -m tests.bench --markdown` for the table of docs/speed.md."""
