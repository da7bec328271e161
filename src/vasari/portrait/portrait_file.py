"""The portrait's file: an ``.npz`` archive with a header that names its format; pictures inside are PNG."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.errors import FormatError, OutputError
from vasari.head.expressions import EXPRESSIONS

FORMAT = "vasari-portrait"
FORMAT_VERSION = 6

_PICTURES = ("picture", "closed", "matte", "backdrop", "whole")
_SCALARS = {"margin": int, "focal": float}


def write_portrait(arrays: dict[str, NDArray[Any]], path: Path) -> None:
    """Write a portrait's fields, whole or not at all.

    Raises:
        OutputError: the file cannot be written there.
    """
    header = {"format": FORMAT, "version": FORMAT_VERSION, "expressions": EXPRESSIONS}
    packed = {name: _pack(name, array) for name, array in arrays.items()}
    packed["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            np.savez_compressed(file, **packed)  # type: ignore[arg-type]
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(
            f"cannot write the portrait to {path}: {error.strerror}. Choose another place."
        ) from error


def read_portrait(path: Path, names: set[str]) -> dict[str, Any]:
    """Read a portrait's fields, which must be just those in ``names``.

    Raises:
        FormatError: not a portrait file, damaged, or of a version this program does not know.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
        header = json.loads(bytes(arrays.pop("header")))
    except FileNotFoundError as error:
        raise FormatError(f"there is no portrait file at {path}.") from error
    except Exception as error:  # a damaged archive fails in many ways
        raise FormatError(
            f"{path} is not a Vasari portrait, or is damaged. Make one with 'vasari prepare'."
        ) from error
    if header.get("format") != FORMAT or header.get("version") != FORMAT_VERSION:
        raise FormatError(
            f"{path} is {header.get('format')} version {header.get('version')}; this program reads "
            f"{FORMAT} version {FORMAT_VERSION}. Prepare the photo again with 'vasari prepare'."
        )
    if set(arrays) != names:
        raise FormatError(
            f"{path} is damaged: it lacks {sorted(names - set(arrays))}. Prepare the photo again."
        )
    return {name: _unpack(name, array) for name, array in arrays.items()}


def _pack(name: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Pictures as PNG bytes: far smaller than an archive's own compression, and exact."""
    if name not in _PICTURES or not array.size:
        return array
    picture = np.asarray(array, np.uint8)
    if picture.ndim == 3:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)
    _, png = cv2.imencode(".png", picture)
    return np.asarray(png, np.uint8).ravel()


def _unpack(name: str, array: NDArray[np.generic]) -> object:
    if name in _SCALARS:
        return _SCALARS[name](array)
    if name not in _PICTURES or not array.size:
        return array
    decoded = cv2.imdecode(np.asarray(array, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise FormatError(f"the portrait's {name} is damaged. Prepare the photo again with 'vasari prepare'.")
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB) if decoded.ndim == 3 else decoded
