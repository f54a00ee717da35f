"""What cannot be true: two stretches of the track in the same stretch of the film, or the story running backwards.

A scene that only the track has meets the reference nowhere; the walk then puts it wherever chance is kindest. Of
stretches that contradict one another the better proven stay, and the cues of the others are lost: without
counterpart, to be placed by their neighbours.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from workflow.align.reference import Floats

Pieces = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


def contradicted(starts: Floats, piece: Pieces, scores: Floats) -> tuple[Flags, Flags]:
    """bool[n] twice: cues of pieces that are out of the story's order, and cues lost in all.

    starts  float64[n]: fitted in-times; piece int[n], from 0 upwards; scores float64[n] nats
    """
    edges = np.concatenate([[0], np.flatnonzero(np.diff(piece)) + 1, [len(piece)]])
    runs = [np.arange(a, b) for a, b in itertools.pairwise(edges)]
    kept = _in_order(starts, scores, runs)
    astray = np.ones(len(piece), np.bool_)
    for k in kept:
        astray[runs[k]] = False
    lost = astray.copy()
    for a, b in itertools.pairwise(kept):
        lost[_overlapping(starts, scores, runs[a], runs[b])] = True
    return astray, lost


def _in_order(starts: Floats, scores: Floats, runs: list[Pieces]) -> list[int]:
    """The runs of most evidence in all that follow one another in the film (heaviest increasing subsequence)."""
    weight = [max(0.01, float(scores[run].sum())) for run in runs]
    best, before = list(weight), [-1] * len(runs)
    for b, run in enumerate(runs):
        for a in range(b):
            follows = (
                starts[runs[a][0]] <= starts[run[0]] and starts[runs[a][-1]] <= starts[run[-1]]
            )
            if follows and best[a] + weight[b] > best[b]:
                best[b], before[b] = best[a] + weight[b], a
    at = int(np.argmax(best))
    chain = []
    while at >= 0:
        chain.append(at)
        at = before[at]
    return chain[::-1]


def _overlapping(starts: Floats, scores: Floats, one: Pieces, other: Pieces) -> Pieces:
    """Rows of two runs that claim the same time of the film: the fewer nats, on either side of one moment."""
    late = one[starts[one] >= starts[other[0]]]
    early = other[starts[other] <= starts[one[-1]]]
    if not len(late):
        return np.zeros(0, np.intp)
    moments = np.concatenate([starts[early], [starts[one[-1]] + 1e-3]])
    kept = [
        float(
            scores[late[starts[late] < moment]].sum() + scores[early[starts[early] >= moment]].sum()
        )
        for moment in moments
    ]
    moment = moments[int(np.argmax(kept))]
    return np.concatenate([late[starts[late] >= moment], early[starts[early] < moment]])
