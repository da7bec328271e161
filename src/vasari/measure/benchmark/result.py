"""The result of a benchmark: costs, figures, and what they were measured on; as one line of JSON and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vasari.errors import FormatError, OutputError
from vasari.measure.benchmark.cost import Cost, Figure
from vasari.measure.benchmark.load import Load
from vasari.measure.benchmark.settings import Settings
from vasari.measure.machine import Machine

#: Version of the JSON; another one is refused.
SCHEMA = 1


@dataclass(frozen=True)
class Benchmark:
    """What :func:`vasari.measure.benchmark.measure` found.

    Attributes:
        task: what was measured.
        settings: how.
        costs: of each stage, a stage before those within it.
        figures: rates and waits of the whole.
        machine: what it ran on.
        load: what else that did meanwhile.
        date: when, UTC, ISO 8601.
        version: of Vasari.
    """

    task: str
    settings: Settings
    costs: tuple[Cost, ...]
    figures: tuple[Figure, ...]
    machine: Machine
    load: Load
    date: str
    version: str

    def to_json(self) -> str:
        """One line."""
        return json.dumps({"schema": SCHEMA, **asdict(self)})

    @classmethod
    def from_json(cls, line: str) -> Benchmark:
        """Read what :meth:`to_json` wrote.

        Raises:
            FormatError: it is something else, or of a version that this program does not know.
        """
        try:
            data: dict[str, Any] = json.loads(line)
            schema = data.pop("schema")
            if schema != SCHEMA:
                raise FormatError(
                    f"this benchmark has schema {schema}; this program reads {SCHEMA}: measure again"
                )
            machine = data.pop("machine")
            return cls(
                settings=Settings(**data.pop("settings")),
                costs=tuple(Cost(**cost) for cost in data.pop("costs")),
                figures=tuple(Figure(**figure) for figure in data.pop("figures")),
                machine=Machine(**machine | {"instruction_sets": tuple(machine["instruction_sets"])}),
                load=Load(**data.pop("load")),
                **data,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FormatError("no benchmark; give a line of `vasari bench --json`") from error

    def append_to(self, path: str | Path) -> None:
        """Add the line to a file, made if need be.

        Raises:
            OutputError: it cannot be written there.
        """
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(self.to_json() + "\n")
        except OSError as error:
            raise OutputError(
                f"cannot write {path} ({error.strerror}); choose another place with --out"
            ) from error


def read_last(path: str | Path, task: str) -> Benchmark:
    """The last benchmark of ``task`` in a file of such lines.

    Raises:
        FormatError: the file cannot be read, or holds none.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot read {path}; give a file of `vasari bench --out` or `--json`") from error
    results = [Benchmark.from_json(line) for line in lines if line.strip()]
    found = [result for result in results if result.task == task]
    if not found:
        tasks = ", ".join(sorted({result.task for result in results})) or "nothing"
        raise FormatError(f"{path} holds no benchmark of {task}, but of {tasks}")
    return found[-1]
