"""Container images that are built on this machine, for nodes that can't pull images."""
