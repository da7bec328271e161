"""The hidden part of a picture completed from what it shows, so that grain and structure go on.

Coarse to fine, each patch that reaches into the hidden part is matched with one that is wholly shown, and a
hidden pixel becomes what the matches of the patches around it say: Y. Wexler, E. Shechtman and M. Irani,
"Space-Time Completion of Video", PAMI 2007. Matches come from those of neighbours and from random trials:
C. Barnes et al., "PatchMatch: A Randomized Correspondence Algorithm", SIGGRAPH 2009.
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

#: Sides of the small pictures in which matches are sought, pixels; each starts from the one before.
SIDES = (48, 96, 192)
#: Half width of a patch, pixels of those pictures.
RADIUS = 3
#: Rounds of matching and filling at each size.
ROUNDS = (6, 2, 1)
#: A match this far away, sides of the picture, counts as much worse as one level of difference.
FAR_LEVEL = 0.06
#: Made-up pixels of a patch count by so much less than shown ones.
MADE_UP = 0.4
#: Farther in, what patches say counts less: to 1 / e over so many pixels.
TRUST_DEPTH = 3.0

_PATCH = np.ones((2 * RADIUS + 1,) * 2, np.uint8)
#: What no match costs.
_NONE = 1e9


def complete(
    picture: Bytes, seen: tuple[slice, slice], hidden: Bytes, guess: Floats, reach: float
) -> tuple[Floats, Bytes] | None:
    """The picture (P, P, 3) with its hidden part filled, and where shown pixels are copies too.

    Args:
        picture: (P, P, 3). seen: its rows and columns that may be copied.
        hidden: (p, p) not 0 where it is to be filled.
        guess: (p, p, 3) a smooth fill, which the first matches are sought for.
        reach: depth up to which it is filled, as a share of P; what is deeper stays.

    Around the hidden part what is shown is copied from elsewhere too, to tell copies from it: (s, s) not 0.
    ``None`` if there is nothing to copy.
    """
    size = picture.shape[0]
    matches: Ints | None = None
    for side, rounds in zip(SIDES, ROUNDS, strict=True):
        small = (side, side)
        part = cv2.resize((hidden > 0).astype(np.float32), small, interpolation=cv2.INTER_AREA)
        mask = np.asarray(part > 0, np.uint8)
        depth = np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 3), np.float32)
        fill = np.asarray((depth > 0) & (depth <= reach * side + 1), np.uint8)
        real = np.zeros(small, np.uint8)
        real[tuple(slice(-(-axis.start * side // size), axis.stop * side // size) for axis in seen)] = 1
        shown = np.asarray(cv2.erode(real & (1 - mask), _PATCH, borderType=cv2.BORDER_CONSTANT), np.uint8)
        shown[:RADIUS], shown[-RADIUS:], shown[:, :RADIUS], shown[:, -RADIUS:] = 0, 0, 0, 0
        wanted = np.asarray(cv2.dilate(fill, _PATCH), np.uint8) & (fill | (1 - mask))
        places, sources = (np.argwhere(where > 0).astype(np.int32) for where in (wanted, shown))
        if not len(places) or not len(sources):
            continue
        image = np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), np.float32)
        trust = np.exp(-depth / np.float32(TRUST_DEPTH))
        coarse, matches = matches, np.full((*small, 2), -1, np.int32)
        if coarse is None:
            image[fill > 0] = cv2.resize(guess, small, interpolation=cv2.INTER_AREA)[fill > 0]
        else:
            matches = _finer(coarse, side)
        _seed(matches, places, shown, sources)
        if coarse is not None:
            _vote(image, matches, np.zeros(small, np.float32), trust, fill)
        weight = np.where(mask > 0, MADE_UP * fill, 1).astype(np.float32)
        for seed in range(rounds):
            cost = _match(image, weight, shown, places, matches, seed)
            _vote(image, matches, cost, trust, fill)
    if matches is None:
        return None
    result = picture.astype(np.float32)
    _copy(picture, matches, wanted, result)
    return result, np.asarray(wanted & (1 - mask), np.uint8)


def _finer(matches: Ints, side: int) -> Ints:
    """Matches (s, s, 2) of a picture for one of the given side, a multiple; -1 stays."""
    factor = side // matches.shape[0]
    known = matches[..., 0] >= 0
    y, x = np.mgrid[:side, :side]
    own = matches[y // factor, x // factor]
    fine = factor * own + np.stack([y % factor, x % factor], -1)
    return np.where(known[y // factor, x // factor][..., None], fine, -1).astype(np.int32)


@njit(cache=True, nogil=True, fastmath=True)
def _copy(picture: Bytes, matches: Ints, wanted: Bytes, result: Floats) -> None:
    """Copy each pixel of ``wanted`` cells from where the four cells around it have their matches, blended.

    Args:
        picture: (P, P, 3). matches: (s, s, 2) row and column, -1 for none. wanted: (s, s).
        result: (P, P, 3) changed in place.
    """
    side, cells = picture.shape[0], matches.shape[0]
    scale = np.float32(side) / np.float32(cells)
    most = np.float32(side - 1.001)
    for y in range(side):
        b = (np.float32(y) + np.float32(0.5)) / scale - np.float32(0.5)
        i = min(max(int(np.floor(b)), 0), cells - 2)
        b = min(max(b - np.float32(i), np.float32(0)), np.float32(1))
        for x in range(side):
            a = (np.float32(x) + np.float32(0.5)) / scale - np.float32(0.5)
            j = min(max(int(np.floor(a)), 0), cells - 2)
            a = min(max(a - np.float32(j), np.float32(0)), np.float32(1))
            if wanted[i, j] | wanted[i + 1, j] | wanted[i, j + 1] | wanted[i + 1, j + 1] == 0:
                continue
            red = green = blue = total = np.float32(0)
            for k in range(4):
                p, q = i + k // 2, j + k % 2
                if matches[p, q, 0] < 0:
                    continue
                w = (b if k // 2 else np.float32(1) - b) * (a if k % 2 else np.float32(1) - a)
                v = np.float32(y) + scale * np.float32(matches[p, q, 0] - p)
                u = np.float32(x) + scale * np.float32(matches[p, q, 1] - q)
                v, u = min(max(v, np.float32(0)), most), min(max(u, np.float32(0)), most)
                m, n = int(v), int(u)
                fv, fu = v - np.float32(m), u - np.float32(n)
                w11 = fv * fu
                w10, w01 = fv - w11, fu - w11
                w00 = np.float32(1) - fv - w01
                red += w * (w00 * picture[m, n, 0] + w01 * picture[m, n + 1, 0]
                            + w10 * picture[m + 1, n, 0] + w11 * picture[m + 1, n + 1, 0])  # fmt: skip
                green += w * (w00 * picture[m, n, 1] + w01 * picture[m, n + 1, 1]
                              + w10 * picture[m + 1, n, 1] + w11 * picture[m + 1, n + 1, 1])  # fmt: skip
                blue += w * (w00 * picture[m, n, 2] + w01 * picture[m, n + 1, 2]
                             + w10 * picture[m + 1, n, 2] + w11 * picture[m + 1, n + 1, 2])  # fmt: skip
                total += w
            if total > 0:
                result[y, x, 0], result[y, x, 1], result[y, x, 2] = red / total, green / total, blue / total


@njit(cache=True, nogil=True)
def _seed(matches: Ints, places: Ints, shown: Bytes, sources: Ints) -> None:
    """Give each place without a usable match a random one, in place."""
    state = np.uint32(12345)
    height, width = shown.shape
    for n in range(len(places)):
        y, x = places[n]
        v, u = matches[y, x]
        if v < 0 or v >= height or u < 0 or u >= width or shown[v, u] == 0:
            state = np.uint32(state * np.uint32(1664525) + np.uint32(1013904223))
            k = int(state >> np.uint32(8)) % len(sources)
            matches[y, x, 0], matches[y, x, 1] = sources[k, 0], sources[k, 1]


@njit(cache=True, nogil=True, fastmath=True)
def _cost(image: Floats, weight: Floats, y: int, x: int, v: int, u: int, most: float) -> float:
    """Mean squared difference of two patches, and how far they are apart; given up above ``most``."""
    height, width = weight.shape
    away = np.hypot(np.float32(v - y), np.float32(u - x)) / (np.float32(FAR_LEVEL) * np.float32(height))
    total, count = np.float32(0), np.float32(0)
    limit = np.float32(3 * (2 * RADIUS + 1) ** 2) * most
    for dy in range(-RADIUS, RADIUS + 1):
        if total > limit:
            return most
        if y + dy < 0 or y + dy >= height:
            continue
        for dx in range(-RADIUS, RADIUS + 1):
            if x + dx < 0 or x + dx >= width:
                continue
            w = weight[y + dy, x + dx]
            if w > 0:
                for c in range(3):
                    d = image[y + dy, x + dx, c] - image[v + dy, u + dx, c]
                    total += w * d * d
                count += w
    return float(total / (3 * max(count, np.float32(1e-3))) + away * away)


@njit(cache=True, nogil=True, fastmath=True)
def _match(
    image: Floats,
    weight: Floats,
    shown: Bytes,
    places: Ints,
    matches: Ints,
    seed: int,
) -> Floats:
    """Better the matches (h, w, 2) of ``places``, in place; returns what they cost (h, w)."""
    height, width = shown.shape
    cost = np.full((height, width), _NONE, np.float32)
    state = np.uint32(seed * 7919 + 1)
    for n in range(len(places)):
        y, x = places[n]
        cost[y, x] = _cost(image, weight, y, x, matches[y, x, 0], matches[y, x, 1], _NONE)
    for p in range(2):
        step = 1 if p % 2 == 0 else -1
        for m in range(len(places)):
            n = m if step > 0 else len(places) - 1 - m
            y, x = places[n]
            best, v0, u0 = cost[y, x], matches[y, x, 0], matches[y, x, 1]
            for k in range(2):
                a, b = (y - step, x) if k == 0 else (y, x - step)
                if 0 <= a < height and 0 <= b < width and cost[a, b] < _NONE:
                    v, u = matches[a, b, 0] + y - a, matches[a, b, 1] + x - b
                    if 0 <= v < height and 0 <= u < width and shown[v, u] and (v != v0 or u != u0):
                        c = _cost(image, weight, y, x, v, u, best)
                        if c < best:
                            best, v0, u0 = c, v, u
            span = height // 4
            while span >= 1:
                state = np.uint32(state * np.uint32(1664525) + np.uint32(1013904223))
                v = v0 + int(state >> np.uint32(8)) % (2 * span + 1) - span
                state = np.uint32(state * np.uint32(1664525) + np.uint32(1013904223))
                u = u0 + int(state >> np.uint32(8)) % (2 * span + 1) - span
                if 0 <= v < height and 0 <= u < width and shown[v, u]:
                    c = _cost(image, weight, y, x, v, u, best)
                    if c < best:
                        best, v0, u0 = c, v, u
                span //= 2
            cost[y, x], matches[y, x, 0], matches[y, x, 1] = best, v0, u0
    return cost


@njit(cache=True, nogil=True, fastmath=True)
def _vote(image: Floats, matches: Ints, cost: Floats, trust: Floats, fill: Bytes) -> None:
    """Fill the hidden pixels of ``image`` with what the matches of the patches around them say, in place."""
    height, width = fill.shape
    result = image.copy()
    for y in range(height):
        for x in range(width):
            if fill[y, x] == 0:
                continue
            r = g = b = total = np.float32(0)
            for dy in range(-RADIUS, RADIUS + 1):
                for dx in range(-RADIUS, RADIUS + 1):
                    i, j = y + dy, x + dx
                    if i < 0 or i >= height or j < 0 or j >= width or matches[i, j, 0] < 0:
                        continue
                    if cost[i, j] >= _NONE:
                        continue
                    w = trust[i, j] / (np.float32(20) + cost[i, j])
                    v, u = matches[i, j, 0] - dy, matches[i, j, 1] - dx
                    r += w * image[v, u, 0]
                    g += w * image[v, u, 1]
                    b += w * image[v, u, 2]
                    total += w
            if total > 0:
                result[y, x, 0], result[y, x, 1], result[y, x, 2] = r / total, g / total, b / total
    image[:] = result
