"""The sandbox's ACME server, and what it reaches of clusters with simulated nodes."""
