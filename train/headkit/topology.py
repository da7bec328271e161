"""The head's topology: MakeHuman's body cut at the collar, lids and lips refined, named vertex groups.

Every vertex is a fixed linear combination of MakeHuman's, so that shapes given on its base mesh carry over.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from headkit.quads import QuadMesh, mirror_ids
from headkit.sources import Array, Ids, MakeHuman

# Vertices of MakeHuman's base mesh (left eye; the mouth from the middle of the upper lip), picked by hand.
EYE_START = (6874, 6873, 11515)  # a loop on the upper lid, and the way inwards
EYE_LOOPS = 9  # from the lid crease over the lash line to the lid's inner side
EYE_FRONT, EYE_BACK = 5, 7  # loops: outer and inner edge of the lid margin
EYE_CORNERS = (6853, 6805)  # inner, outer corner, on the front loop
MOUTH_START = (466, 7222, 467)
MOUTH_LOOPS = 8  # from the outer edge of the red to the lips' inner side
MOUTH_RED, MOUTH_RIM = 1, 4  # loops: outer edge of the red; where the lips touch
MOUTH_CORNERS = (12, 26)  # columns: left, right corner (column 0 is the middle of the upper lip)
MOUTH_COARSE = range(14, 24)  # columns of the lower lip twice as wide as those above
EAR_BOX = ((6.95, 67.9, 3.2), (9.0, 73.6, 7.2))  # left ear: lower and upper bounds, cm in MakeHuman's space
COLLAR_Y, COLLAR_X = 53.5, 11.6  # the head ends below and beyond


@dataclass(frozen=True)
class Patch:
    """Nested closed loops (rows) of vertices joined by edges along columns."""

    ids: Ids  # (rows, columns)

    def arc(self, row: int, start: int, end: int) -> Ids:
        """Vertices of a row from column ``start`` forwards (cyclically) to ``end``, both included."""
        n = self.ids.shape[1]
        columns = (start + np.arange((end - start) % n + 1)) % n
        return self.ids[row, columns]


@dataclass(frozen=True)
class Skin:
    """The body mesh of the head: skin, mouth lining and eye sockets in one connected surface."""

    carry: sp.csr_matrix  # (V, MakeHuman's vertex count): positions and shapes of the vertices
    polygons: list[list[int]]
    eyes: tuple[Patch, Patch]  # left, right
    eye_corners: tuple[tuple[int, int], tuple[int, int]]  # columns of inner, outer corner; left, right eye
    mouth: Patch
    mouth_corners: tuple[int, int]  # columns of left, right corner
    mirror: Ids  # partner vertex across x = 0
    inside_mouth: Ids  # vertices behind the rim of the lips
    inside_eyes: tuple[Ids, Ids]  # vertices behind the patch of the lids
    ears: tuple[Ids, Ids]  # left, right

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return int(self.carry.shape[0])


class _Refiner:
    """Splits columns of patches of a quad mesh; collects new vertices as combinations of the old."""

    def __init__(self, vertices: Array, quads: Ids):
        self.points = list(vertices)
        self.rows = [{v: 1.0} for v in range(len(vertices))]
        self.quads = quads
        self.between: dict[tuple[int, int], list[int]] = {}  # vertices inserted on an old edge, a < b

    def split(self, patch: Patch, columns: set[int]) -> tuple[Patch, list[int]]:
        """Halve the edges from each of ``columns`` to the next; also returns where the old columns went."""
        moved, out = [], []
        n = patch.ids.shape[1]
        for k in range(n):
            moved.append(len(out))
            out.append(patch.ids[:, k])
            if k in columns:
                out.append(np.array([self._middle(row, k) for row in patch.ids]))
        return Patch(np.stack(out, 1)), moved

    def _middle(self, ring: Ids, k: int) -> int:
        """A new vertex halfway from k to k + 1 of a closed ring, on a Hermite curve."""
        n = len(ring)
        a, b, c, d = (int(ring[(k + o) % n]) for o in (-1, 0, 1, 2))
        h = [
            float(np.linalg.norm(self.points[p] - self.points[q])) + 1e-9 for p, q in ((a, b), (b, c), (c, d))
        ]
        weights = {a: 0.0, b: 0.5, c: 0.5, d: 0.0}
        for sign, (p, q, r), (h0, h1) in ((1, (a, b, c), (h[0], h[1])), (-1, (b, c, d), (h[1], h[2]))):
            slope = {p: -h1 / h0, q: h1 / h0 - h0 / h1, r: h0 / h1}
            for v, s in slope.items():
                weights[v] += sign * h[1] / 8 * s / (h0 + h1)
        row: dict[int, float] = {}
        for v, w in weights.items():
            for base, x in self.rows[v].items():
                row[base] = row.get(base, 0.0) + w * x
        self.rows.append(row)
        self.points.append(np.asarray(sum(w * self.points[v] for v, w in weights.items())))
        return len(self.points) - 1

    def polygons(self, before: list[Patch], after: list[Patch], moved: list[list[int]]) -> list[list[int]]:
        """All faces: patches' own quads anew, their neighbours with the new vertices in their edges."""
        inserted: dict[frozenset[int], list[int]] = {}
        own: set[frozenset[int]] = set()
        faces: list[list[int]] = []
        orientation = {frozenset(q): q for q in self.quads.tolist()}
        for old, new, columns in zip(before, after, moved, strict=True):
            rows, n = old.ids.shape
            for k in range(n):
                start, stop = columns[k], (columns[(k + 1) % n] or new.ids.shape[1])
                for r in (0, rows - 1):
                    edge = (int(old.ids[r, k]), int(old.ids[r, (k + 1) % n]))
                    path = new.ids[r, start + 1 : stop].tolist()
                    inserted[frozenset(edge)] = path if edge[0] < edge[1] else path[::-1]
                for r in range(rows - 1):
                    corner = [
                        int(old.ids[i, j % n]) for i, j in ((r, k), (r, k + 1), (r + 1, k + 1), (r + 1, k))
                    ]
                    own.add(frozenset(corner))
                    quad = orientation[frozenset(corner)]
                    ahead = quad[(quad.index(corner[0]) + 1) % 4] == corner[1]
                    for c in range(start, stop):
                        d = (c + 1) % new.ids.shape[1]
                        face = [new.ids[r, c], new.ids[r, d], new.ids[r + 1, d], new.ids[r + 1, c]]
                        faces.append([int(v) for v in (face if ahead else face[::-1])])
        for quad in self.quads.tolist():
            if frozenset(quad) in own:
                continue
            face = []
            for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
                path = inserted.get(frozenset((a, b)), [])
                face += [a, *(path if a < b else path[::-1])]
            faces.append(face)
        return faces


