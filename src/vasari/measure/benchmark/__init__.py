"""What the program costs on this machine, on the bundled example: ``vasari bench``."""

from vasari.measure.benchmark.comparison import Change, Comparison, compare
from vasari.measure.benchmark.cost import Cost, Figure
from vasari.measure.benchmark.load import Load
from vasari.measure.benchmark.result import Benchmark, read_last
from vasari.measure.benchmark.settings import Settings
from vasari.measure.benchmark.tasks import TASKS, measure

__all__ = [
    "TASKS",
    "Benchmark",
    "Change",
    "Comparison",
    "Cost",
    "Figure",
    "Load",
    "Settings",
    "compare",
    "measure",
    "read_last",
]
