"""Scalable Kubernetes Service: real control planes with simulated nodes."""
