"""An application's database: PostgreSQL in the cluster, or Exoscale's managed one."""

from components.database.database import Database

__all__ = ["Database"]
