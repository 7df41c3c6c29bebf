"""The errors of the API. As at Exoscale, the answer is a status and the body {"message": ...}."""


class ApiError(Exception):
    """A rejected request. `status` is the HTTP status; the text is the message of the answer."""

    status = 500


class BadRequest(ApiError):
    status = 400


class Forbidden(ApiError):
    status = 403


class NotFound(ApiError):
    status = 404


class MethodNotAllowed(ApiError):
    status = 405


class Conflict(ApiError):
    status = 409


class NotSimulated(ApiError):
    """This server doesn't simulate an operation or a field of Exoscale, which the message names."""

    status = 501
