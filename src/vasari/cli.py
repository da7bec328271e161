"""The command line: ``vasari animate photo.jpg speech.wav -o talk.mp4``, and the verbs around it.

Flags carry the names of the Python API. Films go to ``-o``, words to standard error. A mistake of the
user's ends in one line and the exit code of its error, never in a traceback.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import vasari
from vasari import defaults
from vasari.errors import OutputError, UsageError, VasariError
from vasari.example import example

if TYPE_CHECKING:
    from vasari.animation import Animation, Progress

app = typer.Typer(
    help="One portrait photo and speech become a lifelike talking face, on an ordinary CPU.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Photo = Annotated[str, typer.Argument(help="A portrait photo, or a .portrait file made by `vasari prepare`.")]
Out = Annotated[str, typer.Option("-o", "--out", help=".mp4 or .webm; - streams fragmented MP4 to stdout.")]
Fps = Annotated[int, typer.Option(help=f"Pictures a second, {defaults.MIN_FPS} to {defaults.MAX_FPS}.")]
Size = Annotated[int, typer.Option(help=f"Pixels, even, {defaults.MIN_SIZE} to {defaults.MAX_SIZE}.")]
FrameOf = Annotated[str, typer.Option("--frame", help="crop: the head in a square; whole: the whole photo.")]
Seed = Annotated[int, typer.Option(help="Same seed, same input: same motion.")]
Face = Annotated[int | None, typer.Option(help="Which face, 0 the leftmost; the largest if not given.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace an existing file.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Threads = Annotated[int, typer.Option(help="Pictures drawn at once.")]
Gaze = Annotated[str | None, typer.Option(help="YAW,PITCH in degrees; 0,0 looks into the lens.")]
Pose = Annotated[str | None, typer.Option(help="YAW,PITCH,ROLL in degrees, added to the head's.")]
Distance = Annotated[float | None, typer.Option(help="Of the head from the camera; 1 as in the photo.")]
Emotion = Annotated[str | None, typer.Option(help="NAME=WEIGHT,... such as happiness=0.5.")]
Amount = Annotated[float | None, typer.Option(help="Factor; 1 as learned, 0 none.")]
BlinkRate = Annotated[float | None, typer.Option(help="Blinks a minute.")]
Variations = Annotated[
    int | None, typer.Option(help="Make this many, with other seeds: talk-1.mp4, talk-2.mp4 ...")
]


class Task(StrEnum):
    """What `vasari bench` measures."""

    animate = "animate"
    live = "live"
    motion = "motion"
    prepare = "prepare"
    render = "render"


@app.command()
def animate(
    photo: Photo,
    speech: Annotated[str, typer.Argument(help="A sound file, or a video whose sound is used.")],
    out: Out = defaults.OUT,
    fps: Fps = defaults.FPS,
    size: Size = defaults.SIZE,
    frame: FrameOf = defaults.FRAME,
    seed: Seed = defaults.SEED,
    face: Face = None,
    gaze: Gaze = None,
    distance: Distance = None,
    emotion: Emotion = None,
    pose: Pose = None,
    head_motion: Amount = None,
    expressiveness: Amount = None,
    mouth: Amount = None,
    blink_rate: BlinkRate = None,
    variations: Variations = None,
    threads: Threads = defaults.THREADS,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Make a film of the person in PHOTO saying SPEECH."""
    given: dict[str, Any] = {
        "gaze": _numbers("gaze", gaze, 2),
        "distance": distance,
        "emotion": _weights("emotion", emotion),
        "pose": _numbers("pose", pose, 3),
        "head_motion": head_motion,
        "expressiveness": expressiveness,
        "mouth": mouth,
        "blink_rate": blink_rate,
    }
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    options |= {
        "fps": fps,
        "size": size,
        "frame": frame,
        "seed": seed,
        "face": face,
        "force": force,
        "threads": threads,
    }
    with _progress(quiet) as progress:
        if variations is None:
            films = [vasari.animate(photo, speech, out, progress=progress, **options)]
        else:
            films = vasari.variations(photo, speech, out, count=variations, progress=progress, **options)
    for made in films:
        _report(made, quiet)


