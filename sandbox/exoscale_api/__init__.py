"""An Exoscale account that speaks Exoscale's API v2 over HTTP.

`create_app` makes the ASGI application. Paths, bodies and answers follow the OpenAPI document
inside the PyPI package `exoscale`; an operation that is not simulated answers 501 with its
operationId. A file of `resources/` says all of one resource.

Scope, as on Exoscale: security groups, anti-affinity groups, instance types, quotas and
operations belong to the account; SKS clusters, nodepools, instance pools, instances and load
balancers belong to a zone. A zone's endpoint is `{base_url}/{zone}/v2` (`GET /zone` names it).
`{base_url}/v2` is the zone of the host name (`api-{zone}.exoscale.com`), else ch-gva-2, the
clients' own default.
"""

from sandbox.exoscale_api.auth import Credentials
from sandbox.exoscale_api.server import create_app
from sandbox.exoscale_api.summary import summary, tables

__all__ = ["Credentials", "create_app", "summary", "tables"]
