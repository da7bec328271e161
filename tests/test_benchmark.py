"""The benchmark: its statistics, its judgement of noise, its file, and every task once, small."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vasari import Portrait
from vasari.cli import main
from vasari.errors import FormatError, UsageError
from vasari.measure import benchmark
from vasari.measure.benchmark import Benchmark, Cost, Figure, Load, Settings, compare, measure
from vasari.measure.benchmark.cost import clock, costs_of
from vasari.measure.benchmark.load import LoadMeter
from vasari.measure.benchmark.settings import Workload
from vasari.measure.machine import Machine
from vasari.stages import Lap, stage, timed

SMALL = Settings(size=256, fps=25, threads=2, seconds=1, rounds=2)
QUIET, BUSY = Load(0.1, 0.05), Load(2.0, 1.5)


def cost(ms: float, spread: float = 0.01, name: str = "picture", rounds: int = 3) -> Cost:
    """A cost whose rounds have medians within ``spread`` of ``ms``, half of it computed."""
    seconds = [[ms * (1 + spread * x) / 1000] * 5 for x in np.linspace(-1, 1, rounds)]
    return Cost.of(name, "picture", seconds, [[value / 2 for value in one] for one in seconds])


def rate(value: float, rounds: int = 3) -> Figure:
    return Figure.of(
        "pictures a second", "/s", [value * x for x in np.linspace(0.99, 1.01, rounds)], "higher"
    )


def result(*costs: Cost, figures: tuple[Figure, ...] = (), load: Load = QUIET) -> Benchmark:
    return Benchmark("render", SMALL, costs, figures, Machine.this(), load, "2026-01-01T00:00:00+00:00", "0")


class TestStages:
    def test_nothing_is_kept_while_nobody_listens(self) -> None:
        with stage("alone"), timed() as stopwatch:
            pass
        assert stopwatch.laps == []

    def test_paths_name_the_stages_around(self) -> None:
        @stage("inner")
        def inner() -> None: ...

        with timed() as stopwatch, stage("outer"):
            inner()
            inner()
        assert [lap.path for lap in stopwatch.laps] == [("outer", "inner")] * 2 + [("outer",)]
        assert stopwatch.laps[2].seconds >= stopwatch.laps[0].seconds + stopwatch.laps[1].seconds

    def test_a_stage_that_fails_ends(self) -> None:
        with timed() as stopwatch:
            with pytest.raises(ValueError, match="no"), stage("failing"):
                raise ValueError("no")
            with stage("next"):
                pass
        assert [lap.path for lap in stopwatch.laps] == [("failing",), ("next",)]

    def test_other_threads_are_not_heard(self) -> None:
        with timed() as stopwatch:
            other = threading.Thread(target=stage("there")(lambda: None))
            other.start()
            other.join()
        assert stopwatch.laps == []


class TestCost:
    def test_percentiles_over_all_runs_and_the_range_over_rounds(self) -> None:
        found = Cost.of("step", "run", [[0.001] * 50, [0.003] * 50 + [0.1]])
        assert found.median_ms == pytest.approx(3)
        assert found.p99_ms == pytest.approx(3)
        assert (found.low_ms, found.high_ms) == (1, 3)
        assert (found.runs, found.rounds) == (101, 2)
        assert found.cpu_ms is None

    def test_stages_add_up_to_the_whole(self) -> None:
        run = [
            Lap(("a", "x"), 0.2, 0.1),
            Lap(("a", "y"), 0.3, 0.2),
            Lap(("a", "x"), 0.2, 0.1),
            Lap(("a",), 1, 0.5),
        ]
        found = {one.name: one for one in costs_of([[run]], "run")}
        assert list(found) == ["a", "a/x", "a/y", "a/rest"]
        assert found["a/x"].median_ms == pytest.approx(400)
        assert found["a/rest"].median_ms == pytest.approx(300)
        assert found["a/rest"].cpu_ms == pytest.approx(100)

    def test_a_stage_left_out_costs_nothing(self) -> None:
        def step(skip: bool) -> None:
            if not skip:
                with stage("seldom"):
                    sum(range(1000))

        whole, seldom, _ = clock("step", "run", step, [[True, True, False]] * 2)
        assert whole.runs == seldom.runs == 6
        assert seldom.median_ms == 0 < seldom.p99_ms


class TestComparison:
    @pytest.mark.parametrize(
        ("old", "new", "verdict"),
        [(10, 10.1, "noise"), (10, 12, "worse"), (10, 8, "better"), (10, 10, "noise")],
    )
    def test_costs(self, old: float, new: float, verdict: str) -> None:
        (change,) = compare(result(cost(new)), result(cost(old))).changes
        assert change.verdict == verdict
        assert change.ratio == pytest.approx(new / old, rel=0.01)

    def test_a_wide_spread_is_noise(self) -> None:
        (change,) = compare(result(cost(12, 0.3)), result(cost(10, 0.3))).changes
        assert change.verdict == "noise"

    def test_one_round_proves_nothing(self) -> None:
        (change,) = compare(result(cost(20, rounds=1)), result(cost(10))).changes
        assert change.verdict == "unsure"

    def test_more_is_better_for_rates(self) -> None:
        (change,) = compare(result(figures=(rate(50),)), result(figures=(rate(100),))).changes
        assert (change.verdict, change.ratio) == ("worse", 2)

    def test_a_busy_machine_is_judged_by_processor_time_and_with_doubt(self) -> None:
        comparison = compare(result(cost(12)), result(cost(10), load=BUSY))
        assert comparison.clock == "processor"
        assert comparison.changes[0].new == pytest.approx(6, rel=0.01)
        assert comparison.changes[0].verdict == "noise"
        assert "busy" in comparison.notes[0]
        assert compare(result(cost(15)), result(cost(10), load=BUSY)).changes[0].verdict == "worse"

    def test_only_like_is_compared_with_like(self) -> None:
        other = replace(result(cost(1)), settings=replace(SMALL, size=512))
        with pytest.raises(UsageError, match="512 px"):
            compare(result(cost(1)), other)

    def test_other_software_is_noted(self) -> None:
        old = result(cost(1))
        old = replace(old, machine=replace(old.machine, kernels_for="haswell"))
        assert any("haswell" in note for note in compare(result(cost(1)), old).notes)

    def test_worse_than(self) -> None:
        comparison = compare(result(cost(12), cost(30, name="b")), result(cost(10), cost(10, name="b")))
        assert [change.name for change in comparison.worse_than(1.5)] == ["b"]


class TestFile:
    def test_there_and_back(self, tmp_path: Path) -> None:
        first, second = result(cost(1), figures=(rate(3),)), result(cost(2))
        first.append_to(tmp_path / "bench.jsonl")
        second.append_to(tmp_path / "bench.jsonl")
        assert Benchmark.from_json(first.to_json()) == first
        assert benchmark.read_last(tmp_path / "bench.jsonl", "render") == second

    @pytest.mark.parametrize("line", ["", "{}", "[1]", '{"schema": 99}', "no json"])
    def test_something_else_is_refused(self, line: str) -> None:
        with pytest.raises(FormatError):
            Benchmark.from_json(line)

    def test_another_task_is_not_taken_for_it(self, tmp_path: Path) -> None:
        result(cost(1)).append_to(tmp_path / "bench.jsonl")
        with pytest.raises(FormatError, match="render"):
            benchmark.read_last(tmp_path / "bench.jsonl", "live")


@pytest.fixture
def prepared(portrait: Portrait, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example is prepared already."""
    monkeypatch.setattr(Workload, "portrait", portrait)


