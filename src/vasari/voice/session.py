"""Networks of the package, run on one thread."""

from __future__ import annotations

from importlib import resources
from typing import Any


def load_network(asset: str) -> Any:
    """An ``onnxruntime.InferenceSession`` on one thread for a file of ``vasari.assets``."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    network = (resources.files("vasari.assets") / asset).read_bytes()
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
