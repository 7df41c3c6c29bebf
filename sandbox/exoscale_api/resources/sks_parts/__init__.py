"""Parts of the resources of SKS: their tasks and shared functions."""
