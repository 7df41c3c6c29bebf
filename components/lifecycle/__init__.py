"""Access to the Kubernetes API, and waits for asynchronous changes in a cluster."""
