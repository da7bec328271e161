"""The motion file: a zip of plain arrays (``.npz``, never pickled) and a JSON header.

Usual suffix: ``.motion``. A reader refuses what it does not know.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vasari.errors import FormatError, OutputError, UsageError
from vasari.head.expressions import EXPRESSIONS
from vasari.motion.motion import MOTION_RATE, Motion

FORMAT = "vasari-motion"
FORMAT_VERSION = 1
_ARRAYS = ("expression", "rotation", "translation", "gaze")
_MAX_BYTES = 1 << 30  # unpacked; about 50 hours of motion


def write_motion(motion: Motion, path: Path) -> None:
    """Write ``motion`` to ``path`` under a temporary name, then move it into place.

    Raises:
        OutputError: the file cannot be written there.
    """
    header = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "rate": MOTION_RATE,
        "samples": len(motion),
        "expressions": EXPRESSIONS,
        "source": motion.source,
    }
    arrays: dict[str, NDArray[Any]] = {name: getattr(motion, name) for name in _ARRAYS}
    if motion.rest is not None:
        arrays["rest"] = motion.rest
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise OutputError(f"cannot write the motion to {path}: {error}; choose a writable place") from error


def read_motion(path: Path) -> Motion:
    """Read a motion file.

    Raises:
        FormatError: not a Vasari motion, damaged, or of an unknown version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > _MAX_BYTES:
                raise ValueError("it is larger than any motion")
        with np.load(path, allow_pickle=False) as data:
            header = json.loads(bytes(data["header"]))
            _check_header(header, path)
            arrays = {name: data[name] for name in (*_ARRAYS, "rest") if name in data.files}
        motion = Motion(**arrays, source=str(header["source"]))
        if len(motion) != header["samples"]:
            raise ValueError(f"{len(motion)} samples where its header says {header['samples']}")
    except FormatError:
        raise
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, UsageError) as error:
        raise FormatError(
            f"{path} is not a readable Vasari motion: {error}. Make one with `vasari track` or `Motion.save`."
        ) from error
    return motion


def _check_header(header: dict[str, Any], path: Path) -> None:
    if header["format"] != FORMAT or header["version"] != FORMAT_VERSION:
        raise FormatError(
            f"{path} is {header['format']} version {header['version']}; this program reads {FORMAT} "
            f"version {FORMAT_VERSION}. Write it again with this version of Vasari."
        )
    if header["rate"] != MOTION_RATE or tuple(header["expressions"]) != EXPRESSIONS:
        raise FormatError(f"{path} has another rate than {MOTION_RATE} Hz or not ARKit's 52 expressions")