@app.command()
def demo(
    out: Out = defaults.DEMO_OUT,
    fps: Fps = defaults.FPS,
    size: Size = defaults.SIZE,
    seed: Seed = defaults.SEED,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Animate the bundled example: an astronaut's portrait, a president's sentence."""
    with example() as (photo, speech), _progress(quiet) as progress:
        made = vasari.animate(
            photo, speech, out, fps=fps, size=size, seed=seed, force=force, progress=progress
        )
    _report(made, quiet)


@app.command()
def prepare(
    photo: Annotated[str, typer.Argument(help="A portrait photo.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The portrait file [PHOTO.portrait].")
    ] = None,
    face: Face = None,
    frame: FrameOf = defaults.FRAME,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Prepare PHOTO once, to animate it again without the wait."""
    place = _free(out or Path(photo).with_suffix(".portrait").name, force)
    vasari.Portrait.create(photo, face=face, frame=frame).save(place)
    _say(f"{place}: ready for `vasari animate {place} SPEECH`", quiet)


@app.command()
def track(
    video: Annotated[Path, typer.Argument(help="A video of one person's face.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help=".motion, or .csv for ARKit.")] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write down how the head and face in VIDEO move."""
    place = _free(out or video.with_suffix(".motion").name, force)
    with _progress(quiet) as progress:
        motion = vasari.track(video, progress=progress)
    if place.suffix == ".csv":
        motion.to_arkit_csv(place)
    else:
        motion.save(place)
    _say(f"{place}: {motion.duration:.2f} s of motion", quiet)


@app.command()
def perform(
    photo: Photo,
    motion: Annotated[Path, typer.Argument(help="A .motion file, or ARKit's .csv.")],
    out: Out = defaults.OUT,
    speech: Annotated[str | None, typer.Option(help="Sound to go with it.")] = None,
    fps: Fps = defaults.FPS,
    size: Size = defaults.SIZE,
    frame: FrameOf = defaults.FRAME,
    face: Face = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Move the person in PHOTO by a MOTION, tracked or made elsewhere."""
    with _progress(quiet) as progress:
        made = vasari.perform(
            photo,
            motion,
            out,
            speech=speech,
            fps=fps,
            size=size,
            frame=frame,
            face=face,
            force=force,
            progress=progress,
        )
    _report(made, quiet)


@app.command()
def evaluate(
    video: Annotated[Path, typer.Argument(help="A video of one talking face, by whatever system.")],
    photo: Annotated[Path | None, typer.Option(help="The portrait it was made from.")] = None,
    speech: Annotated[Path | None, typer.Option(help="Clean speech, in place of the video's sound.")] = None,
    reference: Annotated[Path | None, typer.Option(help="The real video of the same words.")] = None,
    json_out: Annotated[
        str | None, typer.Option("--json", help="Write the report as JSON; - to standard output.")
    ] = None,
    html_out: Annotated[
        Path | None, typer.Option("--html", help="Write it as a page with plots and strips of frames.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="How much of the video to look at.")
    ] = defaults.EVALUATED_SECONDS,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Measure VIDEO beside real people: lips, head, eyes, picture, sound."""
    json_place, html_place = _named(json_out, ".json", force), _named(html_out, ".html", force)
    if html_place:
        from vasari.measure.report_page import check_packages

        check_packages()
    with _progress(quiet) as progress:
        report = vasari.evaluate(
            video, photo=photo, speech=speech, reference=reference, seconds=seconds, progress=progress
        )
    if json_out == "-":
        print(report.to_json(), end="")
    elif not quiet:
        from rich.console import Console

        Console(width=None if sys.stdout.isatty() else 160).print(report)
    if json_place:
        report.save_json(json_place, force=force)
    if html_place:
        report.save_html(html_place, force=force)


@app.command()
def bench(
    task: Annotated[Task, typer.Argument(help="What to measure.")] = Task.animate,
    size: Size = defaults.SIZE,
    fps: Fps = defaults.FPS,
    threads: Threads = defaults.THREADS,
    seconds: Annotated[float, typer.Option(help="Of speech to work on.")] = defaults.BENCH_SECONDS,
    rounds: Annotated[
        int, typer.Option(help="How often, to tell noise from change.")
    ] = defaults.BENCH_ROUNDS,
    sweep: Annotated[bool, typer.Option("--sweep", help="Draw at all sizes and thread counts too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Add that line to this file.")] = None,
    compare: Annotated[Path | None, typer.Option(help="A file of such lines, to compare with.")] = None,
    fail_above: Annotated[
        float | None, typer.Option(help="Exit with 1 if anything became this many times worse, beyond noise.")
    ] = None,
) -> None:
    """Measure what the stages cost on this machine, on the bundled example."""
    from rich.console import Console

    from vasari.measure import benchmark
    from vasari.measure.benchmark.table import table_of, table_of_comparison

    if fail_above is not None and compare is None:
        raise UsageError("--fail-above needs something to compare with; give --compare FILE")
    settings = benchmark.Settings(size, fps, threads, seconds, rounds, sweep)
    old = None if compare is None else benchmark.read_last(compare, task.value)
    result = benchmark.measure(task.value, settings)
    comparison = None if old is None else benchmark.compare(result, old)
    if out is not None:
        result.append_to(out)
    screen = Console() if sys.stdout.isatty() else Console(width=140)
    if as_json:
        print(result.to_json())
        screen = Console(stderr=True)
    else:
        screen.print(table_of(result))
    if comparison is not None:
        screen.print(table_of_comparison(comparison))
        if fail_above is not None and comparison.worse_than(fail_above):
            raise typer.Exit(1)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        print(f"vasari {vasari.__version__}")
        raise typer.Exit


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    warnings.showwarning = lambda message, *_, **__: print(f"vasari: warning: {message}", file=sys.stderr)
    try:
        app(argv, prog_name="vasari")
    except VasariError as error:
        print(f"vasari: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # whoever read the film has gone
        return 1
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    return 0


def _numbers(name: str, text: str | None, count: int) -> tuple[float, ...] | None:
    """``"10,-5"`` as (10.0, -5.0)."""
    if text is None:
        return None
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise UsageError(
            f"--{name} is {text!r}; give {count} numbers with commas, such as {','.join('0' * count)}"
        )
    return numbers


def _weights(name: str, text: str | None) -> dict[str, float] | None:
    """``"happiness=0.5,surprise=0.2"`` as a dict."""
    if text is None:
        return None
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {key.strip(): float(weight) for key, weight in pairs}
    except ValueError as error:
        raise UsageError(f"--{name} is {text!r}; give name=weight, such as happiness=0.5") from error


def _free(place: str | Path, force: bool) -> Path:
    """``place``, if a file may be written there.

    Raises:
        OutputError: something is there already and may not be replaced, or its folder is missing.
    """
    path = Path(place)
    if path.exists() and not force:
        raise OutputError(f"{path} exists; choose another name with -o, or replace it with --force")
    if not path.parent.is_dir():
        raise OutputError(f"there is no folder {path.parent}; make it, or choose another with -o")
    return path


def _named(place: str | Path | None, suffix: str, force: bool) -> Path | None:
    """``place`` as :func:`_free` gives it, if its suffix is right; ``None`` for none or ``-``.

    Raises:
        OutputError: it has another suffix, or may not be written.
    """
    if place is None or place == "-":
        return None
    if Path(place).suffix != suffix:
        raise OutputError(f"{place} does not end in {suffix}; name the file so")
    return _free(place, force)


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress | None]:
    """A bar on standard error, if anyone is there to see it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _report(made: Animation, quiet: bool) -> None:
    where = made.path.resolve() if made.path else "standard output"
    took = made.timings["total"]
    speed = made.frames / took
    _say(
        f"{where}: {made.frames} pictures, {made.seconds:.2f} s, in {took:.1f} s ({speed:.0f} a second)",
        quiet,
    )


def _say(text: str, quiet: bool) -> None:
    if not quiet:
        print(text, file=sys.stderr)
