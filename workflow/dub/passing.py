"""Token passing: the cheapest way to explain a recording as lines of the script, silence and other talk.

A token stands in every 20 ms frame of every line's template and at every place between lines. It pays for
how unlike the recording its template is, for lingering and hurrying, and for leaving the script's order.
No back pointers are kept: each token carries the frame at which it entered its line, each line end leaves
one record. All tokens move at once, as arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workflow.dub.features import Frames, distances
from workflow.progress import Watch, unwatched

_NEVER = np.float32(1e30)
_BLOCK = 32  # frames whose distances are computed at once
_REMEMBERED = 4096  # frames: a line that takes longer than 80 s is none
_STEPS = 5  # neighbouring lines that can be returned to or skipped at a price of their own


class Costs(NamedTuple):
    """Prices, in units of the recording's own median distance to any speech."""

    filler: float = 0.45  # a frame of talk that is not in the script, over the nearest sound
    silence: float = 0.45  # a frame of silence between lines
    linger: float = 0.2  # staying in a frame of the template
    hurry: float = 0.12  # leaving one out
    again: float = 6.0  # the line just said, once more
    ahead: float = 9.0  # leaving a line out
    jump: float = 16.0  # to any other line
    beam: float = 34.0  # a line does not end when it costs this much more than the best


