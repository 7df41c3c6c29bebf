"""WHAT a stack is: one class for each thing, and `settings.load`, which reads the stack's file."""
