"""What the Exoscale account allows."""