@pytest.mark.usefixtures("prepared")
@pytest.mark.parametrize("task", ["animate", "live"])  # the first runs the other three
def test_every_task(task: str) -> None:
    found = measure(task, SMALL)
    assert Benchmark.from_json(found.to_json()) == found
    assert found.machine.processor
    names = [one.name for one in found.costs]
    assert len(set(names)) == len(names)
    for one in found.costs:
        assert one.median_ms <= one.p95_ms <= one.p99_ms
        assert one.low_ms <= one.median_ms <= one.high_ms or one.runs > one.rounds
        whole = next(c for c in found.costs if c.name == one.name.split("/")[0])
        assert one.median_ms <= whole.median_ms
    for figure in found.figures:
        assert figure.low <= figure.value <= figure.high


@pytest.mark.usefixtures("prepared")
def test_drawing_is_told_by_stage_size_and_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vasari.measure.benchmark.render.SWEEP_PICTURES", 4)
    found = measure("render", replace(SMALL, rounds=1, sweep=True))
    costs = {one.name: one.median_ms for one in found.costs}
    assert {"picture/geometry", "picture/sheet", "picture/visibility", "picture/shading"} <= set(costs)
    assert {f"picture of {size}" for size in (256, 512, 1024)} <= set(costs)
    triangles = [name for name in costs if name.endswith(" triangles")]
    assert len(triangles) == 3
    assert any(f.name == "pictures of 1024 a second, threads 2" for f in found.figures)


