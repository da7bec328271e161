"""A report as one self-contained page: verdicts, plots, strips of frames."""

from __future__ import annotations

from base64 import b64encode
from importlib import resources
from importlib.util import find_spec
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.errors import UsageError
from vasari.measure.identity import INSTALL
from vasari.measure.moments import moments, strips
from vasari.measure.plots import plots
from vasari.motion.motion import MOTION_RATE

if TYPE_CHECKING:
    from vasari.measure.report import Report

#: Quality of the page's pictures.
JPEG_QUALITY = 88


def check_packages() -> None:
    """Make sure that a page can be drawn.

    Raises:
        UsageError: packages it needs are not installed.
    """
    missing = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise UsageError(f"an HTML report needs {' and '.join(missing)}; run {INSTALL}, or leave out --html")


def page(report: Report) -> str:
    """The HTML of a report; it refers to nothing outside.

    Raises:
        UsageError: packages it needs are not installed.
    """
    check_packages()
    from jinja2 import Environment, StrictUndefined

    shown = moments(report.clip)
    cut = strips(report.clip, [sample for sample, _ in shown])
    template = (resources.files("vasari.measure") / "report_page.html").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(
        report=report.to_dict(),
        summary=report.summary,
        groups=list(report.groups()),
        plots=plots(report),
        captions=[f"{sample / MOTION_RATE:.2f} s, {name}" for sample, name in shown],
        strips={name: [_as_uri(picture) for picture in pictures] for name, pictures in cut.items()},
    )


def _as_uri(picture: NDArray[np.uint8]) -> str:
    bgr = np.ascontiguousarray(picture[..., ::-1])
    jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return "data:image/jpeg;base64," + b64encode(jpeg.tobytes()).decode()
