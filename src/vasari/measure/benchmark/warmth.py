"""The first time: compilation of the kernels, loading, touching memory. Kept apart from the steady state."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from numba.core import event

from vasari.measure.benchmark.cost import Figure


def warm_up(what: str, step: Callable[[], object]) -> list[Figure]:
    """Run ``step`` once: how long it took, and how much of that was compilation.

    Kernels compiled in an earlier run are read from numba's cache, and those used before in this process
    are there already.
    """
    start = perf_counter()
    compiling: list[float] = []
    with event.install_timer("numba:compile", compiling.append):
        step()
    took = perf_counter() - start
    return [
        Figure.of(f"first {what}", "s", [took], "lower"),
        Figure.of(f"first {what}: compilation", "s", [sum(compiling)], "lower"),
    ]
