"""Provider plugins in a folder of the user's, as `--plugins` names it."""

import platform
import tarfile
from collections.abc import Mapping
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.toolchain.releases import GO_ARCHITECTURES


def find_plugins(folder: Path, versions: Mapping[str, str], unpacked: Path) -> dict[str, Path]:
    """Return the program of each plugin that `folder` has, by its provider's name.

    A plugin is there as the file `pulumi-resource-NAME`, or in the archive
    `pulumi-resource-NAME-vVERSION-linux-ARCHITECTURE.tar.gz` as released, which is unpacked beneath
    `unpacked` once.

    Args:
        folder: the folder to look in.
        versions: the wanted version of each provider, by name.
        unpacked: where programs out of archives are put.

    Raises:
        SandboxError: if it is no folder, has none of them, or an archive is not what it seems.
    """
    if not folder.is_dir():
        raise SandboxError(f"--plugins: {folder} is no folder")
    found, wanted = {}, []
    for name, version in versions.items():
        program = folder.resolve() / f"pulumi-resource-{name}"
        architecture = GO_ARCHITECTURES.get(platform.machine(), platform.machine())
        archive = program.with_name(f"{program.name}-v{version}-linux-{architecture}.tar.gz")
        if program.is_file():
            found[name] = program
        elif archive.is_file():
            found[name] = _unpack(archive, program.name, unpacked)
        wanted += [program.name, archive.name]
    if not found:
        raise SandboxError(f"--plugins: {folder} has none of {', '.join(wanted)}")
    return found


def _unpack(archive: Path, program: str, unpacked: Path) -> Path:
    stamp = archive.stat()
    folder = unpacked / "unpacked" / f"{archive.name}-{stamp.st_size}-{stamp.st_mtime_ns}"
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.partial")
        try:
            with tarfile.open(archive) as content:
                content.extract(program, partial, filter="data")
        except (KeyError, tarfile.TarError, OSError) as error:
            raise SandboxError(f"--plugins: {archive}: {error}") from error
        partial.rename(folder)
    return folder / program
