"""A simulated Exoscale account on this machine, with real Kubernetes control planes."""
