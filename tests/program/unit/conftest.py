"""What tests of tools share, and what holds for all unit tests of the program."""

import gc
import logging
from pathlib import Path

import pytest

from tests.program.unit.answering_pulumi import FakePulumi

# Tests look at programs that fail, and leave failed outputs behind. asyncio complains of these when
# their garbage is collected, with a traceback: in the middle of `ast.parse` that breaks the parse
# (python/cpython#106905).
logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def pytest_collection_finish() -> None:
    """Keep Python from looking for garbage among the modules, of which there are thousands."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with the stacks `dev` and `prod`."""
    folder = tmp_path / "clone"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: webapp\n")
    for stack in ("dev", "prod"):
        (folder / f"Pulumi.{stack}.yaml").write_text(
            "config:\n"
            "  webapp:cluster: {zone: ch-gva-2}\n"
            "  webapp:apps:\n"
            "    - name: shop\n"
            "      image: example/shop:1\n"
        )
    return folder


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePulumi:
    """A `pulumi` whose backend has the stacks `dev` and `prod`."""
    for variable in ("EXOSCALE_API_KEY", "EXOSCALE_API_SECRET"):
        monkeypatch.delenv(variable, raising=False)
    fake = FakePulumi(tmp_path / "pulumi", monkeypatch)
    fake.answers("stack ls", [{"name": "dev"}, {"name": "shop/prod"}])
    fake.answers("whoami", {"url": "file:///states"})
    fake.answers("stack export", {"version": 3, "deployment": {"resources": []}})
    return fake
