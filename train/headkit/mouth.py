"""Inside of the mouth: teeth and gums along the scan's dental arches, MakeHuman's tongue between.

A tooth is a crown of ten-sided rings whose size is the average of its kind in dental anatomy (Nelson and Ash,
"Wheeler's Dental Anatomy"); where the arch runs and how the teeth lean is measured on the ICT scan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from headkit.sources import Array, Ict, Ids, MakeHuman

# Width along the arch, depth across it, height of the crown (cm); from middle incisor to second molar.
UPPER_SIZES = ((0.85, 0.70, 1.05), (0.65, 0.60, 0.92), (0.76, 0.80, 1.02), (0.71, 0.90, 0.86),
               (0.67, 0.90, 0.83), (1.02, 1.08, 0.75), (0.95, 1.06, 0.70))  # fmt: skip
LOWER_SIZES = ((0.54, 0.58, 0.90), (0.59, 0.63, 0.93), (0.69, 0.75, 1.05), (0.71, 0.78, 0.85),
               (0.72, 0.82, 0.80), (1.10, 1.02, 0.75), (1.02, 1.00, 0.70))  # fmt: skip
EDGE_RISE_UPPER = (
    0.0,
    0.05,
    0.0,
    0.03,
    0.03,
    0.04,
    0.08,
)  # cm by which a tooth stops short of the biting line
EDGE_RISE_LOWER = (0.0, 0.0, -0.03, 0.02, 0.04, 0.05, 0.05)
SIDES = 10  # of a crown's rings
GUM_FOLD = 0.45  # cm from the neck of the teeth to where the lip leaves the gum
GUM_COLUMNS = 4  # per tooth
UPPER_OBJECTS, LOWER_OBJECTS = (
    range(2, 18),
    range(18, 34),
)  # teeth among the connected objects of the ICT mesh
TOOTH_BAND = 0.9  # cm from the biting edge in which the scan's crowns are measured


@dataclass(frozen=True)
class Piece:
    """A mesh of its own: vertices (n, 3), triangles (m, 3)."""

    vertices: Array
    triangles: Ids


@dataclass(frozen=True)
class Arch:
    """One row of teeth as functions of the length along it from the middle (> 0 to the subject's left)."""

    up: int  # +1 for the lower teeth (edges up), -1 for the upper
    reach: float  # cm from the middle to the end
    _curve: PchipInterpolator  # length -> edge x, y, z, lean x, lean z per cm of height

    @classmethod
    def measure(cls, ict: Ict, lower: bool) -> Arch:
        """Fit the arch to the scan's teeth."""
        up = 1 if lower else -1
        label = ict.objects()
        edges, leans = [], []
        for number in LOWER_OBJECTS if lower else UPPER_OBJECTS:
            tooth = ict.neutral[label == number]
            crown = tooth[up * tooth[:, 1] > (up * tooth[:, 1]).max() - TOOTH_BAND]
            edge = np.array([crown[:, 0].mean(), up * (up * tooth[:, 1]).max(), crown[:, 2].mean()])
            root = tooth.mean(0)
            height = abs(root[1] - crown[:, 1].mean())
            edges.append(edge)
            leans.append((root - crown.mean(0))[[0, 2]] / height)
        points = np.concatenate([np.array(edges), np.array(leans)], 1)
        points = points[np.argsort(points[:, 0])]
        points = (points + points[::-1] * (-1, 1, 1, -1, 1)) / 2
        left = points[len(points) // 2 :]
        front = np.array([0, left[0, 1], left[0, 2] + 0.03, 0, left[0, 4]])
        line = np.concatenate([left[::-1] * (-1, 1, 1, -1, 1), front[None], left])
        line[:, 1] = np.convolve(np.pad(line[:, 1], 1, "edge"), [0.25, 0.5, 0.25], "valid")
        step = np.linalg.norm(np.diff(line[:, [0, 2]], axis=0), axis=1)
        length = np.concatenate([[0], np.cumsum(step)])
        length -= length[len(left)]
        return cls(up, float(length[-1]), PchipInterpolator(length, line))

    def frame(self, s: float) -> tuple[Array, Array, Array, Array]:
        """At length s: biting edge, ways along the arch, outwards, towards the root (whose y is 1 long)."""
        s = float(np.clip(s, -self.reach, self.reach))
        here, a, b = self._curve(s), self._curve(s - 0.25), self._curve(s + 0.25)
        along = np.array([b[0] - a[0], 0, b[2] - a[2]])
        along /= np.linalg.norm(along)
        outward = np.array([-along[2], 0, along[0]])
        root = np.array([here[3], -self.up, here[4]])
        return here[:3], along, outward, root

    def beyond(self, points: Array) -> tuple[Array, Array]:
        """How far (n,) points (n, 3) lie outside the row of teeth and its gums, and the way out (n, 3).

        The distance is infinite above, below and behind the row.
        """
        sizes = LOWER_SIZES if self.up > 0 else UPPER_SIZES
        grid = np.linspace(-self.reach, self.reach, 241)
        curve = self._curve(grid)
        ends = np.cumsum([w for w, _, _ in sizes])
        kind = np.minimum(np.searchsorted(ends, np.abs(grid)), len(sizes) - 1)
        depth, height = (np.array([size[k] for size in sizes])[kind] for k in (1, 2))
        along = np.gradient(curve[:, [0, 2]], axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        outward = np.stack([-along[:, 1], 0 * grid, along[:, 0]], 1)
        rise = self.up * (curve[:, 1] - points[:, 1, None])  # (n, grid) towards the root
        centre = curve[:, [0, 2]] + rise[..., None] * curve[:, [3, 4]]
        gap = points[:, None, [0, 2]] - centre
        nearest = (gap**2).sum(2).argmin(1)
        row = np.arange(len(points))
        way = outward[nearest]
        distance = (gap[row, nearest] * way[:, [0, 2]]).sum(1) - depth[nearest] / 2
        level = rise[row, nearest]
        applies = (
            (level > -0.1) & (level < height[nearest] + GUM_FOLD) & (np.abs(grid[nearest]) < self.reach - 0.3)
        )
        return np.where(applies, distance, np.inf), way


def crown(arch: Arch, s: float, size: tuple[float, float, float], rise: float, kind: int) -> Piece:
    """One tooth at length s; ``kind`` counts from the middle incisor (0) to the second molar (6)."""
    width, depth, height = size
    edge, along, outward, root = arch.frame(s)
    edge = edge + rise * root
    angles = 2 * np.pi * (np.arange(SIDES) + 0.5) / SIDES
    c, d = np.cos(angles), np.sin(angles)
    ring_u = np.sign(c) * np.abs(c) ** 0.8
    ring_v = np.sign(d) * np.abs(d) ** 0.8
    # Rows from under the gum (1.15 of the height) to the biting edge: half width, half depth, outward offset.
    if kind <= 2:
        point = 0.10 if kind == 2 else 0.0
        rows = [(1.15, 0.36, 0.40, -0.05), (0.85, 0.41, 0.46, 0.0), (0.5, 0.475, 0.36, 0.03),
                (0.2, 0.495, 0.22, 0.03), (0.05, 0.475 - point, 0.14, 0.02),
                (0.0, 0.43 - 2.4 * point, 0.09, 0.0)]  # fmt: skip
    else:
        rows = [(1.15, 0.40, 0.42, 0.0), (0.85, 0.44, 0.47, 0.0), (0.5, 0.49, 0.50, 0.0),
                (0.2, 0.485, 0.47, 0.0), (0.06, 0.44, 0.40, 0.0), (0.0, 0.36, 0.30, 0.0)]  # fmt: skip
    rings = []
    for t, w, v, offset in rows:
        base = edge + t * height * root + offset * depth * outward
        rings.append(base + np.outer(ring_u * w * width, along) + np.outer(ring_v * v * depth, outward))
    dip = 0.12 if kind > 3 else 0.0
    tip = rings[-1].mean(0) + dip * height * root
    vertices = np.concatenate([*rings, tip[None]])
    return Piece(vertices, _caps(len(rows), SIDES, arch.up > 0))


def _caps(rows: int, sides: int, flip: bool) -> Ids:
    """Triangles of stacked closed rings with a last vertex as their lid."""
    triangles = []
    for r in range(rows - 1):
        for k in range(sides):
            a, b = r * sides + k, r * sides + (k + 1) % sides
            c, d = a + sides, b + sides
            triangles += [[a, b, d], [a, d, c]]
    lid = rows * sides
    triangles += [[(rows - 1) * sides + k, (rows - 1) * sides + (k + 1) % sides, lid] for k in range(sides)]
    out = np.array(triangles)
    return out[:, ::-1] if flip else out


def teeth(arch: Arch) -> tuple[Piece, list[tuple[float, float]]]:
    """All crowns of an arch, and (length, height) of each for the gums, from right to left."""
    sizes, rises = (LOWER_SIZES, EDGE_RISE_LOWER) if arch.up > 0 else (UPPER_SIZES, EDGE_RISE_UPPER)
    pieces, places = [], []
    s = 0.0
    for kind, (size, rise) in enumerate(zip(sizes, rises, strict=True)):
        for sign in (-1, 1):
            pieces.append(crown(arch, sign * (s + size[0] / 2), size, rise, kind))
            places.append((sign * (s + size[0] / 2), size[2] + rise))
        s += size[0]
    return join(pieces), sorted(places)


def gums(arch: Arch, places: list[tuple[float, float]]) -> Piece:
    """A band round the arch: from the lip's fold over the scalloped margin to palate or mouth floor."""
    sizes = LOWER_SIZES if arch.up > 0 else UPPER_SIZES
    widths = [w for w, _, _ in sizes]
    depths = np.array([d for _, d, _ in sizes])
    middles = np.array([s for s, _ in places])
    heights = np.array([h for _, h in places])
    half = np.array([*widths[::-1], *widths]) / 2
    samples: list[tuple[float, float]] = []  # length along the arch, -1..1 within the tooth
    for s, w in zip(middles, half, strict=True):
        samples += [(s + u * w, u) for u in np.linspace(-1, 1, GUM_COLUMNS, endpoint=False)]
    samples.append((middles[-1] + half[-1], 1.0))
    columns = []
    for s, u in samples:
        edge, _, outward, root = arch.frame(s)
        height = float(np.interp(s, middles, heights))
        depth = float(np.interp(abs(s), np.cumsum(widths) - np.array(widths) / 2, depths))
        margin = height * (0.90 - 0.22 * abs(u) ** 2.5)  # the papilla reaches down between two teeth
        thick = depth * (0.50 - 0.10 * abs(u) ** 2)
        profile = [  # height above the edge, outward offset
            (height + GUM_FOLD, depth * 0.40),
            (height + 0.25, depth * 0.48 + 0.03),
            (margin + 0.14, thick + 0.05),
            (margin, thick - 0.01),
            (margin + 0.10, 0.0),
            (margin, -thick + 0.01),
            (margin + 0.16, -thick - 0.08),
            (height + 0.35, -depth * 0.52 - 0.12),
            (height + 0.70, -depth * 0.60 - 0.40),
        ]
        columns.append([edge + h * root + o * outward for h, o in profile])
    grid = np.array(columns)  # (columns, rows, 3)
    n, m = grid.shape[:2]
    index = np.arange(n * m).reshape(n, m)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    triangles = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    return Piece(grid.reshape(-1, 3), triangles if arch.up > 0 else triangles[:, ::-1])


def tongue(source: MakeHuman, upper: Piece, lower: Piece) -> Piece:
    """Fit MakeHuman's tongue between the rows of teeth as it lies between MakeHuman's own."""
    quads = source.quads["helper-tongue"]
    ids = np.unique(quads)
    old = source.vertices[np.unique(source.quads["helper-lower-teeth"])]
    old_upper = source.vertices[np.unique(source.quads["helper-upper-teeth"])]
    old_width, new_width = np.ptp(old[:, 0]), np.ptp(lower.vertices[:, 0])
    scale = np.array([0.98 * new_width / old_width, 0.9, 0.9 * new_width / old_width])
    pin_old = np.array([0, (old[:, 1].max() + old_upper[:, 1].min()) / 2, old[:, 2].max()])
    bite = (lower.vertices[:, 1].max() + upper.vertices[:, 1].min()) / 2
    pin_new = np.array([0, bite - 0.25, lower.vertices[:, 2].max() - 0.15])
    vertices = (source.vertices[ids] - pin_old) * scale + pin_new
    renumber = np.full(len(source.vertices), -1)
    renumber[ids] = np.arange(len(ids))
    q = renumber[quads]
    triangles = np.concatenate([q[:, [0, 1, 2]], q[:, [0, 2, 3]]])
    triangles = triangles[(np.diff(np.sort(triangles, 1), axis=1) > 0).all(1)]
    return Piece(vertices, triangles)


def tongue_out(points: Array) -> Array:
    """Movement (n, 3) that puts the tongue out: flat over the lower teeth, between the lips, then down."""
    z = points[:, 2]
    forward = 3.2 * _step(z, 4.5, 9.5)
    there = z + forward
    bins = np.arange(6.0, z.max(), 0.5)
    middles = [points[np.abs(z - b) < 0.5, 1] for b in bins]
    rest = np.polyval(np.polyfit(bins, [(m.min() + m.max()) / 2 for m in middles], 2), np.maximum(z, 6.0))
    path = -3.42 - 0.30 * np.maximum(there - 11.4, 0) ** 2
    part = _step(there, 7.0, 9.8)
    height = (1 - part) * points[:, 1] + part * (path + 0.42 * (points[:, 1] - rest))
    return np.stack([-0.22 * part * points[:, 0], height - points[:, 1], forward], 1)


def _step(x: Array, low: float, high: float) -> Array:
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def join(pieces: list[Piece]) -> Piece:
    """Several meshes as one."""
    offsets = np.cumsum([0, *(len(p.vertices) for p in pieces[:-1])])
    return Piece(
        np.concatenate([p.vertices for p in pieces]),
        np.concatenate([p.triangles + o for p, o in zip(pieces, offsets, strict=True)]),
    )
