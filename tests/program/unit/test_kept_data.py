"""Which changes of a stack leave data behind, and what the user is told to write."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from stack.args import StackArgs
from stack.kept_data import DataLeftBehind, check_data, guard_data
from tests.program.unit.engine import run

Apps = dict[str, dict[str, Any]]

DBAAS = {"kind": "dbaas", "zone": "ch-gva-2", "ipFilter": ["192.0.2.0/24"]}
VOLUMES = [f"ch-gva-2/5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3{digit}" for digit in "ab"]


def record(apps: Apps) -> dict[str, Any]:
    """What the stack remembers of applications: the keys beside a database's are the app's."""
    values = [{"name": name, "image": "example/web:1", **keys} for name, keys in apps.items()]
    settings = StackArgs.model_validate({"apps": values})
    engine, _ = run(lambda: guard_data(settings.apps).input)
    return {"input": engine.of_type("Stash")["databases"]["input"]}


def change(before: Apps, after: Apps) -> None:
    check_data(
        pulumi.ResourceHookArgs(
            urn="urn",
            id="id",
            name="databases",
            type="type",
            old_inputs=record(before),
            new_inputs=record(after),
        )
    )


def refusal(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The lines that a change of the application `web` is refused with."""
    with pytest.raises(DataLeftBehind) as caught:
        change({"web": before}, {"web": after})
    return str(caught.value).splitlines()


def test_an_app_without_a_database_may_do_anything() -> None:
    assert record({"web": {}}) == {"input": {}}
    change({"web": {}}, {"shop": {"namespace": "other"}})
    change({"web": {}}, {"web": {"database": {}}})


@pytest.mark.parametrize(
    "database",
    [
        {"image": "postgres:17.12"},
        {"image": "registry.example.com:5000/library/postgres:17.9-bookworm"},
        {"image": f"postgres@sha256:{'0' * 64}", "version": "17"},
        {"storage": "20Gi"},
        {"storageClass": "exoscale-bs-retain"},
        {"volume": "kept"},
        {"allowDataLoss": True},
    ],
)
def test_what_leaves_the_data_where_it_is(database: dict[str, Any]) -> None:
    change({"web": {"database": {}}}, {"web": {"database": database}})
    change({"web": {"database": database}}, {"web": {"database": {}}})


