"""Loads a stack's configuration, checks it, and composes its components."""
