"""Every error a user can cause.

Each message says what was wrong, what is valid and what to do next. The command line turns any
``VasariError`` into one line on standard error and the error's ``exit_code``; a Python caller
catches the class it can handle.
"""

from __future__ import annotations


class VasariError(Exception):
    """Base of all errors raised for a user's input or surroundings."""

    exit_code = 1


class UsageError(VasariError):
    """An option or an argument has a value that is not valid."""

    exit_code = 2


class PhotoError(VasariError):
    """The photo cannot be read as an image, or does not suit."""

    exit_code = 3


class NoFaceError(PhotoError):
    """No face was found in the photo (or none with the index asked for)."""


class SoundError(VasariError):
    """The speech cannot be read as sound, or holds none."""

    exit_code = 4


class VideoError(VasariError):
    """A video cannot be read, or no face can be followed in it."""

    exit_code = 4


class FormatError(VasariError):
    """A Vasari file (portrait, motion, head) is damaged, foreign or of an unknown version."""

    exit_code = 5


class OutputError(VasariError):
    """The result cannot be written where it was asked for."""

    exit_code = 6
