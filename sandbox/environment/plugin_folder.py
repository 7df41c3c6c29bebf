"""Provider plugins in the folder that the option `--plugins` names."""

import platform
import tarfile
from collections.abc import Mapping
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.toolchain.releases import GO_ARCHITECTURES


def find_plugins(folder: Path, versions: Mapping[str, str], unpacked: Path) -> dict[str, Path]:
    """Returns the programs of the plugins that `folder` contains, by the provider's name.

    A plugin is the program `pulumi-resource-NAME`, or the released archive
    `pulumi-resource-NAME-vVERSION-linux-ARCHITECTURE.tar.gz`, which is unpacked once.

    Args:
        folder: the folder of plugins.
        versions: the required version of each provider, by name.
        unpacked: the folder for programs from archives.

    Raises:
        SandboxError: if `folder` is not a folder or contains none of the plugins, or if an archive
            is not valid.
    """
    if not folder.is_dir():
        raise SandboxError(f"--plugins: {folder} is not a folder")
    found, candidates = {}, []
    for name, version in versions.items():
        program = folder.resolve() / f"pulumi-resource-{name}"
        architecture = GO_ARCHITECTURES.get(platform.machine(), platform.machine())
        archive = program.with_name(f"{program.name}-v{version}-linux-{architecture}.tar.gz")
        if program.is_file():
            found[name] = program
        elif archive.is_file():
            found[name] = _unpack(archive, program.name, unpacked)
        candidates += [program.name, archive.name]
    if not found:
        raise SandboxError(f"--plugins: {folder} has none of {', '.join(candidates)}")
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
