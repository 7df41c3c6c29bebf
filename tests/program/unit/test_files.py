"""Files of an application: by their contents, or by their paths."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from stack.checks.whole_stack import warnings
from tests.program.unit.app import declare_app, declared_pod
from tests.program.unit.stack_settings import changed, load, mistakes

APP: dict[str, Any] = {"name": "web", "image": "example/web:1"}
BINARY = bytes(range(256))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the stack's file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_by_their_paths(folder: Path) -> None:
    (folder / "web.conf").write_text("größe = 1")
    (folder / "logo.png").write_bytes(BINARY)
    config = {
        "files": {"/etc/web/a.conf": "a"},
        "filesFrom": {"/etc/web/web.conf": "web.conf", "/srv/logo.png": "./logo.png"},
    }
    engine, _ = declare_app(config=config)
    declared = engine.of_type("ConfigMap")["rickroller-config-files"]
    assert declared["data"] == {"etc_web_a.conf": "a", "etc_web_web.conf": "größe = 1"}
    assert declared["binaryData"] == {"srv_logo.png": base64.b64encode(BINARY).decode()}
    pod = engine.of_type("Deployment")["rickroller"]["spec"]["template"]["spec"]
    mounted = [each["mountPath"] for each in pod["containers"][0]["volumeMounts"]]
    assert mounted == ["/tmp", "/etc/web/a.conf", "/etc/web/web.conf", "/srv/logo.png"]


@pytest.mark.parametrize(
    ("config", "place", "message"),
    [
        (
            {"filesFrom": {"/a": "nothing"}},
            'config.filesFrom["/a"]',
            '"nothing": must be the path of a file that can be read: No such file or directory',
        ),
        ({"filesFrom": {"/a": "."}}, 'config.filesFrom["/a"]', "Is a directory"),
        ({"filesFrom": {"/a": ""}}, 'config.filesFrom["/a"]', "must be the path of a file"),
        ({"filesFrom": {"a": "web"}}, "config.filesFrom.a", "must be an absolute path"),
        (
            {"files": {"/a": ""}, "filesFrom": {"/a": "web"}},
            'config.filesFrom["/a"]',
            "must be mounted once",
        ),
        (
            {"files": {"/a/b": ""}, "filesFrom": {"/a_b": "web"}},
            'config.filesFrom["/a_b"]',
            "must differ from other files by more than / and _",
        ),
        (
            {"filesFrom": {"/a": "large"}},
            "config.filesFrom",
            '"1025 KiB": must have 1024 KiB together at most',
        ),
        ({"files": {"/a": "x" * 1024 * 1025}}, "config.files", "must have 1024 KiB together"),
        ({"environment": {"A": "x" * 1024 * 1025}}, "config.environment", "must have 1024 KiB"),
    ],
)
def test_a_mistake_names_the_file(
    folder: Path, config: dict[str, Any], place: str, message: str
) -> None:
    (folder / "web").write_text("x")
    (folder / "large").write_bytes(b"x" * 1024 * 1025)
    (line,) = mistakes(changed("apps", [APP | {"config": config}]))
    assert line.startswith(f"apps[0].{place}: ")
    assert message in line


def test_secrets_that_are_too_large_are_not_told() -> None:
    secrets = {"files": {"/key": "k3y" * 1024 * 1024}}
    (line,) = mistakes(changed("apps", [APP | {"secrets": secrets}]), secret=["apps"])
    assert line == "apps[0].secrets.files: [secret]: must have 1024 KiB together at most"


def test_files_of_a_megabyte_fit(folder: Path) -> None:
    (folder / "large").write_bytes(b"x" * 1024 * 1024)
    app = APP | {"config": {"filesFrom": {"/a": "large"}}}
    settings = load(changed("apps", [app]))
    assert not [*warnings(settings)]


def test_before_pulumi_can_not_start_the_program_the_largest_file_is_named() -> None:
    files = {"/small": "x" * 1024, "/large": "x" * 40 * 1024}
    app = APP | {"config": {"files": files}}
    assert not [*warnings(load(changed("apps", [app])))]
    app |= {"secrets": {"files": {"/key": "x" * 30 * 1024}}}
    (line,) = warnings(load(changed("apps", [app]), secret=["apps"]))
    assert line == (
        'apps[0].config.files["/large"]: 40 KiB: all settings together may have 128 KiB: with'
        " more, Pulumi can't start the program; config.filesFrom reads files by their paths"
    )


def test_a_file_may_be_executed(folder: Path) -> None:
    (folder / "start.sh").write_text("#!/bin/sh")
    spec = declared_pod(
        config={
            "files": {"/etc/app.conf": "x"},
            "filesFrom": {"/start.sh": "start.sh"},
            "modes": {"/start.sh": "0755"},
        },
        secrets={"files": {"/key": "hidden"}, "modes": {"/key": "0550"}},
    )
    config, secret = spec["volumes"][1]["configMap"], spec["volumes"][2]["secret"]
    assert config["items"] == [
        {"key": "etc_app.conf", "path": "etc_app.conf"},
        {"key": "start.sh", "path": "start.sh", "mode": 0o755},
    ]
    assert secret["items"] == [{"key": "key", "path": "key", "mode": 0o550}]
    assert secret["defaultMode"] == 0o440


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        (493, "must be a string: put it in quotes"),
        ("755", "must be a file's mode: 0 and three octal digits"),
        ("0888", "must be a file's mode"),
        ("0744", "must let the group execute the file too"),
    ],
)
def test_a_mode_is_octal_and_for_the_pods_group(mode: Any, message: str) -> None:
    config = {"files": {"/start.sh": "x"}, "modes": {"/start.sh": mode}}
    (line,) = mistakes(changed("apps", [APP | {"config": config}]))
    assert line.startswith('apps[0].config.modes["/start.sh"]: ')
    assert message in line


@pytest.mark.parametrize("key", ["config", "secrets"])
def test_a_mode_is_that_of_a_file(key: str) -> None:
    (line,) = mistakes(changed("apps", [APP | {key: {"modes": {"/start.sh": "0755"}}}]))
    assert line == f'apps[0].{key}.modes["/start.sh"]: "0755": must be of one of {key}\'s files'
