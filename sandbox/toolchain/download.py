"""Downloads released files.

A file is used only if it has the expected SHA-256. It is downloaded into a `.part` file, which is
kept until it is complete: an interrupted transfer is resumed, also in a later run.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import requests
import urllib3
from requests.adapters import HTTPAdapter

from sandbox.errors import SandboxError
from sandbox.toolchain.trust import system_authorities

TIMEOUT_SECONDS: tuple[float, float] = (5, 15)
"""Timeouts of the connection and of each read."""
ATTEMPTS = 4
"""Maximum number of attempts for a transfer, the first one included."""
PAUSE_SECONDS = 1.0
"""Pause before the second attempt. It increases by the same time before each further attempt."""
CHUNK = 2**18

T = TypeVar("T")
Report = Callable[[int, int | None], None]
"""Called with the number of downloaded bytes, and the total number, None if it is unknown."""


class Unavailable(Exception):
    """A publisher doesn't have a file, or the transfer fails."""


class _Interrupted(Exception):
    """A transfer failed and can be retried."""


def session() -> requests.Session:
    """Returns a client that trusts the system's authorities and uses the environment's proxies.

    It supports HTTPS; plain HTTP only to 127.0.0.1.
    """
    result = requests.Session()
    result.verify = str(system_authorities())
    del result.adapters["http://"]
    result.mount("http://127.0.0.1:", HTTPAdapter())
    return result


def read_text(address: str) -> str:
    """Returns a small file as text.

    Raises:
        Unavailable: if it doesn't exist, or if the transfer fails.
    """

    def read(client: requests.Session) -> str:
        with client.get(address, timeout=TIMEOUT_SECONDS) as answer:
            _check(answer)
            return answer.text

    return _attempts(address, read)


def download(address: str, digest: str, part: Path, report: Report) -> None:
    """Downloads a file into `part`. If `part` exists, it resumes the transfer.

    Args:
        address: the URL of the file.
        digest: the SHA-256 of the file, in hexadecimal.
        part: the file to write, which is kept if the transfer is interrupted.
        report: a function that is called with the progress.

    Raises:
        Unavailable: if the file doesn't exist, or if the transfer fails.
        SandboxError: if the file has another SHA-256. `part` is then deleted.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    resumed = part.exists()
    _attempts(address, lambda client: _transfer(client, address, part, report))
    got = _sha256(part)
    if got != digest and resumed:  # an earlier run may have left a part of a different file
        part.unlink()
        _attempts(address, lambda client: _transfer(client, address, part, report))
        got = _sha256(part)
    if got != digest:
        part.unlink()
        raise SandboxError(
            f"{address} is not the file that its publisher lists: its SHA-256 is {got}, "
            f"not {digest}; it is not installed"
        )


def digest_in(text: str, name: str) -> str | None:
    """Returns the SHA-256 of the file `name` in a publisher's list, None if it is not listed.

    A list has the format of sha256sum, is a single digest, or is a release in GitHub's API
    (https://docs.github.com/rest/releases/releases#get-a-release-by-tag-name).
    """
    listed: dict[str, str]
    if text.lstrip().startswith("{"):
        assets: list[dict[str, Any]] = json.loads(text).get("assets", [])
        listed = {
            asset["name"]: str(asset.get("digest")).removeprefix("sha256:") for asset in assets
        }
    else:
        lines = [line.split() for line in text.splitlines() if line.strip()]
        listed = {words[-1].lstrip("*") if words[1:] else name: words[0] for words in lines}
    digest = listed.get(name, "")
    return digest if re.fullmatch("[0-9a-f]{64}", digest) else None


def _attempts(address: str, action: Callable[[requests.Session], T]) -> T:
    with session() as client:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return action(client)
            except (_Interrupted, requests.RequestException, urllib3.exceptions.HTTPError) as error:
                last = error
            time.sleep(PAUSE_SECONDS * attempt if attempt < ATTEMPTS else 0)
    raise Unavailable(f"{address}: {_root_cause(last)}") from last


def _root_cause(error: Exception) -> str:
    while isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError):
        causes = [cause for cause in error.args if isinstance(cause, Exception)]
        if not causes:
            break
        error = causes[0]
    return str(error) or type(error).__name__


def _check(answer: requests.Response) -> None:
    status = f"{answer.status_code} {answer.reason}"
    if answer.status_code == 429 or answer.status_code >= 500:
        raise _Interrupted(status)
    if not answer.ok:
        raise Unavailable(f"{answer.url}: {status}")


def _transfer(client: requests.Session, address: str, part: Path, report: Report) -> None:
    start = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with client.get(address, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        if start and answer.status_code == 416:  # no more bytes: complete, or a different file
            return
        _check(answer)
        continues = answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        if answer.status_code == 206 and not continues:
            part.unlink()
            raise _Interrupted("the server sent another part than requested")
        received = start if answer.status_code == 206 else 0
        length = answer.headers.get("Content-Length")
        total = received + int(length) if length else None
        with part.open("ab" if received else "wb") as file:
            for chunk in answer.raw.stream(CHUNK, decode_content=False):
                file.write(chunk)
                received += len(chunk)
                report(received, total)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
