"""Commands for the pods of a stack's applications: run, logs, ps and events."""
