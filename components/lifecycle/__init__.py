"""The Kubernetes API, and waiting for what a cluster does by itself."""
