"""How an application's pods are replaced."""
