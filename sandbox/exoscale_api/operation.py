"""Operations as a service: reading the state of one."""

from sandbox.exoscale_api import operations
from sandbox.exoscale_api.account import Call, Handler
from sandbox.exoscale_api.store import Json


def get_operation(call: Call) -> Json:
    operation: Json = call.require(operations.KIND, call.path["id"])["operation"]
    return operation


OPERATIONS: dict[str, Handler] = {"get-operation": get_operation}
