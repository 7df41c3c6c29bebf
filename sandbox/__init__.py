"""An Exoscale account on the machine it runs on: same API, real Kubernetes control planes."""
