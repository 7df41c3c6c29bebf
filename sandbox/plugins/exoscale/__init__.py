"""`pulumi-resource-exoscale`: stands in for the official plugin 0.66.1 over Exoscale's client."""
