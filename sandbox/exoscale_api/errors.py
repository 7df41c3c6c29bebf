"""Errors that the API answers with: a status and the body {"message": ...}, as Exoscale does."""


class ApiError(Exception):
    """A refused request; `status` is the HTTP status, the text is the message of the answer."""

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
    """Exoscale has it, this server does not: the message names the operation or the field."""

    status = 501
