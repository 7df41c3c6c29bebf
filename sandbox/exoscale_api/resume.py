"""Restarts clusters and tasks after a restart of the server."""

from collections.abc import Iterable

from sandbox.exoscale_api.jobs import Jobs
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.resource import Resource
from sandbox.sks.spec import SksError


def resume(organization: Organization, jobs: Jobs, resources: Iterable[Resource]) -> None:
    """Restarts the clusters that ran, and then the interrupted tasks.

    Raises:
        SksError: if some of them don't start, with all their errors, after the others have started.
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