def build_skin(source: MakeHuman) -> Skin:
    """Cut the head out of MakeHuman's body and refine lids and lips."""
    everywhere = source.quads["body"]
    position = source.vertices
    keep = (position[everywhere, 1].min(1) > COLLAR_Y) & (np.abs(position[everywhere, 0]).max(1) < COLLAR_X)
    mesh = QuadMesh(everywhere[keep])
    body_mirror = mirror_ids(position[: everywhere.max() + 1])

    left_eye = Patch(mesh.rings(*EYE_START, EYE_LOOPS))
    right_eye = Patch(body_mirror[left_eye.ids])
    mouth = Patch(mesh.rings(*MOUTH_START, MOUTH_LOOPS))
    rim = set(mouth.ids[MOUTH_RIM].tolist())
    behind_rim = mesh.flood(int(mouth.ids[MOUTH_RIM + 1, 0]), rim)
    behind_lids = []
    for eye in (left_eye, right_eye):
        (seed,) = mesh.neighbours[int(eye.ids[-1, 0])] - set(eye.ids.ravel().tolist())
        behind_lids.append(mesh.flood(seed, set(eye.ids[-1].tolist())))

    refiner = _Refiner(position, mesh.quads)
    n_eye = left_eye.ids.shape[1]
    new_left, eye_moved = refiner.split(left_eye, set(range(n_eye)))
    new_right, _ = refiner.split(right_eye, set(range(n_eye)))
    finer, moved_once = refiner.split(mouth, set(MOUTH_COARSE))
    new_mouth, moved_twice = refiner.split(finer, set(range(finer.ids.shape[1])))
    mouth_moved = [moved_twice[k] for k in moved_once]
    polygons = refiner.polygons(
        [left_eye, right_eye, mouth], [new_left, new_right, new_mouth], [eye_moved, eye_moved, mouth_moved]
    )

    used = np.unique(np.concatenate(polygons))
    renumber = np.full(len(refiner.points), -1)
    renumber[used] = np.arange(len(used))
    rows = [refiner.rows[v] for v in used]
    carry = sp.csr_matrix(
        (
            [w for row in rows for w in row.values()],
            [v for row in rows for v in row],
            np.cumsum([0, *(len(row) for row in rows)]),
        ),
        shape=(len(used), len(position)),
    )
    front = left_eye.ids[EYE_FRONT].tolist()
    corners = tuple(eye_moved[front.index(v)] for v in EYE_CORNERS)
    new_rim_inside = renumber[new_mouth.ids[MOUTH_RIM + 1 :]].ravel()
    return Skin(
        carry,
        [renumber[p].tolist() for p in polygons],
        (Patch(renumber[new_left.ids]), Patch(renumber[new_right.ids])),
        (corners, corners),  # type: ignore[arg-type]
        Patch(renumber[new_mouth.ids]),
        (mouth_moved[MOUTH_CORNERS[0]], mouth_moved[MOUTH_CORNERS[1]]),
        mirror_ids(carry @ position),
        np.union1d(renumber[list(behind_rim)], new_rim_inside),
        (np.sort(renumber[list(behind_lids[0])]), np.sort(renumber[list(behind_lids[1])])),
        _ears(np.asarray(carry @ position)),
    )


