"""What each Helm chart is told by `IngressController`."""
