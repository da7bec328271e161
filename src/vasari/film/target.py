"""Where a film goes: a file that appears only when it is whole, or a stream."""

from __future__ import annotations

import os
import secrets
import sys
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from vasari.errors import OutputError


class Writable(Protocol):
    """A binary file object."""

    def write(self, data: bytes, /) -> Any:
        """Take some or all of ``data``; the count taken, or ``None`` for all."""


class Target(Protocol):
    """What a writer writes to: ``file`` is a path or an object with ``write``."""

    name: str
    file: Any

    def commit(self) -> None:
        """The film is whole."""

    def discard(self) -> None:
        """There will be no film."""


class FileTarget:
    """A file under a passing name in the same folder, given its own name by :meth:`commit`.

    Raises:
        OutputError: the file cannot be written, or exists and ``force`` is not given.
    """

    def __init__(self, path: Path, force: bool) -> None:
        self.name, self._path, self._force = str(path), path.absolute(), force
        passing = self._path.parent / f".vasari-{secrets.token_hex(8)}.part"
        try:
            if path.is_dir():
                raise OutputError(f"{path} is a folder; name a film in it, such as {path / 'talk.mp4'}")
            if not self._path.parent.is_dir():
                raise OutputError(f"the folder {path.parent} does not exist; make it first")
            self._refuse_existing()
            with suppress(FileNotFoundError):
                os.lstat(self._path)  # raises for names that cannot be
            os.close(os.open(passing, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputError(f"{path} cannot be written: {reason}; choose another place") from error
        self.file = str(passing)
        self._discard = weakref.finalize(self, _remove, self.file)  # also at exit, if nobody did

    def commit(self) -> None:
        """Give the file its name.

        Raises:
            OutputError: another file took the name meanwhile, or it cannot be given.
        """
        try:
            if self._force:
                os.replace(self.file, self._path)
            else:
                self._refuse_existing()
                os.rename(self.file, self._path)
        except OSError as error:
            raise OutputError(f"{self.name} cannot be written: {error.strerror}") from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove what was written."""
        self._discard()

    def _refuse_existing(self) -> None:
        if not self._force and os.path.lexists(self._path):
            raise OutputError(f"{self.name} exists; use --force (force=True) to replace it, or another name")


class StreamTarget:
    """A binary file object, or standard output; written in order, never sought."""

    def __init__(self, file: Writable | None = None) -> None:
        self.name = "standard output" if file is None else str(getattr(file, "name", "the stream"))
        if file is None and sys.stdout.isatty():
            raise OutputError("the film would go to a terminal; send it on, as in: vasari ... - | ffplay -")
        self.file = _Ahead(sys.stdout.buffer if file is None else file)

    def commit(self) -> None:
        """All is written."""

    def discard(self) -> None:
        """What was written cannot be taken back."""


class _Ahead:
    """A file that can only be written, each piece at once."""

    def __init__(self, file: Writable) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        rest = memoryview(data)  # what is still to be written
        while rest:
            written = self._file.write(bytes(rest))
            rest = rest[len(rest) if written is None else written :]
        if hasattr(self._file, "flush"):
            self._file.flush()
        return len(data)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
