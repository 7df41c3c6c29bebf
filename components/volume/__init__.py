"""A volume in the cluster with its claim, as databases and applications have."""
