"""p, b and m, heard in the bundled speech: "And so, my fellow Americans: ask not ..."."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.errors import UsageError
from vasari.measure.bilabials import Bilabials, closures_of
from vasari.voice import SpeechFeatures

Floats = NDArray[np.float32]
#: Seconds at which forced alignment of the text with the sound puts the m of "my" and of "Americans".
SAID = (1.03, 1.73)


@pytest.fixture(scope="module")
def net() -> Bilabials:
    return Bilabials()


def features_of(speech: Floats) -> Floats:
    ears = SpeechFeatures()
    return np.concatenate([ears.push(speech), ears.finish()])


def test_it_hears_the_bilabials_of_a_sentence_and_few_others(net: Bilabials, speech: Floats) -> None:
    closures = net.closures(features_of(speech))
    for moment in SAID:
        assert any(c.start - 0.08 <= moment <= c.end + 0.08 for c in closures), moment
    assert len(closures) <= len(SAID) + 2  # in eleven seconds
    assert all(0.7 < c.probability <= 1 and 0.04 <= c.end - c.start < 0.4 for c in closures)


def test_it_does_not_mind_the_level(net: Bilabials, speech: Floats) -> None:
    softly = [round(c.start, 1) for c in net.closures(features_of(0.2 * speech))]
    assert any(abs(start - SAID[0]) < 0.15 for start in softly)
    assert any(abs(start - SAID[1]) < 0.15 for start in softly)


def test_silence_closes_nothing(net: Bilabials) -> None:
    features = features_of(np.zeros(32000, np.float32))
    assert net.probabilities(features).shape == (len(features),)
    assert net.closures(features) == []
    assert net.probabilities(features[:0]).shape == (0,)


def test_shapes_must_fit(net: Bilabials) -> None:
    with pytest.raises(UsageError, match="features have shape"):
        net.probabilities(np.zeros((5, 7), np.float32))


def test_closures_are_runs_of_likely_rows() -> None:
    probability = np.zeros(40, np.float32)
    probability[5:8] = 0.9
    probability[9] = 0.8  # one row lower between them: the same closure
    probability[20] = 0.95  # a single row is none
    probability[30:34] = (0.8, 0.9, 0.8, 0.75)
    found = closures_of(probability)
    assert [(c.start, c.end) for c in found] == [(0.1, 0.2), (0.6, 0.68)]
    assert found[0].probability == pytest.approx(0.9)
