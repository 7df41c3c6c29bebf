"""A DNS server that answers for the zones of an account, and for nothing else."""
