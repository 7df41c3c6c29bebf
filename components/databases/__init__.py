"""The kinds of `Database`: PostgreSQL in the cluster, or managed by Exoscale."""
