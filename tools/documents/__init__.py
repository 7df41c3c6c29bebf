"""Documentation, and the generators of its reference and tables."""
