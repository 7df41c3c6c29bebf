"""The ingress controller, by its Helm chart, behind a load balancer."""