def _ears(position: Array) -> tuple[Ids, Ids]:
    low, high = np.array(EAR_BOX)
    left, right = (((p > low) & (p < high)).all(1) for p in (position, position * (-1, 1, 1)))
    return np.flatnonzero(left), np.flatnonzero(right)


def triangulate(vertices: Array, polygons: list[list[int]]) -> tuple[Ids, Ids]:
    """Best-shaped triangles (F, 3) of polygons, and the polygon (F,) each came from."""
    triangles, source = [], []
    for index, polygon in enumerate(polygons):
        corners = [v for i, v in enumerate(polygon) if v != polygon[i - 1]]
        for t in _best_triangles(vertices, tuple(corners)):
            triangles.append(t)
            source.append(index)
    return np.array(triangles), np.array(source)


def _best_triangles(vertices: Array, polygon: tuple[int, ...]) -> list[tuple[int, int, int]]:
    def badness(a: int, b: int, c: int) -> float:
        p, q, r = vertices[[a, b, c]]
        area = float(np.linalg.norm(np.cross(q - p, r - p))) / 2
        perimeter = float(np.linalg.norm(q - p) + np.linalg.norm(r - q) + np.linalg.norm(p - r))
        return perimeter**2 / (area + 1e-6)

    @lru_cache(None)
    def best(i: int, j: int) -> tuple[float, tuple[tuple[int, int, int], ...]]:
        if j - i < 2:
            return 0.0, ()
        options = []
        for k in range(i + 1, j):
            (left, a), (right, b) = best(i, k), best(k, j)
            t = (polygon[i], polygon[k], polygon[j])
            options.append((max(left, right, badness(*t)), left + right, (*a, t, *b)))
        worst, _, chosen = min(options, key=lambda o: (round(o[0], 6), o[1]))
        return worst, chosen

    return list(best(0, len(polygon) - 1)[1])


def border(triangles: Ids) -> Ids:
    """The one open edge of a mesh as an ordered loop of vertices."""
    directed = {(a, b) for t in triangles.tolist() for a, b in zip(t, t[1:] + t[:1], strict=True)}
    following = {a: b for a, b in directed if (b, a) not in directed}
    loop = [next(iter(following))]
    while following[loop[-1]] != loop[0]:
        loop.append(following[loop[-1]])
    if len(loop) != len(following):
        raise ValueError(f"mesh has open edges outside its border: {len(following) - len(loop)}")
    return np.array(loop)
