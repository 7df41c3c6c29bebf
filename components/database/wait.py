"""The command that waits until a database in the cluster accepts connections.

It is apart from its init container: tools, which load no provider's SDK, use it too.
"""

WAIT_NAME = "wait-for-database"
"""The name of the init container."""

DEADLINE_SECONDS = 60
WAIT = f"""timeout {DEADLINE_SECONDS} sh -c 'until pg_isready --dbname="$URL"; do sleep 1; done'"""
