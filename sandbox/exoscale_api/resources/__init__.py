"""The simulated resources of Exoscale, one module for each.

A module of this package defines its resource as `RESOURCE` and is found automatically. Parts of
large resources are in subpackages.
"""
