"""`pulumi-resource-kubernetes`: stands in for the official Kubernetes provider on the sandbox."""
