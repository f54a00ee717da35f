"""Telling two stretches apart whose cues lie among one another.

Where something was cut out of the translator's copy, what follows moved towards the beginning, and cues from after the
cut can come to lie among those from before it. A file keeps them in order; sorted by time they are a
braid of two strands. Both strands are known from the cues around it, by their offsets; here each cue of the braid
goes to the strand on which it meets the reference.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workflow.align import walk
from workflow.align.reference import Floats

Path = npt.NDArray[np.intp]

SHORTEST, LONGEST = 0.3, 180.0  # seconds that may have been cut out
FARTHEST = 4  # pieces from one strand to the other: the braid itself may look like some
WORTH = 4.0  # nats that a braid must be better by than what was thought before


def unbraided(cues: Floats, states: Floats, path: Path, scores: walk.Table) -> tuple[Path, Path]:
    """The story's order of the cues, and the state of each in that order.

    cues    float64[n, 2], by time; states float64[k]; path int[n] into states
    scores  float32[n, k]
    """
    order, path = np.arange(len(cues)), path.copy()
    edges = np.concatenate([[0], np.flatnonzero(np.diff(path)) + 1, [len(cues)]])
    left = 0
    while left < len(edges) - 2:
        for right in range(left + 1, min(left + FARTHEST, len(edges) - 2) + 1):
            rows = np.arange(edges[left], edges[right + 1])
            one, other = int(path[edges[left]]), int(path[edges[right]])
            length = float(states[other] - states[one])
            if not SHORTEST < length < LONGEST:
                continue
            gain, second = _two_strands(
                cues[rows, 0], scores[rows, one], scores[rows, other], length
            )
            before = float(scores[rows, path[rows]].sum())
            for a, b in zip(
                edges[left + 1 : right + 1] - 1, edges[left + 1 : right + 1], strict=True
            ):
                before -= float(walk.change_costs(states[[path[a], path[b]]])[0, 1])
            gain -= float(walk.change_costs(states[[one, other]])[0, 1])
            if gain > before + WORTH:
                strands = np.concatenate([rows[~second], rows[second]])
                order[rows] = order[strands]
                path[rows] = np.sort(np.where(second, 1, 0))
                path[rows] = np.where(path[rows] == 1, other, one)
                left = right - 1
                break
        left += 1
    return order, path


def _two_strands(
    starts: Floats, first: walk.Table, second: walk.Table, length: float
) -> tuple[float, npt.NDArray[np.bool_]]:
    """Best score of rows shared between two strands, and which rows are of the second.

    The first strand ends at some moment of the film and the second begins there; in the track that
    moment stands twice, *length* apart, and only rows between the two can be of either.
    """
    zero = np.zeros(1)
    ahead = np.concatenate([zero, np.cumsum(first)])
    behind = np.concatenate([zero, np.cumsum(second)])
    either = np.concatenate([zero, np.cumsum(np.maximum(first, second) - np.log(2))])
    begin = np.arange(len(starts) + 1)  # rows before it are of the first strand for certain
    moment = np.append(starts, starts[-1] + 1) if len(starts) else zero
    end = np.maximum(np.searchsorted(starts, moment + length), begin)
    total = ahead[begin] + either[end] - either[begin] + behind[-1] - behind[end]
    best = int(total.argmax())
    rows = np.arange(len(starts))
    shared = (rows >= best) & (rows < end[best])
    return float(total[best]), (rows >= end[best]) | (shared & (second > first))
