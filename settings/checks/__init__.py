"""Checks that look at several settings at once."""
