"""Volumes of an application's pods, temporary and persistent."""
