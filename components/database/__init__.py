"""An application's database: PostgreSQL in the cluster, or a managed database of Exoscale."""
