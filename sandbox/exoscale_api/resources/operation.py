"""Operations, Exoscale's name of jobs, whose state clients can read."""

from sandbox.exoscale_api import jobs
from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.store import Json


def get_operation(call: Call) -> Json:
    operation: Json = call.require(jobs.KIND, call.path["id"])["operation"]
    return operation


RESOURCE = Resource(jobs.KIND, operations={"get-operation": get_operation})
