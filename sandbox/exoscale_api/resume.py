"""Bringing everything back after a restart of the server."""

from collections.abc import Iterable

from sandbox.exoscale_api.jobs import Jobs
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.resource import Resource
from sandbox.sks.spec import SksError


def resume(organization: Organization, jobs: Jobs, resources: Iterable[Resource]) -> None:
    """Bring back what ran, then go on with the tasks that were cut off.

    Raises SksError, which names all that does not start, when everything else is up.
    """
    failures = [
        failure
        for resource in resources
        if resource.resume
        for failure in resource.resume(organization)
    ]
    jobs.resume()
    if failures:
        raise SksError("; ".join(failures))
