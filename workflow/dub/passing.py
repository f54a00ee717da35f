"""Token passing: the cheapest way to explain a recording as lines of the script, silence and other talk.

A token stands in every 20 ms frame of every line's template and at every place between lines. It pays for
how unlike the recording its template is, for lingering and hurrying, and for leaving the script's order.
No back pointers are kept: each token carries the frame at which it entered its line, each line end leaves
one record. All tokens move at once, as arrays; those that have fallen behind the beam are left out, a tile
of a template at a time, so that a long script costs little more than what is plausible of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workflow.dub.features import Frames, distances
from workflow.progress import Watch, unwatched

_NEVER = np.float32(1e30)
_BLOCK = 8  # frames of the recording between two looks at which tiles matter
_TILE = 16  # frames of a template: as far as a token can come in one block, two for each frame
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


def pass_tokens(
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
    lines, frames = len(templates), len(recording)
    # between[k]: outside every line, k-1 being the last line said; 0: none yet
    between = np.full(lines + 1, _NEVER, np.float32)
    between[0] = 0
    record_of = np.full(lines + 1, -1, np.int32)
    came_from = np.full((_REMEMBERED, lines), -1, np.int32)
    records: list[tuple[int, int, int, int]] = []
    outside = speech * (filler + costs.filler) + (1 - speech) * costs.silence
    pause = _in_steps((1 - speech) * (costs.silence + 0.12) + speech * 9)
    may_enter = _near_speech(speech)
    way_in = _WaysIn(lines, costs)
    tokens = _Tokens(templates, costs)
    for first in range(0, frames, _BLOCK):
        if first % (256 * _BLOCK) == 0:
            watch(first * 1000 // frames, "Looking for the lines")
        block = slice(first, first + _BLOCK)
        tokens.leave_out(costs.beam, entering=bool(may_enter[block].any()))
        apart = tokens.distances(recording[block])
        for t, here in enumerate(apart, start=first):
            best = between.min()
            price = None
            if may_enter[t]:
                price, came_from[t % _REMEMBERED] = way_in.cheapest(between, record_of, best)
            tokens.move(here, price, float(pause[t]), t)
            between += outside[t]
            ending, ended = tokens.ends()
            better = (ended < between[ending + 1]) & (ended < best + costs.beam)
            for line, token in zip(ending[better].tolist(), ended[better].tolist(), strict=True):
                since = _entered(token)
                if t - since >= _REMEMBERED:
                    continue
                record_of[line + 1] = len(records)
                records.append((line, since, t + 1, int(came_from[since % _REMEMBERED, line])))
                between[line + 1] = token
        best = _in_steps(between.min())
        tokens.cheaper_by(float(best))
        np.minimum(between - np.float32(best), _NEVER, out=between)
    return _followed(records, int(record_of[between.argmin()]))


#: A token is one float64: what it has paid, in steps of 2⁻¹⁰, and below that the frame at which it entered
#: its line, in steps of 2⁻³¹. So the cheaper of two tokens, entry and all, is one minimum.
_STEP = 2.0**-10
_ENTRY = 2.0**-31
_ROUNDED = np.float32(12288)  # added and taken away, leaves multiples of _STEP


def _in_steps(price: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.rint(np.asarray(price, np.float64) / _STEP) * _STEP


class _Tokens:
    """The tokens inside the lines, in those tiles of the templates that have one worth following.

    Tiles lie behind one another as their lines do, each line padded to whole tiles; the arrays hold the
    tiles in use only, in that order.
    """

    def __init__(self, templates: Templates, costs: Costs) -> None:
        counts = -(-templates.lengths // _TILE)
        self._first_tile = np.cumsum(counts) - counts
        self._line_of = np.repeat(np.arange(len(templates)), counts)
        self._is_first = np.zeros(len(self._line_of), bool)
        self._is_first[self._first_tile] = True
        self._last_tile = self._first_tile + counts - 1
        self._last_in_tile = (templates.lengths - 1) % _TILE
        # |a - r|² = |a|² - 2ar + |r|² in one product; what pads a line is too far from anything
        size = templates.frames.shape[1]
        padded = np.zeros((len(self._line_of) * _TILE, size + 2), np.float32)
        padded[:, size] = 1e6
        places = np.arange(len(templates.frames)) + np.repeat(
            self._first_tile * _TILE - templates.starts, templates.lengths
        )
        padded[places, :size] = -2 * templates.frames
        padded[places, size] = (templates.frames**2).sum(1)
        padded[:, size + 1] = 1
        self._frames = padded.reshape(len(self._line_of), _TILE, size + 2)
        self._linger, self._hurry = _in_steps(costs.linger), _in_steps(costs.hurry)
        self._tiles = np.zeros(0, np.int64)
        self._tokens = np.zeros((0, _TILE))

    def leave_out(self, beam: float, *, entering: bool) -> None:
        """Keep the tiles with a token below *beam*, those a token can reach in a block, and the ways in."""
        wanted = np.zeros(len(self._line_of), bool)
        live = self._tiles[self._tokens.min(1) < beam]
        wanted[live] = True
        wanted[live[live < self._last_tile[self._line_of[live]]] + 1] = True
        if entering:
            wanted[self._first_tile] = True
        tiles = np.flatnonzero(wanted)
        kept = wanted[self._tiles]
        tokens = np.full((len(tiles), _TILE), _NEVER, np.float64)
        tokens[np.searchsorted(tiles, self._tiles[kept])] = self._tokens[kept]
        self._tiles, self._tokens = tiles, tokens
        self._one, self._two = np.empty(tokens.size), np.empty(tokens.size)
        # where the tile before is not there, nothing comes in; at a line's start, its price
        begins = self._is_first[tiles]
        broken = begins.copy()
        broken[1:] |= np.diff(tiles) > 1
        broken[:1] = True
        self._edges = np.flatnonzero(broken) * _TILE
        self._entries = np.flatnonzero(begins) * _TILE
        self._entering = self._line_of[tiles[begins]]
        last = tiles == self._last_tile[self._line_of[tiles]]
        self._ending = self._line_of[tiles[last]]
        self._ends = np.flatnonzero(last) * _TILE + self._last_in_tile[self._ending]

    def distances(self, recording: Frames) -> npt.NDArray[np.float64]:
        """Of *recording*'s frames to every template frame in use."""
        size = recording.shape[1]
        wide = np.ones((len(recording), size + 2), np.float32)
        wide[:, :size] = recording
        wide[:, size + 1] = (recording**2).sum(1)
        square = wide @ self._frames[self._tiles].reshape(-1, size + 2).T
        np.maximum(square, 0, out=square)
        np.sqrt(square, out=square)
        square += _ROUNDED
        square -= _ROUNDED
        return square.astype(np.float64)

    def move(
        self, here: npt.NDArray[np.float64], price: Frames | None, pause: float, time: int
    ) -> None:
        """All tokens one frame on; *price*: of entering each line at *time*, None if no line may begin."""
        if not here.size:
            return
        tokens, one, two = self._tokens.reshape(-1), self._one, self._two
        one[1:] = tokens[:-1]
        np.add(tokens[:-2], self._hurry, out=two[2:])
        one[self._edges] = _NEVER
        two[self._edges] = _NEVER
        two[self._edges + 1] = _NEVER
        if price is not None:
            one[self._entries] = _in_steps(price[self._entering]) + time * _ENTRY
        np.minimum(one, two, out=one)
        one += here
        here += self._linger
        np.minimum(here, pause, out=here)
        tokens += here
        np.minimum(tokens, one, out=tokens)

    def ends(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Lines whose last frame is in use, and the tokens there."""
        return self._ending, self._tokens.reshape(-1)[self._ends]

    def cheaper_by(self, best: float) -> None:
        self._tokens -= best


def _entered(token: float) -> int:
    """The frame at which *token* entered its line."""
    steps = token / _STEP
    return round((steps - math.floor(steps)) * (_STEP / _ENTRY))


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
