"""What the Kubernetes objects of several components have in common."""
