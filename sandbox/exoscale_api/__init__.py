"""A simulated Exoscale account, which serves Exoscale's API v2 over HTTP.

`create_app` returns the ASGI application. Paths, bodies and answers follow the OpenAPI document in
the PyPI package `exoscale`. An operation that is not simulated answers 501 with its operationId.
Each file in `resources/` defines one resource.

Scope, as on Exoscale: security groups, anti-affinity groups, instance types, quotas and
operations belong to the account; SKS clusters, nodepools, instance pools, instances and load
balancers belong to a zone. A zone's endpoint is `{base_url}/{zone}/v2`, which `GET /zone` returns.
`{base_url}/v2` is the endpoint of the zone in the host name (`api-{zone}.exoscale.com`), by default
of ch-gva-2, which is also the default of Exoscale's clients.
"""

from sandbox.exoscale_api.auth import Credentials
from sandbox.exoscale_api.dns_zones import dns_zones
from sandbox.exoscale_api.server import create_app
from sandbox.exoscale_api.summary import summary, tables

__all__ = ["Credentials", "create_app", "dns_zones", "summary", "tables"]
