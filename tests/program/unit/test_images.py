"""Images are named as container runtimes read them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.program.unit.stack_settings import changed, load, mistakes

APP: dict[str, Any] = {"name": "web", "image": "example/web:1"}
DIGEST = "@sha256:" + "0a" * 32


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "nginx:1.29",
        "nginx" + DIGEST,
        "derlin/rickroller:1.0.0" + DIGEST,
        "ghcr.io/my-org/my__app/web.front:V1.0_x",
        "localhost/app:1",
        "registry:5000/app",
        "GHCR.io/app:1",
        "[2001:db8::1]:5000/app:1",
    ],
)
def test_what_container_runtimes_take(image: str) -> None:
    assert load(changed("apps[0].image", image)).apps[0].image == image


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("ghcr.io/MyOrg/App:RC1", "in lower case except for the tag: write ghcr.io/myorg/app:RC1"),
        ("MyOrg/app" + DIGEST, f"in lower case except for the tag: write myorg/app{DIGEST}"),
        ("registry:5000/App", "in lower case except for the tag: write registry:5000/app"),
        ("https://ghcr.io/x/y:1", "must have no https://: write ghcr.io/x/y:1"),
        ("docker://nginx:1", "must have no docker://: write nginx:1"),
        ("nginx:", "must have a tag after the colon, or no colon: write nginx:1.0.0"),
        ("ghcr.io//app:1", "must have no empty part: write ghcr.io/app:1"),
        ("/app:1", "must be a container image"),
        ("app/", "must be a container image"),
        ("nginx:1:2", "must be a container image"),
        ("nginx:-1", "must be a container image"),
        ("nginx:" + "1" * 129, "must be a container image"),
        ("ng inx", "must be a container image"),
        ("a..b/web", "must be a container image"),
        ("nginx@sha256:0a", "must be a container image"),
        ("nginx@" + "0a" * 32, "must be a container image"),
        ("", "must be a container image"),
    ],
)
def test_what_they_do_not_take(image: str, message: str) -> None:
    (line,) = mistakes(changed("apps[0].image", image))
    assert line.startswith(f'apps[0].image: "{image}": ')
    assert message in line


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ({"sidecars": [{"name": "a", "image": "A:1"}]}, "sidecars[0].image"),
        ({"initContainers": [{"name": "a", "image": "A:1"}]}, "initContainers[0].image"),
        ({"beforeRollout": {"command": ["a"], "image": "A:1"}}, "beforeRollout.image"),
        ({"database": {"image": "A:1"}}, "database.image"),
    ],
)
def test_every_image_is_looked_at(key: dict[str, Any], place: str) -> None:
    (line,) = mistakes(changed("apps", [APP | key]))
    assert line == f'apps[0].{place}: "A:1": must be in lower case except for the tag: write a:1'
