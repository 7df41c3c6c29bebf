"""Exoscale's API, load balancers and volumes."""
