"""The sandbox's long-running process, and the commands that start, stop and query it."""
