"""The admission webhook of the ingress-nginx controller, whose pods are simulated."""