@pytest.mark.usefixtures("prepared")
def test_a_picture_never_comes_before_its_sound() -> None:
    found = measure("live", SMALL)
    latency, response = found.costs
    assert latency.runs == 25
    assert response.low_ms > 0
    assert latency.median_ms >= response.median_ms + 40 - 1e-3


def test_load_counts_what_others_do() -> None:
    meter = LoadMeter()
    sum(range(3_000_000))  # our own work
    load = meter.read()
    assert load.others is None or load.others < Machine.this().cores


@pytest.mark.parametrize(("name", "value"), [("rounds", 0), ("seconds", 0.5), ("threads", 0), ("size", 100)])
def test_settings_out_of_range(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=name):
        replace(SMALL, **{name: value})


@pytest.mark.usefixtures("prepared")
class TestCommand:
    QUICK = ("bench", "render", "--seconds", "1", "--rounds", "2", "--size", "256")

    def test_for_people(self, capfd: pytest.CaptureFixture[str]) -> None:
        assert main(self.QUICK) == 0
        out = capfd.readouterr().out
        assert "p99" in out
        assert "visibility" in out

    def test_json_is_one_line_and_lands_in_the_file(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        place = str(tmp_path / "bench.jsonl")
        assert main([*self.QUICK, "--json", "--out", place]) == 0
        out = capfd.readouterr().out
        assert out.count("\n") == 1
        assert json.loads(out)["schema"] == 1
        assert Path(place).read_text() == out

    @pytest.mark.parametrize(("factor", "code"), [(1000.0, 0), (0.001, 1)])
    def test_fail_above(
        self, tmp_path: Path, factor: float, code: int, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Against a past that was a thousand times slower, then faster."""
        place = tmp_path / "bench.jsonl"
        assert main([*self.QUICK, "--out", str(place)]) == 0
        now = Benchmark.from_json(place.read_text())
        names = ("median_ms", "low_ms", "high_ms", "cpu_ms", "cpu_low_ms", "cpu_high_ms")
        past = []
        for one in now.costs:
            changed: dict[str, Any] = {name: (getattr(one, name) or 0) * factor for name in names}
            past.append(replace(one, **changed))
        place.write_text(replace(now, costs=tuple(past), figures=()).to_json())
        assert main([*self.QUICK, "--compare", str(place)]) == 0
        assert main([*self.QUICK, "--compare", str(place), "--fail-above", "10"]) == code
        assert "verdict" in capfd.readouterr().out

    def test_fail_above_needs_something_to_compare_with(self) -> None:
        assert main([*self.QUICK, "--fail-above", "2"]) == 2

    def test_nothing_to_compare_with(self, tmp_path: Path) -> None:
        assert main([*self.QUICK, "--compare", str(tmp_path / "none")]) == 5
