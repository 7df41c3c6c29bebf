"""Parts of the DNS resources: zones, and the rules for names and records."""
