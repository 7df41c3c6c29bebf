"""What the package `exoscale_webapp` offers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import components
from tests.program.unit.args_classes import args_classes

ROOT = Path(__file__).parents[3]
PUBLIC = dir(components)
COMPONENTS = [name for name in PUBLIC if f"{name}Args" in PUBLIC]


def test_every_component_has_its_args() -> None:
    assert {"SksCluster", "IngressController", "WebApp", "Database", "AppNamespace"} <= {
        *COMPONENTS
    }


@pytest.mark.parametrize("name", COMPONENTS)
def test_all_that_args_consist_of_is_public(name: str) -> None:
    found = {each.__name__ for each in args_classes(getattr(components, f"{name}Args"))}
    assert found <= {*PUBLIC}


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        components.__getattr__("WepApp")


RUN = """
import runpy

import mocks
import pulumi

secrets = {"project:kubeconfig": "kind: Config", "project:token": "s3cret"}
pulumi.runtime.set_all_config(secrets, list(secrets))
print(pulumi.runtime.test(lambda: runpy.run_path("program.py")["shop"].url.apply(print))())
"""


def test_the_mocks_of_the_page_run_its_program(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "components.md").read_text()
    for file, heading in (
        ("program.py", "## An application on an existing cluster"),
        ("mocks.py", "## Test your program"),
    ):
        section = page.partition(f"{heading}\n")[2]
        (tmp_path / file).write_text(section.partition("```python\n")[2].partition("```")[0])
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "exoscale_webapp").symlink_to(ROOT / "components")
    done = subprocess.run(
        [sys.executable, "run.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "http://shop.shop.svc/" in done.stdout
