"""An application's database: PostgreSQL in the cluster, or Exoscale's managed one."""
