"""The error that the command line shows as one line."""


class SandboxError(Exception):
    """Something that the user can act on; its text says what and how."""
