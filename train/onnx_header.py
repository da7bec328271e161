"""The header of a trained net's ONNX file, which says to the program how to read what the net gives."""

from __future__ import annotations

import json
from pathlib import Path

import onnx


def write_header(path: Path, header: dict[str, object]) -> None:
    """Put ``header`` (format, version and whatever the reader needs) into the metadata of the file."""
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"vasari": json.dumps(header)})
    onnx.save(model, path)
