"""The sandbox's daemon, and the commands that start, stop and query it."""
