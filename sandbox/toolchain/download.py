"""Fetching what a publisher released.

A file is taken only with the SHA-256 that it must have. It is fetched into a `.part` file, which is
kept until it is whole: a transfer that was cut off goes on from there, in a later run too.
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
"""How long a connection, and then each read, may take."""
ATTEMPTS = 4
"""How often a transfer is begun or taken up again."""
PAUSE_SECONDS = 1.0
"""The pause before the second attempt; before each further one it is as much longer."""
CHUNK = 2**18

T = TypeVar("T")
Report = Callable[[int, int | None], None]
"""Is told of the bytes that are there, and of those that there will be, if that is known."""


class Unavailable(Exception):
    """A publisher does not have a file, or does not send it whole."""


class _CutOff(Exception):
    """A transfer that may be taken up again."""


def session() -> requests.Session:
    """Return a client for HTTPS, with the system's trust and proxies, and plain HTTP to itself."""
    result = requests.Session()
    result.verify = str(system_authorities())
    del result.adapters["http://"]
    result.mount("http://127.0.0.1:", HTTPAdapter())
    return result


def read_text(address: str) -> str:
    """Return a small file as text; raises Unavailable."""

    def read(client: requests.Session) -> str:
        with client.get(address, timeout=TIMEOUT_SECONDS) as answer:
            _check(answer)
            return answer.text

    return _attempts(address, read)


def download(address: str, digest: str, part: Path, report: Report) -> None:
    """Fetch a file into `part`, going on from what is there.

    Args:
        address: where it is.
        digest: its SHA-256, in hexadecimal.
        part: the file that it becomes; it stays when the transfer is cut off.
        report: told of the progress.

    Raises:
        Unavailable: if it is not there, or does not come whole.
        SandboxError: if it is another file than the digest says. `part` is then removed.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    resumed = part.exists()
    _attempts(address, lambda client: _transfer(client, address, part, report))
    got = _sha256(part)
    if got != digest and resumed:  # what an earlier run left may be of another file
        part.unlink()
        _attempts(address, lambda client: _transfer(client, address, part, report))
        got = _sha256(part)
    if got != digest:
        part.unlink()
        raise SandboxError(
            f"{address} is not what its publisher says: its SHA-256 is {got}, not {digest}; "
            "it is not used"
        )


def digest_in(text: str, name: str) -> str | None:
    """Return the SHA-256 of the file `name` in a publisher's list, None if it is not in there.

    A list is lines as sha256sum writes them, a digest alone, or what GitHub's API tells of a
    release (https://docs.github.com/rest/releases/releases#get-a-release-by-tag-name).
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
            except (_CutOff, requests.RequestException, urllib3.exceptions.HTTPError) as error:
                last = error
            time.sleep(PAUSE_SECONDS * attempt if attempt < ATTEMPTS else 0)
    raise Unavailable(f"{address}: {_in_short(last)}") from last


def _in_short(error: Exception) -> str:
    while isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError):
        causes = [cause for cause in error.args if isinstance(cause, Exception)]
        if not causes:
            break
        error = causes[0]
    return str(error) or type(error).__name__


def _check(answer: requests.Response) -> None:
    words = f"{answer.status_code} {answer.reason}"
    if answer.status_code == 429 or answer.status_code >= 500:
        raise _CutOff(words)
    if not answer.ok:
        raise Unavailable(f"{answer.url}: {words}")


def _transfer(client: requests.Session, address: str, part: Path, report: Report) -> None:
    begun = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begun}-"} if begun else {})
    with client.get(address, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        if begun and answer.status_code == 416:  # there is no more: it is whole, or another file
            return
        _check(answer)
        goes_on = answer.headers.get("Content-Range", "").startswith(f"bytes {begun}-")
        if answer.status_code == 206 and not goes_on:
            part.unlink()
            raise _CutOff("another part than was asked for")
        there = begun if answer.status_code == 206 else 0
        length = answer.headers.get("Content-Length")
        total = there + int(length) if length else None
        with part.open("ab" if there else "wb") as file:
            for chunk in answer.raw.stream(CHUNK, decode_content=False):
                file.write(chunk)
                there += len(chunk)
                report(there, total)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
