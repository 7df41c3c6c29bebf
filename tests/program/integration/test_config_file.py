"""A stack's settings may be in another file than `Pulumi.<stack>.yaml` (`--config-file`)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.program.integration.cluster_stack import create_stack
from tests.support.account import Sandbox
from tests.support.stack import CLUSTER

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("text", ["config: [\n", "config: {webapp:cluster: {zone: at-vie-1}}\n"])
def test_the_file_of_the_stack_is_not_read_then(
    sandbox: Sandbox, tmp_path: Path, text: str
) -> None:
    stack = create_stack("elsewhere", tmp_path / "project", sandbox, CLUSTER)
    other = tmp_path / "other.yaml"
    shutil.copy(stack.file, other)
    stack.file.write_text(text)
    try:
        assert "to create" in stack("preview", "--config-file", str(other))
        other.write_text(other.read_text().replace("size: 2", "size: two"))
        refused = stack.run("preview", "--config-file", str(other))
    finally:
        shutil.copy(other, stack.file)
        stack("stack", "rm", "--yes", "--preserve-config")
    told = refused.stdout + refused.stderr
    assert "wrong settings of the stack elsewhere, nothing was changed" in told
    assert "cluster.nodepools[0].size" in told
    assert "Pulumi.elsewhere.yaml" not in told
