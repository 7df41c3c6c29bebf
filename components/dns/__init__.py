"""Records in a DNS zone at Exoscale."""
