"""Curves of a clip over time, drawn as SVG."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSION_INDEX
from vasari.measure.eyes import blinks, shifts
from vasari.measure.face_motion import BROWS, SMILE, weight
from vasari.measure.mouth import CLOSED
from vasari.motion.motion import MOTION_RATE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from vasari.measure.report import Report

#: Colours that colour-blind eyes tell apart (Okabe and Ito, 2008).
BLUE, ORANGE, GREEN, RED, GREY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#999999"
#: Inches of a plot for each second of film, and its least and largest width.
INCHES_A_SECOND, NARROW, WIDE = 0.35, 8.0, 24.0
#: Inches beside a plot, for its numbers and its legend, and its height.
LEFT, RIGHT, HIGH = 0.6, 2.2, 1.9


def plots(report: Report) -> dict[str, str]:
    """Title -> SVG of every plot of a report."""
    seconds = report.clip.seconds
    wide = float(np.clip(INCHES_A_SECOND * seconds, NARROW, WIDE))
    over_time: dict[str, Callable[[Report, Axes], None]] = {
        "Lips (shaded: someone speaks; dots: lips closed; bars: p, b or m is heard)": _lips,
        "Head, degrees from the first frame": _head,
        "Eyes: gaze in degrees from the lens, lids (dots: blinks; bars: shifts)": _eyes,
        "Brows and smile, expression weights": _face,
        "Picture: sharpness, change of skin, brightness": _picture,
    }
    drawn = {title: _drawn(report, draw, wide, seconds) for title, draw in over_time.items()}
    if report.sync is not None:
        drawn["Agreement of lips and speech, by how much the lips come after the sound (ms)"] = _drawn(
            report, _lag, NARROW / 2, None
        )
    return drawn


def _drawn(report: Report, draw: Callable[[Report, Axes], None], wide: float, seconds: float | None) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"font.size": 8, "svg.hashsalt": "vasari", "svg.fonttype": "none"}):
        figure = Figure(figsize=(wide + LEFT + RIGHT, HIGH))
        span = wide / (wide + LEFT + RIGHT)
        axes = figure.add_axes((LEFT / (wide + LEFT + RIGHT), 0.22, span, 0.72))
        draw(report, axes)
        axes.spines[["top", "right"]].set_visible(False)
        if seconds is not None:
            axes.set_xlim(0, seconds)
            axes.set_xlabel("seconds")
            _shade(report, axes)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()[file.getvalue().index("<svg") :]


def _time(values: NDArray[np.generic]) -> NDArray[np.float64]:
    return np.arange(len(values)) / MOTION_RATE


def _shade(report: Report, axes: Axes) -> None:
    speaking = np.pad(report.clip.speaking.astype(int), 1)
    starts, ends = (np.flatnonzero(np.diff(speaking) == step) / MOTION_RATE for step in (1, -1))
    for start, end in zip(starts, ends, strict=True):
        axes.axvspan(start, end, color=GREY, alpha=0.12, lw=0)


def _lips(report: Report, axes: Axes) -> None:
    track = report.clip.track
    gap = np.maximum(track.lip_gap, 0)
    axes.plot(_time(gap), gap, color=BLUE, lw=1, label="opening")
    width = track.mouth_width - np.median(track.mouth_width)
    axes.plot(_time(gap), width, color=ORANGE, lw=0.8, label="width, from its median")
    closed = gap < CLOSED
    axes.plot(_time(gap)[closed], gap[closed], ".", color=RED, ms=3, label="closed")
    axes.set_ylabel("eye distances")
    for each in report.bilabials:
        axes.axvspan(each.start, each.end, ymax=0.06, color=RED, alpha=0.6, lw=0)


def _head(report: Report, axes: Axes) -> None:
    rotation = report.clip.track.motion.rotation
    for column, (name, colour) in enumerate((("yaw", BLUE), ("pitch", ORANGE), ("roll", GREEN))):
        axes.plot(_time(rotation), rotation[:, column], color=colour, lw=1, label=name)


def _eyes(report: Report, axes: Axes) -> None:
    clip = report.clip
    gaze = clip.track.motion.gaze
    axes.plot(_time(gaze), gaze[:, 0], color=BLUE, lw=1, label="gaze yaw")
    axes.plot(_time(gaze), gaze[:, 1], color=ORANGE, lw=1, label="gaze pitch")
    lids = clip.track.motion.expression[
        :, [EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]]
    ].mean(1)
    floor, height = float(gaze.min()) - 1, max(float(np.ptp(gaze)), 4.0)
    axes.plot(_time(lids), floor - 0.5 * height * lids, color=GREEN, lw=1, label="lids (down: shut)")
    times = blinks(clip)[0]
    axes.plot(times, np.full(len(times), floor - 0.55 * height), ".", color=RED, ms=5, label="blinks")
    for sample in shifts(gaze.astype(np.float64)):
        axes.axvline(sample / MOTION_RATE, color=GREY, lw=0.5, alpha=0.6)


def _face(report: Report, axes: Axes) -> None:
    for names, label, colour in ((BROWS, "brows up", BLUE), (SMILE, "smile", ORANGE)):
        curve = weight(report.clip, names)
        axes.plot(_time(curve), curve, color=colour, lw=1, label=label)


def _picture(report: Report, axes: Axes) -> None:
    log, times = report.clip.picture, report.clip.landmarks.times
    axes.plot(
        times, log.sharpness / np.nanmedian(log.sharpness), color=BLUE, lw=1, label="sharpness / median"
    )
    axes.plot(times, log.skin, color=ORANGE, lw=0.8, label="change of skin, grey levels")
    light = log.brightness - np.nanmedian(log.brightness)
    axes.plot(times, light / 5, color=GREEN, lw=0.8, label="brightness, 5 grey levels")


def _lag(report: Report, axes: Axes) -> None:
    score = report.sync
    assert score is not None
    axes.axvspan(-125, 45, color=GREEN, alpha=0.1, lw=0)
    axes.plot(score.lags_ms, score.curve, color=BLUE, lw=1.2)
    axes.axhline(1, color=GREY, lw=0.6, ls=":")
    axes.axhline(0, color=GREY, lw=0.6)
    axes.axvline(score.lag_ms, color=RED, lw=0.8)
