"""Checks of an Exoscale account's limits before a cluster is created or changed."""
