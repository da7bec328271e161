"""The verb ``evaluate``: watch a talking-head video, measure it, and judge it beside people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vasari import defaults
from vasari.errors import NoFaceError
from vasari.head.landmark_clip import Progress
from vasari.head.landmarks import FaceLandmarker
from vasari.measure.bilabials import Bilabials, Closure
from vasari.measure.clip import Clip
from vasari.measure.comparison import measure_against
from vasari.measure.eyes import measure_eyes
from vasari.measure.face_motion import measure_face
from vasari.measure.head_motion import measure_head
from vasari.measure.identity import INSTALL, Recognizer, measure_identity, missing_packages
from vasari.measure.mouth import measure_mouth
from vasari.measure.quality import measure_quality, measure_timing
from vasari.measure.reading import Readings
from vasari.measure.report import Report
from vasari.measure.scorer import SyncScore, SyncScorer
from vasari.measure.sync import judged, measure_sync
from vasari.measure.verdict import judge
from vasari.portrait.photo import read_photo


def evaluate(
    video: str | Path,
    *,
    photo: str | Path | None = None,
    speech: str | Path | None = None,
    reference: str | Path | None = None,
    seconds: float = defaults.EVALUATED_SECONDS,
    progress: Progress | None = None,
) -> Report:
    """Measure a talking-head video, whoever or whatever made it, from the film alone.

    Args:
        video: path of any file that FFmpeg decodes: one shot of one face.
        photo: the portrait it was made from; by default its first frame stands in.
        speech: the clean speech, beginning with the video; by default the video's own sound.
        reference: the real video of the same words, to compare with.
        seconds: how much of the video to look at, from its start.
        progress: called with (frames done, frames in all).

    Raises:
        VideoError: a video cannot be read, is too short, shows no face, several faces, or several shots.
        SoundError: there is no sound, or nobody speaks.
        PhotoError: the photo cannot be read; NoFaceError: there is no face in it.
        UsageError: ``seconds`` is too small.
    """
    landmarker = FaceLandmarker()
    picture, face = None, None
    if photo is not None:
        picture = read_photo(photo)
        face = next(iter(landmarker.find(picture)), None)
        if face is None:
            raise NoFaceError(f"no face was found in {photo}; give the portrait that the video was made from")
    real = None
    if reference is not None:
        real = Clip.observe(reference, speech=speech, seconds=seconds, landmarker=landmarker)
    clip = Clip.observe(video, speech=speech, seconds=seconds, landmarker=landmarker, progress=progress)

    left_out = []
    score = judged(clip, SyncScorer())
    bilabials = Bilabials().closures(clip.hearing.features)
    readings = measure_motion(clip, score, bilabials)
    if missing := missing_packages():
        left_out.append(f"identity, as {' and '.join(missing)} are not installed; run {INSTALL}")
    else:
        readings |= measure_identity(clip, Recognizer(), picture, face)
    readings |= measure_quality(clip, picture, face) | measure_timing(clip, own_sound=speech is None)
    if real is not None:
        readings |= measure_against(clip, real)
    given = {"photo": photo, "speech": speech, "reference": reference}
    against = {name: Path(path).name for name, path in given.items() if path is not None}
    return Report(clip, score, tuple(bilabials), judge(readings), tuple(left_out), against)


def measure_motion(clip: Clip, score: SyncScore | None, bilabials: Sequence[Closure]) -> Readings:
    """Everything that motion and speech tell, given what the learned judge says and the p, b and m heard."""
    lips = measure_sync(clip, score) | measure_mouth(clip, bilabials)
    return lips | measure_head(clip) | measure_eyes(clip) | measure_face(clip)
