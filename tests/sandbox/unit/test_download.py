"""Fetching a file from a publisher that serves well or badly."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.toolchain import download, reach
from sandbox.toolchain.download import Unavailable, digest_in
from tests.sandbox.unit.publisher import Publisher, publisher, sha256

CONTENT = bytes(range(256)) * 4000
DIGEST = sha256(CONTENT)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", (0.5, 0.1))
    monkeypatch.setattr(reach, "_answered", {})


@pytest.fixture
def served() -> Iterator[Publisher]:
    with publisher() as served:
        served.files["/tool"] = CONTENT
        yield served


def fetch(served: Publisher, part: Path, digest: str = DIGEST) -> list[tuple[int, int | None]]:
    reports: list[tuple[int, int | None]] = []
    download.download(
        f"{served.address}/tool", digest, part, lambda there, total: reports.append((there, total))
    )
    return reports


def test_a_file_is_fetched_and_its_progress_told(served: Publisher, tmp_path: Path) -> None:
    reports = fetch(served, tmp_path / "deep" / "tool.part")
    assert (tmp_path / "deep" / "tool.part").read_bytes() == CONTENT
    assert reports[-1] == (len(CONTENT), len(CONTENT))
    assert len(reports) > 1


def test_a_transfer_that_is_cut_off_goes_on_where_it_was(served: Publisher, tmp_path: Path) -> None:
    served.cuts = 2
    reports = fetch(served, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == CONTENT
    half, more = len(CONTENT) // 2, len(CONTENT) // 2 + len(CONTENT) // 4
    assert [wanted for _, _, wanted in served.requests] == [
        None,
        f"bytes={half}-",
        f"bytes={more}-",
    ]
    assert {total for _, total in reports} == {len(CONTENT)}


def test_what_an_earlier_run_left_is_gone_on_from(served: Publisher, tmp_path: Path) -> None:
    served.cuts = download.ATTEMPTS
    with pytest.raises(Unavailable, match="/tool: "):
        fetch(served, tmp_path / "part")
    there = (tmp_path / "part").stat().st_size
    assert 0 < there < len(CONTENT)
    served.requests.clear()
    fetch(served, tmp_path / "part")
    assert served.requests == [("GET", "/tool", f"bytes={there}-")]


def test_a_server_without_ranges_sends_all_again(served: Publisher, tmp_path: Path) -> None:
    served.cuts, served.ranges = 1, False
    fetch(served, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == CONTENT


@pytest.mark.parametrize("left", [b"of another file", CONTENT + b"and more"])
def test_what_is_left_of_another_file_is_fetched_afresh(
    served: Publisher, tmp_path: Path, left: bytes
) -> None:
    (tmp_path / "part").write_bytes(left)
    fetch(served, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_file_that_is_whole_is_not_fetched_again(served: Publisher, tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(CONTENT)
    fetch(served, tmp_path / "part")
    assert len(served.requests) == 1


def test_a_wrong_digest_is_refused_and_nothing_left(served: Publisher, tmp_path: Path) -> None:
    with pytest.raises(SandboxError) as refused:
        fetch(served, tmp_path / "part", digest="0" * 64)
    for words in (f"{served.address}/tool", DIGEST, "0" * 64):
        assert words in str(refused.value)
    assert not (tmp_path / "part").exists()


@pytest.mark.parametrize(("status", "attempts"), [(404, 1), (403, 1), (500, 4), (503, 4), (429, 4)])
def test_a_refusal_is_told_and_a_passing_fault_waited_for(
    served: Publisher, tmp_path: Path, status: int, attempts: int
) -> None:
    served.status = status
    with pytest.raises(Unavailable, match=f"/tool: {status}"):
        fetch(served, tmp_path / "part")
    assert len(served.requests) == attempts


def test_an_answer_that_hangs_is_given_up(served: Publisher, tmp_path: Path) -> None:
    served.hanging = True
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"/tool: .*timed out"):
        fetch(served, tmp_path / "part")
    assert time.monotonic() - began < 5


def test_plain_http_is_for_this_machine_alone(tmp_path: Path) -> None:
    with pytest.raises(
        Unavailable, match=r"http://publisher\.invalid/tool: No connection adapters"
    ):
        download.read_text("http://publisher.invalid/tool")


GITHUB = json.dumps(
    {"assets": [{"name": "tool", "digest": f"sha256:{DIGEST}"}, {"name": "old", "digest": None}]}
)


@pytest.mark.parametrize(
    ("text", "name", "digest"),
    [
        (f"{'1' * 64}  other\n{DIGEST}  tool\n", "tool", DIGEST),
        (f"{DIGEST} *tool\n", "tool", DIGEST),
        (DIGEST, "tool", DIGEST),
        (f"{DIGEST}  other\n", "tool", None),
        ("<html>not here</html>", "tool", None),
        ("", "tool", None),
        (GITHUB, "tool", DIGEST),
        (GITHUB, "old", None),
        (GITHUB, "other", None),
    ],
)
def test_digests_are_read_from_publishers_lists(text: str, name: str, digest: str | None) -> None:
    assert digest_in(text, name) == digest


def test_what_can_be_reached_is_asked_once(served: Publisher) -> None:
    addresses = [f"{served.address}/tool", f"{served.address}/other"]
    assert reach.unreachable_hosts(addresses) == []
    assert reach.unreachable_hosts(addresses) == []
    assert served.requests == [("HEAD", "/tool", None)]


@pytest.mark.parametrize(
    ("status", "reached"), [(200, True), (404, True), (403, False), (502, False)]
)
def test_who_refuses_everything_is_out_of_reach(
    served: Publisher, status: int, reached: bool
) -> None:
    """So do the gateways of networks that let through little."""
    served.status = status
    assert (reach.unreachable_hosts([f"{served.address}/tool"]) == []) is reached


def test_all_that_hang_are_given_up_together(
    served: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One server accepts and says nothing, two names are never resolved."""
    assert reach.PROBE_SECONDS == 3
    monkeypatch.setattr(reach, "PROBE_SECONDS", 0.3)
    resolve = socket.getaddrinfo

    def never(host: str, *arguments: object, **options: object) -> object:
        if host.endswith(".invalid"):
            served.released.wait()
        return resolve(host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", never)
    served.hanging = True
    began = time.monotonic()
    hosts = ["a.invalid", "b.invalid", served.address.removeprefix("http://")]
    missing = reach.unreachable_hosts([*(f"https://{name}/" for name in hosts[:2]), served.address])
    assert time.monotonic() - began < reach.PROBE_SECONDS + 0.5
    assert sorted(missing) == sorted(hosts)
