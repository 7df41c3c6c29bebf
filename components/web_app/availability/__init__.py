"""How many pods an application has."""
