"""A namespace of applications."""