@pytest.mark.parametrize(
    ("before", "after", "starts"),
    [
        ({}, {"namespace": "shop"}, "web: namespace: shop: the data is in web: "),
        (
            {},
            {"database": {"keepData": False}},
            "web: database.storageClass (or keepData): exoscale-sbs: the data is in exoscale-bs-",
        ),
        (
            {},
            {"database": {"storageClass": "fast"}},
            "web: database.storageClass (or keepData): fast: the data is in exoscale-bs-retain: ",
        ),
        (
            {},
            {"database": {"volume": VOLUMES[0]}},
            f"web: database.volume: {VOLUMES[0]}: the data is in none: ",
        ),
        (
            {"database": {"volume": VOLUMES[0]}},
            {"database": {"volume": VOLUMES[1]}},
            f"web: database.volume: {VOLUMES[1]}: the data is in {VOLUMES[0]}: ",
        ),
        ({}, {"database": DBAAS}, "web: database.kind: dbaas: the data is in postgresql: "),
        (
            {"database": DBAAS},
            {"database": DBAAS | {"zone": "de-fra-1"}},
            "web: database.zone: de-fra-1: the data is in ch-gva-2: ",
        ),
        (
            {},
            {"database": {"image": "postgres:18.5"}},
            "web: database.version (or image): 18: it can't read the data of version 17: dump ",
        ),
        (
            {"database": {"image": "postgres:18.5"}},
            {"database": {"image": "postgres:17.11"}},
            "web: database.version (or image): 17: it can't read the data of version 18: dump ",
        ),
        (
            {},
            {"database": None},
            "web: database: it was removed, or its application was renamed: its data would ",
        ),
    ],
)
def test_what_leaves_it_behind_needs_a_word_before_or_with_the_change(
    before: dict[str, Any],
    after: dict[str, Any],
    starts: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, new = {"database": {}} | before, {"database": {}} | after
    (line,) = refusal(old, new)
    assert line.startswith(starts)
    assert "database.allowDataLoss: true" in line
    assert "docs/databases.md" in line
    warned: list[str] = []
    monkeypatch.setattr(pulumi, "warn", warned.append)
    change({"web": with_the_word(old)}, {"web": new})
    if new["database"] is not None:
        change({"web": old}, {"web": with_the_word(new)})
    reason = line.split(": dump ")[0].split(": its data ")[0].split(": a new ")[0]
    assert set(warned) == {f"{reason}: its data is abandoned"}


def with_the_word(app: dict[str, Any]) -> dict[str, Any]:
    return app | {"database": app["database"] | {"allowDataLoss": True}}


def test_each_database_has_a_line() -> None:
    with pytest.raises(DataLeftBehind) as caught:
        change(
            {"web": {"database": {}}, "shop": {"database": {}}, "blog": {"database": {}}},
            {"web": {"database": {}}, "store": {"database": {}}},
        )
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["blog", "shop"]


def test_a_given_volume_keeps_its_data_in_another_class() -> None:
    old = {"database": {"volume": VOLUMES[0]}}
    change({"web": old}, {"web": {"database": {"volume": VOLUMES[0], "keepData": False}}})


def test_another_major_version_never_gets_the_old_ones_volume() -> None:
    old = {"database": {"volume": VOLUMES[0]}}
    new = {"database": {"volume": VOLUMES[0], "image": "postgres:18.5", "allowDataLoss": True}}
    (line,) = refusal(old, new)
    assert line.endswith(
        "set another database.volume, or remove it; docs/databases.md describes how to move data"
    )


UPLOADS = {"name": "uploads", "size": "20Gi"}


def with_volume(**volume: Any) -> dict[str, Any]:
    return {"volumes": [UPLOADS | volume, {"name": "cache"}]}


def test_volumes_have_records_beside_those_of_databases() -> None:
    found = record({"web": {"database": {}, **with_volume(keep=False)}})["input"]
    assert set(found) == {"web", "web/uploads"}
    assert found["web/uploads"] == {
        "kind": "volume",
        "abandonData": False,
        "namespace": "web",
        "storageClass": "exoscale-sbs",
    }


@pytest.mark.parametrize(
    ("before", "after", "starts"),
    [
        ({}, {"namespace": "shop"}, "web/uploads: namespace: shop: the data is in web: a new vol"),
        (
            {},
            with_volume(keep=False),
            "web/uploads: storageClass (or keep): exoscale-sbs: the data is in exoscale-bs-retain:",
        ),
        (
            {},
            with_volume(volume=VOLUMES[0]),
            f"web/uploads: volume: {VOLUMES[0]}: the data is in none: ",
        ),
        (
            with_volume(volume=VOLUMES[0]),
            with_volume(volume=VOLUMES[1]),
            f"web/uploads: volume: {VOLUMES[1]}: the data is in {VOLUMES[0]}: ",
        ),
    ],
)
def test_files_are_left_behind_by_a_word_alone(
    before: dict[str, Any],
    after: dict[str, Any],
    starts: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, new = with_volume() | before, with_volume() | after
    (line,) = refusal(old, new)
    assert line.startswith(starts)
    assert "allowDataLoss: true of this volume" in line
    assert "docs/applications.md" in line
    warned: list[str] = []
    monkeypatch.setattr(pulumi, "warn", warned.append)
    for was, becomes in ((may_lose(old), new), (old, may_lose(new))):
        change({"web": was}, {"web": becomes})
    assert len(warned) == 2


def may_lose(app: dict[str, Any]) -> dict[str, Any]:
    uploads, *others = app["volumes"]
    return app | {"volumes": [uploads | {"allowDataLoss": True}, *others]}


@pytest.mark.parametrize(
    "after",
    [
        {"web": {}},
        {"web": {"volumes": [{"name": "uploads"}]}},
        {"web": {"volumes": [UPLOADS | {"name": "files"}]}},
        {"shop": {"namespace": "web", "volumes": [UPLOADS]}},
    ],
)
def test_a_volume_that_is_not_there_any_more_needs_the_word_before(
    after: Apps, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataLeftBehind) as caught:
        change({"web": with_volume()}, after)
    expected = "web/uploads: volume: it was removed or renamed, or its application was: its files "
    (line,) = str(caught.value).splitlines()
    assert line.startswith(expected)
    assert "allowDataLoss: true, run `pulumi up`" in line
    warned: list[str] = []
    monkeypatch.setattr(pulumi, "warn", warned.append)
    change({"web": may_lose(with_volume())}, after)
    assert len(warned) == 1


def test_what_leaves_files_where_they_are() -> None:
    for after in (with_volume(size="30Gi"), with_volume(storageClass="exoscale-bs-retain")):
        change({"web": with_volume()}, {"web": after})
    change({"web": with_volume()}, {"web": with_volume(volume="kept")})
    change({"web": with_volume(volume="kept")}, {"web": with_volume()})
    given = with_volume(volume=VOLUMES[0])
    change({"web": given}, {"web": with_volume(volume=VOLUMES[0], keep=False)})


@pytest.mark.parametrize(
    ("before", "after", "user"),
    [
        ({"web": {}}, {"web": {"namespace": "shop"}}, "web/uploads in the namespace web"),
        ({"web": {}}, {"blog": {}}, "web/uploads in the namespace web"),
    ],
)
def test_an_existing_volume_has_no_two_pods_during_a_change(
    before: Apps, after: Apps, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pulumi starts the new application before it deletes the old one."""
    monkeypatch.setattr(pulumi, "warn", lambda _: None)
    volume = with_volume(volume=VOLUMES[0], allowDataLoss=True)
    old, new = ({name: keys | volume for name, keys in apps.items()} for apps in (before, after))
    with pytest.raises(DataLeftBehind) as caught:
        change(old, new)
    (name,) = new
    assert str(caught.value) == (
        f"{name}/uploads: volume: {VOLUMES[0]}: {user} still uses it during this change: first run "
        "`pulumi up` without the volume, then add it again; docs/applications.md describes how to "
        "move files"
    )
