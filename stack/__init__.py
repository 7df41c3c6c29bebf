"""Reads a stack's file, checks it, and composes its components."""
