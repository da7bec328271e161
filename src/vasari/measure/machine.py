"""What a figure was measured on: it means nothing without."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from llvmlite import binding as llvm

_PACKAGES = ("numpy", "numba", "onnxruntime", "opencv-python-headless", "av")
#: LLVM's names of the vector instruction sets worth telling, weakest first.
_INSTRUCTION_SETS = ("sse4.2", "avx2", "fma", "avx512f", "avx512vnni", "amx-bf16", "neon", "sve")


@dataclass(frozen=True)
class Machine:
    """Processor and software.

    Attributes:
        processor: its model name.
        cores: how many this process may use.
        instruction_sets: vector instructions it has.
        system: operating system and Python.
        versions: of the packages that do the work.
    """

    processor: str
    cores: int
    instruction_sets: tuple[str, ...]
    system: str
    versions: dict[str, str]

    @classmethod
    def this(cls) -> Machine:
        """The machine this runs on."""
        features = llvm.get_host_cpu_features()
        return cls(
            processor=_processor(),
            cores=_cores(),
            instruction_sets=tuple(name for name in _INSTRUCTION_SETS if features.get(name)),
            system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
            versions={name: version(name) for name in _PACKAGES},
        )

    def __str__(self) -> str:
        """One line for people."""
        packages = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        sets = " ".join(self.instruction_sets)
        return f"{self.processor}, {self.cores} cores, {sets}; {self.system}; {packages}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