class Passage(NamedTuple):
    """One line found: frames [start, end) of the recording."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Templates:
    """Every line as frames, one after the other."""

    frames: Frames  # [sum of lengths, 24]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    @classmethod
    def joined(cls, each: list[Frames]) -> Templates:
        lengths = np.array([len(one) for one in each], np.int64)
        ends = np.cumsum(lengths)
        return cls(np.ascontiguousarray(np.concatenate(each), np.float32), ends - lengths, ends)

    def with_frames(self, frames: Frames) -> Templates:
        return Templates(np.ascontiguousarray(frames, np.float32), self.starts, self.ends)

    def line(self, number: int) -> Frames:
        return self.frames[self.starts[number] : self.ends[number]]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        return self.ends - self.starts

    def __len__(self) -> int:
        return len(self.starts)


def pass_tokens(  # noqa: PLR0915  one thought, top to bottom
    templates: Templates,
    recording: Frames,
    filler: Frames,
    speech: Frames,
    costs: Costs,
    *,
    watch: Watch = unwatched,
) -> list[Passage]:
    """Lines of the script in *recording*, in the order they are said.

    recording  float32[n, 24], every 20 ms
    filler     float32[n], distance to the nearest sound of any kind
    speech     float32[n], 0 silence to 1 speech
    """
    lines, frames, size = len(templates), len(recording), len(templates.frames)
    starts, lasts = templates.starts, templates.ends - 1
    seconds = starts[templates.lengths > 1] + 1  # the second frame has no frame two before it
    cost = np.full(size, _NEVER, np.float32)
    entered = np.zeros(size, np.int32)
    one_back, two_back = np.empty_like(cost), np.empty_like(cost)
    entered_one, entered_two = np.empty_like(entered), np.empty_like(entered)
    # between[k]: outside every line, k-1 being the last line said; 0: none yet
    between = np.full(lines + 1, _NEVER, np.float32)
    between[0] = 0
    record_of = np.full(lines + 1, -1, np.int32)
    came_from = np.full((_REMEMBERED, lines), -1, np.int32)
    records: list[tuple[int, int, int, int]] = []
    outside = speech * (filler + costs.filler) + (1 - speech) * costs.silence
    pause = (1 - speech) * (costs.silence + 0.12) + speech * 9
    may_enter = _near_speech(speech)
    way_in = _WaysIn(lines, costs)
    for first in range(0, frames, _BLOCK):
        if first % (64 * _BLOCK) == 0:
            watch(first * 1000 // frames, "Looking for the lines")
        apart = distances(recording[first : first + _BLOCK], templates.frames)
        for t in range(first, min(first + _BLOCK, frames)):
            here = apart[t - first]
            one_back[1:], two_back[2:] = cost[:-1], cost[:-2]
            entered_one[1:], entered_two[2:] = entered[:-1], entered[:-2]
            two_back += np.float32(costs.hurry)
            two_back[starts] = _NEVER
            two_back[seconds] = _NEVER
            best = between.min()
            if may_enter[t]:
                price, came_from[t % _REMEMBERED] = way_in.cheapest(between, record_of, best)
                one_back[starts] = price
            else:
                one_back[starts] = _NEVER
            entered_one[starts] = t
            skipped = two_back < one_back
            np.copyto(one_back, two_back, where=skipped)
            np.copyto(entered_one, entered_two, where=skipped)
            one_back += here
            here += np.float32(costs.linger)
            np.minimum(here, pause[t], out=here)
            cost += here
            moved = one_back < cost
            np.copyto(cost, one_back, where=moved)
            np.copyto(entered, entered_one, where=moved)
            between += outside[t]
            ended = cost[lasts]
            for line in np.flatnonzero((ended < between[1:]) & (ended < best + costs.beam)):
                since = int(entered[lasts[line]])
                if t - since >= _REMEMBERED:
                    continue
                record_of[line + 1] = len(records)
                records.append((int(line), since, t + 1, int(came_from[since % _REMEMBERED, line])))
                between[line + 1] = ended[line]
        best = between.min()
        np.minimum(cost - best, _NEVER, out=cost)
        np.minimum(between - best, _NEVER, out=between)
    return _followed(records, int(record_of[between.argmin()]))


def _near_speech(speech: Frames) -> npt.NDArray[np.bool_]:
    """Frames from which speech is at most 60 ms behind or 100 ms ahead."""
    heard = np.flatnonzero(speech > 0.2)
    near = np.zeros(len(speech), bool)
    for shift in range(-5, 4):
        near[np.clip(heard + shift, 0, len(speech) - 1)] = True
    return near


def _followed(records: list[tuple[int, int, int, int]], last: int) -> list[Passage]:
    found = []
    while last >= 0:
        line, start, end, last = records[last]
        found.append(Passage(line, start, end))
    return found[::-1]


class _WaysIn:
    """What it costs to begin each line, from wherever the script was left."""

    def __init__(self, lines: int, costs: Costs) -> None:
        # Steps from the last line said: +1 is the script's order.
        steps = [(1, 0.0), (0, costs.again)]
        steps += [(1 - z, costs.again + 2 * z) for z in range(2, _STEPS + 1)]
        steps += [(z, costs.ahead + 2 * (z - 2)) for z in range(2, _STEPS + 1)]
        self._prices = np.array([price for _, price in steps], np.float32)[:, None]
        before = np.arange(lines) + 1 - np.array([step for step, _ in steps])[:, None]
        self._outside = (before < 0) | (before > lines)
        self._before = np.clip(before, 0, lines)
        self._jump = np.float32(costs.jump)
        self._each = np.arange(lines)

    def cheapest(
        self, between: Frames, record_of: npt.NDArray[np.int32], best: np.float32
    ) -> tuple[Frames, npt.NDArray[np.int32]]:
        """Price of beginning each line now, and the record of the line said before it."""
        offers = between[self._before] + self._prices
        offers[self._outside] = _NEVER
        choice = offers.argmin(0)
        price = offers[choice, self._each]
        source = record_of[self._before[choice, self._each]]
        jumped = best + self._jump < price
        price[jumped] = best + self._jump
        source[jumped] = record_of[int(between.argmin())]
        return price, source


def path_distances(
    candidates: list[Frames], recording: Frames, *, linger: float, hurry: float
) -> Frames:
    """Mean distance along the best path of each template over exactly the frames of *recording*."""
    lengths = np.array([len(one) for one in candidates])
    most = int(lengths.max())
    apart = distances(recording, np.concatenate(candidates))
    cost = np.full((len(candidates), most), _NEVER, np.float32)
    inside = np.arange(most) < lengths[:, None]
    here = np.full(cost.shape, _NEVER, np.float32)
    for t in range(len(recording)):
        here[inside] = apart[t]
        if t == 0:
            cost = here + np.float32(hurry) * np.arange(most, dtype=np.float32)
            continue
        moved = cost + np.float32(linger)
        np.minimum(moved[:, 1:], cost[:, :-1], out=moved[:, 1:])
        np.minimum(moved[:, 2:], cost[:, :-2] + np.float32(hurry), out=moved[:, 2:])
        cost = np.minimum(moved + here, _NEVER)
    each = np.arange(len(candidates))
    ends = np.minimum(
        cost[each, lengths - 1], cost[each, np.maximum(lengths - 2, 0)] + np.float32(hurry)
    )
    means: Frames = ends / np.float32(len(recording))
    return means


def best_path(
    template: Frames, recording: Frames, *, linger: float, hurry: float
) -> npt.NDArray[np.int64]:
    """The template's frame that each frame of *recording* was matched with, first to last."""
    apart = distances(recording, template)
    frames, size = apart.shape
    back = np.zeros((frames, size), np.int8)
    cost = apart[0] + np.float32(hurry) * np.arange(size, dtype=np.float32)
    for t in range(1, frames):
        moved = cost + np.float32(linger)
        for step, price in ((1, 0.0), (2, hurry)):
            other = np.full(size, _NEVER, np.float32)
            other[step:] = cost[:-step] + np.float32(price)
            better = other < moved
            moved[better] = other[better]
            back[t][better] = step
        cost = moved + apart[t]
    matched = np.zeros(frames, np.int64)
    place = size - 1
    for t in range(frames - 1, -1, -1):
        matched[t] = place
        place = max(0, place - int(back[t, place]))
    return matched
