"""Container images made on this machine, for where none can be pulled."""
