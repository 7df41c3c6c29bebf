"""Checks across several components, and checks of the stack's file."""
