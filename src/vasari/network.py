"""Networks of the package, run on one thread."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from vasari.errors import FormatError


def load_network(asset: str) -> Any:
    """An ``onnxruntime.InferenceSession`` on one thread for a file of ``vasari.assets``."""
    return open_network((resources.files("vasari.assets") / asset).read_bytes())


def load_trained(kind: str, version: int, path: Path | None = None) -> tuple[Any, dict[str, Any]]:
    """A network trained by ``train/train_<kind>.py`` and the header that says how to feed it.

    Args:
        kind: ``articulation`` or the like: the asset is ``<kind>.onnx``, its format ``vasari-<kind>``.
        version: of the format.
        path: another file; without it, the one that comes with the package.

    Raises:
        FormatError: not such a file, or of another version.
    """
    content = (path or resources.files("vasari.assets") / f"{kind}.onnx").read_bytes()
    try:
        session = open_network(content)
        header: dict[str, Any] = json.loads(session.get_modelmeta().custom_metadata_map["vasari"])
    except Exception as error:  # the runtime's own errors have no common base
        raise FormatError(f"{path or kind} is not a network of {kind}: {error}") from error
    if header.get("format") != f"vasari-{kind}" or header.get("version") != version:
        raise FormatError(
            f"{path or kind} is {header.get('format')} version {header.get('version')}; this program reads "
            f"vasari-{kind} version {version}. Train it again with train/train_{kind}.py."
        )
    return session, header


def open_network(content: bytes) -> Any:
    """The same for the content of an ONNX file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
