"""The ingress controller, installed with its Helm chart, behind a load balancer."""
