"""The environment of `sandbox exec`: variables, Pulumi home and backend, and stack files."""
