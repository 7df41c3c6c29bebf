"""Documents, and the code that makes some of them from the settings."""
