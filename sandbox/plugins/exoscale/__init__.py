"""`pulumi-resource-exoscale`: replaces the official plugin 0.66.1; it uses Exoscale's client."""
