"""Every default and limit once: the API, the command line and the tests take them from here."""

from __future__ import annotations

#: Pictures a second of a film, and what may be asked for.
FPS = 25
MIN_FPS, MAX_FPS = 24, 60

#: Side of the square picture in pixels, and what may be asked for (even numbers).
SIZE = 512
MIN_SIZE, MAX_SIZE = 256, 1024

#: What a film shows: the head's square, or the whole photo at its own size.
FRAME = CROP = "crop"
WHOLE = "whole"

#: Same seed, same input: same motion.
SEED = 0

#: Pictures drawn at once, one thread each.
THREADS = 2

#: Seconds of sound beyond a picture's moment that it waits for: live, and in a film.
LOOKAHEAD, FILM_LOOKAHEAD = 0.16, 0.26

#: Seconds of speech that a benchmark works on, and how often it does.
BENCH_SECONDS = 10.0
BENCH_ROUNDS = 5

#: Sample rate in Hz and channels of sound pushed into a ``Performer``, unless told otherwise.
RATE = 16_000
CHANNELS = 1

#: Where films go.
OUT = "talk.mp4"
DEMO_OUT = "vasari-demo.mp4"

#: How much of a video is evaluated, seconds from its start.
EVALUATED_SECONDS = 120.0
