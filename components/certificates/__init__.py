"""Certificates for the hosts that the ingress controller serves."""
