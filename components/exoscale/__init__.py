"""Exoscale's load balancers, volumes and API."""
