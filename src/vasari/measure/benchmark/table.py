"""Benchmarks for people: tables."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from vasari.measure.benchmark.comparison import Change, Comparison
from vasari.measure.benchmark.cost import Cost, Figure
from vasari.measure.benchmark.result import Benchmark

_COLOURS = {"better": "green", "worse": "red", "noise": "dim", "unsure": "yellow"}


def table_of(result: Benchmark) -> RenderableType:
    """Costs and figures, with what they were measured on above them."""
    s = result.settings
    title = (
        f"{result.task}: {s.size} px, {s.fps} pictures a second, {s.threads} threads,"
        f" {s.seconds:g} s of speech, {s.rounds} rounds"
    )
    load = Text(str(result.load), style="" if result.load.quiet else "yellow")
    return Group(
        Text(title, style="bold"),
        Text(str(result.machine)),
        load,
        "",
        _costs(result.costs),
        _figures(result.figures),
    )


def table_of_comparison(comparison: Comparison) -> RenderableType:
    """What changed, worst first, noise last."""
    table = _table(f"compared ({comparison.clock} time)", "", "unit", "then", "now", "ratio", "verdict")
    order = ("worse", "better", "unsure", "noise")
    for change in sorted(comparison.changes, key=lambda c: (order.index(c.verdict), -c.ratio)):
        table.add_row(*_change(change), style=_COLOURS[change.verdict])
    return Group("", *(Text(note, style="yellow") for note in comparison.notes), table)


def _costs(costs: tuple[Cost, ...]) -> Table:
    table = _table(
        "", "stage", "ms for a", "median", "p95", "p99", "rounds' medians", "processor", "share", "runs"
    )
    whole = {cost.name: cost.median_ms for cost in costs}
    for cost in costs:
        outer, _, name = cost.name.rpartition("/")
        share = f"{100 * cost.median_ms / whole[outer]:.0f} %" if whole.get(outer) else ""
        table.add_row(
            "  " * cost.name.count("/") + name,
            "" if outer else cost.unit,
            *(f"{ms:.2f}" for ms in (cost.median_ms, cost.p95_ms, cost.p99_ms)),
            f"{cost.low_ms:.2f} to {cost.high_ms:.2f}",
            "" if cost.cpu_ms is None else f"{cost.cpu_ms:.2f}",
            share,
            "" if outer else str(cost.runs),
        )
    return table


def _figures(figures: tuple[Figure, ...]) -> Table:
    table = _table("", "figure", "unit", "median", "range")
    for figure in figures:
        several = f"{figure.low:.4g} to {figure.high:.4g}" if figure.rounds > 1 else ""
        table.add_row(figure.name, figure.unit, f"{figure.value:.4g}", several)
    return table


def _change(change: Change) -> tuple[str, ...]:
    return (
        change.name,
        change.unit,
        f"{change.old:.4g}",
        f"{change.new:.4g}",
        f"{change.ratio:.2f}",
        change.verdict,
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        words = column in ("", "stage", "figure", "ms for a", "unit", "verdict")
        table.add_column(column, justify="left" if words else "right", no_wrap=True)
    return table
