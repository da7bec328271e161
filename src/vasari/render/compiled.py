"""How the parts of a kernel are compiled."""

from __future__ import annotations

from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "fastmath": True,
    "forceinline": True,
    "_nrt": False,
}

#: For what a kernel calls for every pixel: made part of the kernel, and without counting who else uses its
#: arrays, which would cost more than the work. So it cannot make any.
inlined: Any = njit(**_OPTIONS)
