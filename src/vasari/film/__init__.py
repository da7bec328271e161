"""Pictures and sound to a file or a stream."""

from vasari.film.writer import FilmWriter

__all__ = ["FilmWriter"]
