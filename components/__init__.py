"""The component resources: an SKS cluster, its ingress controller, the web applications on it."""
