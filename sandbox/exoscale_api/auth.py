"""Exoscale's request signature, EXO2-HMAC-SHA256.

Source: `exoscale_auth.ExoscaleV2Auth` (PyPI requests-exoscale-auth) and egoscale v3
`Client.signRequest`. The lines of the signed message are: "METHOD path", the body, the values of
the signed query arguments in the listed order, an empty line (no header is signed), and the expiry
date as a UNIX timestamp.
"""

import hashlib
import hmac
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from sandbox.exoscale_api.errors import Forbidden

SCHEME = "EXO2-HMAC-SHA256"


@dataclass(frozen=True)
class Credentials:
    """An API key and its secret."""

    api_key: str
    api_secret: str = field(repr=False)

    def of(self, api_key: str) -> "Credentials":
        """Returns the credentials of another key of the account.

        The secret is derived from the account's own secret, so that it needn't be stored.
        """
        digest = hmac.new(self.api_secret.encode(), api_key.encode(), hashlib.sha256).digest()
        return Credentials(api_key, urlsafe_b64encode(digest).decode().rstrip("="))


def verify(
    credentials: Credentials,
    authorization: str,
    *,
    method: str,
    path: str,
    query: str,
    body: bytes,
    now: float,
) -> None:
    """Checks the Authorization header of a request.

    Args:
        credentials: the expected key and its secret.
        authorization: the header.
        method: the HTTP method.
        path: the path of the request, percent-encoded.
        query: the query of the request, percent-encoded.
        body: the body of the request.
        now: the current time, a UNIX timestamp in seconds.

    Raises:
        Forbidden: if the signature is missing, malformed, expired or wrong.
    """
    fields = _fields(authorization)
    if not hmac.compare_digest(fields.get("credential", "").encode(), credentials.api_key.encode()):
        raise Forbidden("unknown API key")
    expires = fields.get("expires", "")
    if not expires.isascii() or not expires.isdigit():
        raise Forbidden("the request's signature has no expiry date")
    message = b"\n".join(
        [
            f"{method} {path}".encode(),
            body,
            _signed_values(query, fields.get("signed-query-args", "")).encode(),
            b"",
            expires.encode(),
        ]
    )
    expected = hmac.new(credentials.api_secret.encode(), message, hashlib.sha256).digest()
    try:
        signature = b64decode(fields.get("signature", ""), validate=True)
    except ValueError:
        signature = b""
    if not hmac.compare_digest(signature, expected):
        raise Forbidden("invalid request signature")
    if int(expires) < now:
        raise Forbidden("the request's signature has expired")


def signer(authorization: str) -> str:
    """Returns the API key of a request.

    Raises:
        Forbidden: if the request is not signed.
    """
    return _fields(authorization).get("credential", "")


def _fields(authorization: str) -> dict[str, str]:
    scheme, _, pragmas = authorization.partition(" ")
    if scheme != SCHEME:
        raise Forbidden("the request is not signed")
    return {name: value for name, _, value in (p.partition("=") for p in pragmas.split(","))}


def _signed_values(query: str, signed_query_args: str) -> str:
    arguments = parse_qs(query, keep_blank_values=True)
    signed = signed_query_args.split(";") if signed_query_args else []
    if any(len(values) != 1 for values in arguments.values()) or not set(signed) <= set(arguments):
        raise Forbidden("invalid request signature")
    if any(value for name, (value,) in arguments.items() if name not in signed):
        raise Forbidden("a query argument is not signed")
    return "".join(arguments[name][0] for name in signed)
