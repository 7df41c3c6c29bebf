"""The error that the command line shows without a traceback."""


class SandboxError(Exception):
    """An error that the user can fix; the message says what is wrong and what to do."""
