"""Resource names that are the same in every stack."""

CLUSTER = "cluster"
"""Resource name of the cluster."""

DNS = "dns"
"""Resource name of the DNS zone."""

CONTROLLER = "ingress-nginx"
"""Resource name of the ingress controller and name of its Helm release, for every controller."""

CERTIFICATES = "cert-manager"
"""Resource name of cert-manager and name of its Helm release."""
