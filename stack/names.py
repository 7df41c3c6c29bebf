"""Names that things have in the program, in every stack."""

CLUSTER = "cluster"
"""The cluster's name."""

CONTROLLER = "ingress-nginx"
"""The ingress controller's name, whichever it is, and its release's."""
