"""Paintings put together again from the jigsaw pieces of GCompris, out of its Qt resources."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

_DIRECTORY, _COMPRESSED, _ZSTD = 2, 1, 4
_PIECE = re.compile(
    r'"pixmapfile"\s*:\s*"image/([^"]+\.webp)",\s*"x"\s*:\s*"([\d.]+)",\s*"y"\s*:\s*"([\d.]+)"'
)
_SIZE = re.compile(r'"width"\s*:\s*(\d+),\s*"height"\s*:\s*(\d+)')


def read_rcc(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Path and content of each file in a Qt resource container (``rcc --binary``, any format version)."""
    if data[:4] != b"qres":
        raise ValueError("this is no Qt resource container")
    version, tree, contents, names = struct.unpack_from(">4I", data, 4)
    node_size = 14 if version < 2 else 22  # later ones carry a time of modification

    def walk(node: int, path: str) -> Iterator[tuple[str, bytes]]:
        at = tree + node * node_size
        name_offset, flags = struct.unpack_from(">IH", data, at)
        if node:
            (length,) = struct.unpack_from(">H", data, names + name_offset)
            start = names + name_offset + 6  # past the length and a hash
            path += "/" + data[start : start + 2 * length].decode("utf-16-be")
        if flags & _DIRECTORY:
            count, first = struct.unpack_from(">II", data, at + 6)
            for child in range(first, first + count):
                yield from walk(child, path)
            return
        if flags & _ZSTD:
            raise ValueError(f"{path} is compressed with Zstandard, which is not read here")
        (offset,) = struct.unpack_from(">I", data, at + 10)
        (length,) = struct.unpack_from(">I", data, contents + offset)
        content = data[contents + offset + 4 : contents + offset + 4 + length]
        yield path, zlib.decompress(content[4:]) if flags & _COMPRESSED else content

    yield from walk(0, "")


def assemble(data: bytes, board: int) -> NDArray[np.uint8]:
    """The painting of a board: (height, width, 3) BGR, black where no piece lies."""
    files = {path.rsplit("/", 1)[-1]: content for path, content in read_rcc(data)}
    text = files[f"board{board}_0.qml"].decode()
    size = _SIZE.search(text)
    if size is None:
        raise ValueError(f"board {board} tells no size")
    width, height = int(size[1]), int(size[2])
    canvas = np.zeros((height, width, 4), np.uint8)
    for name, x, y in _PIECE.findall(text):
        piece = cv2.imdecode(np.frombuffer(files[name], np.uint8), cv2.IMREAD_UNCHANGED)
        if piece.shape[2] == 3:
            piece = np.dstack([piece, np.full(piece.shape[:2], 255, np.uint8)])
        left, top = (
            round(float(x) * width - piece.shape[1] / 2),
            round(float(y) * height - piece.shape[0] / 2),
        )
        piece = piece[max(-top, 0) : height - top, max(-left, 0) : width - left]
        under = canvas[max(top, 0) :, max(left, 0) :][: piece.shape[0], : piece.shape[1]]
        np.copyto(under, piece, where=piece[..., 3:] > under[..., 3:])
    return canvas[..., :3]
