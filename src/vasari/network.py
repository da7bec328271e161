"""Networks of the package, run on one thread."""

from __future__ import annotations

from importlib import resources
from typing import Any


def load_network(asset: str) -> Any:
    """An ``onnxruntime.InferenceSession`` on one thread for a file of ``vasari.assets``."""
    return open_network((resources.files("vasari.assets") / asset).read_bytes())


def open_network(content: bytes) -> Any:
    """The same for the content of an ONNX file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
