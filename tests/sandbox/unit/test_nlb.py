"""The load balancers that carry TCP, with real sockets on loopback addresses."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from sandbox.nlb.backends import Backends
from sandbox.nlb.load_balancers import LoadBalancers
from sandbox.nlb.service import HealthCheck, Service
from tests.sandbox.unit.tcp_targets import Client, Target, ask
from tests.support.https_server import https_server
from tests.support.polling import eventually

INTERVAL = 0.02
LEAVE = 0.5


@pytest.fixture
def targets() -> Iterator[list[Target]]:
    """Three, on one port."""
    first = Target("127.9.0.1")
    made = [first, *(Target(f"127.9.0.{number}", first.port) for number in (2, 3))]
    yield made
    for target in made:
        target.close()


@pytest.fixture
def balancers() -> LoadBalancers:
    return LoadBalancers(IPv4Network("127.9.1.0/24"), leave_seconds=LEAVE, pause_seconds=0.1)


@pytest.fixture
def serve(
    balancers: LoadBalancers, targets: list[Target]
) -> Iterator[Callable[..., tuple[str, int]]]:
    """Serve one service, of all targets unless told."""
    place = (str(balancers.network[1]), free_port())
    port = targets[0].port
    check = HealthCheck("tcp", port, interval=INTERVAL, timeout=1, retries=1)
    service = Service("s", place[0], "tcp", place[1], port, "round-robin", check, ())

    def change(*, healthy: int | None = None, **changes: Any) -> tuple[str, int]:
        changes = {"targets": tuple(target.address for target in targets)} | changes
        wanted = replace(service, **changes)
        assert balancers.carry([wanted]) == {}
        count = len(wanted.targets) if healthy is None else healthy
        eventually(lambda: len(balancers.healthy(wanted.id)) == count, within=5)
        return place

    yield change
    balancers.carry([])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def refused(place: tuple[str, int]) -> bool:
    try:
        return not ask(place)
    except ConnectionError:
        return True


def test_round_robin_gives_each_target_as_many(serve: Callable[..., tuple[str, int]]) -> None:
    place = serve()
    answers = Counter(ask(place) for _ in range(9))
    assert answers == {"127.9.0.1": 3, "127.9.0.2": 3, "127.9.0.3": 3}


def test_source_hash_keeps_to_one_target_for_each_address(
    serve: Callable[..., tuple[str, int]],
) -> None:
    place = serve(strategy="source-hash")
    by_source = {
        source: {ask(place, source) for _ in range(4)}
        for source in (f"127.0.1.{number}" for number in range(1, 31))
    }
    assert all(len(answers) == 1 for answers in by_source.values())
    assert len(set.union(*by_source.values())) == 3
    serve(strategy="source-hash", targets=("127.9.0.1", "127.9.0.2"))
    for source, answers in by_source.items():
        assert answers == {"127.9.0.3"} or answers == {ask(place, source)}


def test_maglev_hash_spreads_the_connections_of_one_address(
    serve: Callable[..., tuple[str, int]],
) -> None:
    place = serve(strategy="maglev-hash")
    assert len({ask(place) for _ in range(30)}) == 3


def test_a_failed_target_gets_nothing_new_until_it_is_well_again(
    serve: Callable[..., tuple[str, int]], balancers: LoadBalancers, targets: list[Target]
) -> None:
    place = serve()
    failed = targets.pop(0)
    failed.close()
    eventually(lambda: failed.address not in balancers.healthy("s"), within=5)
    assert {ask(place) for _ in range(6)} == {"127.9.0.2", "127.9.0.3"}
    targets.append(Target(failed.address, failed.port))
    eventually(lambda: failed.address in balancers.healthy("s"), within=5)
    assert failed.address in {ask(place) for _ in range(3)}


def test_an_http_check_wants_a_good_answer(
    serve: Callable[..., tuple[str, int]], balancers: LoadBalancers, targets: list[Target]
) -> None:
    targets[1].status = 503
    port = targets[0].port
    check = HealthCheck("http", port, interval=INTERVAL, timeout=1, retries=1, uri="/healthz")
    serve(health_check=check, healthy=2)
    assert sorted(balancers.healthy("s")) == ["127.9.0.1", "127.9.0.3"]
    targets[1].status = 204
    eventually(lambda: len(balancers.healthy("s")) == 3, within=5)


def test_an_https_check_takes_any_certificate_and_nothing_in_clear(
    serve: Callable[..., tuple[str, int]], targets: list[Target], tmp_path: Path
) -> None:
    with https_server(tmp_path) as server:
        server.pages["/healthz"] = {}
        port = int(server.url.rpartition(":")[2])
        check = HealthCheck("https", port, INTERVAL, timeout=1, retries=1, uri="/healthz")
        serve(health_check=check, targets=("127.0.0.1",), healthy=1)
        serve(health_check=replace(check, uri="/missing"), targets=("127.0.0.1",), healthy=0)
    serve(health_check=replace(check, port=targets[0].port), healthy=0)


def test_retries_are_failures_beyond_the_first(
    serve: Callable[..., tuple[str, int]], balancers: LoadBalancers, targets: list[Target]
) -> None:
    port = targets[0].port
    check = HealthCheck("http", port, interval=INTERVAL, timeout=1, retries=1000)
    place = serve(health_check=check)
    targets[1].status = 503
    assert "127.9.0.2" in {ask(place) for _ in range(60)}
    assert len(balancers.healthy("s")) == 3


def test_without_a_healthy_target_connections_are_reset(
    serve: Callable[..., tuple[str, int]],
) -> None:
    assert refused(serve(targets=("127.9.0.250",), healthy=0))
    assert refused(serve(targets=()))


def test_a_target_that_refuses_although_it_is_healthy_is_not_hidden(
    serve: Callable[..., tuple[str, int]],
) -> None:
    assert refused(serve(target_port=free_port()))


def test_what_is_open_goes_on_for_a_while_without_its_target(
    serve: Callable[..., tuple[str, int]],
) -> None:
    place = serve(targets=("127.9.0.1", "127.9.0.2"))
    by_target = {client.ask(): client for client in (Client(place), Client(place))}
    back, gone = by_target["127.9.0.1"], by_target["127.9.0.2"]
    serve(targets=("127.9.0.3",))
    assert (back.ask(), gone.ask(), ask(place)) == ("127.9.0.1", "127.9.0.2", "127.9.0.3")
    serve(targets=("127.9.0.1",))
    eventually(gone.has_ended, within=5)
    assert back.ask() == "127.9.0.1"
    back.close()
    gone.close()


def test_clients_wait_while_a_service_is_pointed_elsewhere(
    serve: Callable[..., tuple[str, int]], balancers: LoadBalancers
) -> None:
    place = serve(targets=("127.9.0.1",))
    balancers.carry([])
    client = Client(place)
    serve(targets=("127.9.0.2",), id="another")
    assert client.ask() == "127.9.0.2"
    client.close()


def test_a_removed_service_refuses(
    serve: Callable[..., tuple[str, int]], balancers: LoadBalancers
) -> None:
    place = serve()
    balancers.carry([])
    assert balancers.healthy("s") == []
    assert refused(place)  # at the end of the pause
    with pytest.raises(ConnectionRefusedError):
        ask(place)


def test_clients_that_wait_for_first_checks_do_not_outlast_the_service(
    serve: Callable[..., tuple[str, int]], balancers: LoadBalancers
) -> None:
    with socket.create_server(("127.9.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        check = HealthCheck("http", port, INTERVAL, timeout=60, retries=1)
        client = Client(serve(health_check=check, targets=("127.9.0.1",), healthy=0))
        with silent.accept()[0]:
            balancers.carry([])
            assert client.has_ended()
        client.close()


def test_who_came_before_a_service_went_has_its_target(targets: list[Target]) -> None:
    port = targets[0].port
    check = HealthCheck("tcp", port, INTERVAL, timeout=1, retries=1)
    service = Service("s", "127.0.0.1", "tcp", 1, port, "round-robin", check, ("127.9.0.1",))

    async def pick_late() -> str | None:
        backends = Backends(service)
        await backends.pick(("127.0.0.1", 1))
        backends.stop()
        return await backends.pick(("127.0.0.1", 1))

    assert asyncio.run(pick_late()) == "127.9.0.1"


def test_a_client_may_stop_sending_before_it_is_answered(
    serve: Callable[..., tuple[str, int]],
) -> None:
    with socket.create_connection(serve(targets=("127.9.0.1",)), 5) as client:
        client.sendall(b"who?\n" * 3)
        client.shutdown(socket.SHUT_WR)
        with client.makefile() as answers:
            assert answers.readlines() == ["127.9.0.1\n"] * 3


def test_a_client_that_reads_late_gets_all(serve: Callable[..., tuple[str, int]]) -> None:
    lines = 200_000
    with socket.create_connection(serve(targets=("127.9.0.1",)), 10) as client:
        sender = threading.Thread(target=client.sendall, args=(b"\n" * lines,))
        sender.start()
        with client.makefile() as answers:
            assert sum(1 for _ in zip(range(lines), answers, strict=False)) == lines
        sender.join()


def test_a_port_that_is_taken_is_named(balancers: LoadBalancers) -> None:
    address = str(balancers.network[1])
    with socket.create_server((address, 0)) as other:
        port = other.getsockname()[1]
        check = HealthCheck("tcp", 1, interval=1, timeout=1, retries=1)
        service = Service("s", address, "tcp", port, 1, "round-robin", check, ())
        assert balancers.carry([service]) == {
            "s": f"can't listen on port {port} of {address}: Address already in use"
        }
    assert balancers.carry([service]) == {}
    balancers.carry([])


def test_udp_is_checked_and_not_carried(serve: Callable[..., tuple[str, int]]) -> None:
    with pytest.raises(ConnectionRefusedError):
        ask(serve(protocol="udp"))
