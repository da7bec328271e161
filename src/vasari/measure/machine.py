"""What a figure was measured on: it means nothing without."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numba
from llvmlite import binding as llvm

_PACKAGES = ("numpy", "scipy", "numba", "onnxruntime", "opencv-python-headless", "av")
#: LLVM's names of the vector instruction sets worth telling, weakest first.
_INSTRUCTION_SETS = ("sse4.2", "avx2", "fma", "avx512f", "avx512vnni", "amx-int8", "amx-bf16", "neon", "sve")
#: Settings from outside that change speed: masks of instruction sets, threads of the mathematics.
_SETTINGS = (
    "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
    "NPY_DISABLE_CPU_FEATURES",
    "OPENCV_CPU_DISABLE",
    "OMP_NUM_THREADS",
)
#: In what numbers the work is done.
_PRECISION = "float32; networks as their cards say"


@dataclass(frozen=True)
class Machine:
    """Processor and software.

    Attributes:
        processor: its model name.
        cores: how many this process may use.
        instruction_sets: vector instructions it has.
        kernels_for: the processor, by LLVM's name, for which the drawing kernels are compiled; another than
            this one where ``NUMBA_CPU_NAME`` says so.
        settings: environment variables in force that change speed.
        precision: in what numbers the work is done.
        system: operating system and Python.
        versions: of the packages that do the work.
    """

    processor: str
    cores: int
    instruction_sets: tuple[str, ...]
    kernels_for: str
    settings: dict[str, str]
    precision: str
    system: str
    versions: dict[str, str]

    @classmethod
    def this(cls) -> Machine:
        """The machine this runs on."""
        features = llvm.get_host_cpu_features()
        return cls(
            processor=_processor(),
            cores=cores(),
            instruction_sets=tuple(name for name in _INSTRUCTION_SETS if features.get(name)),
            kernels_for=getattr(numba.config, "CPU_NAME", None) or llvm.get_host_cpu_name(),
            settings={name: os.environ[name] for name in _SETTINGS if name in os.environ},
            precision=_PRECISION,
            system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
            versions={name: version(name) for name in _PACKAGES},
        )

    def __str__(self) -> str:
        """One line for people."""
        packages = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        sets = " ".join(self.instruction_sets)
        settings = "".join(f", {name}={value}" for name, value in self.settings.items())
        return (
            f"{self.processor}, {self.cores} cores, {sets}, kernels for {self.kernels_for}, {self.precision}"
            f"{settings}; {self.system}; {packages}"
        )


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()
