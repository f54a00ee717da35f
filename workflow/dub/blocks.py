"""A mix that remembers its blocks: one changed line of an hour's film is mixed again in seconds.

The film is mixed in blocks of 20 s, each named by everything that it is heard from. What was measured on the
way (loudness of lines, of the original under them, of every block) is remembered beside them. Levels and the
gain of the whole go in tenths of a decibel, so that a changed line leaves the blocks without it as they were.
The same inputs give the same bytes, whatever was remembered.
"""

from __future__ import annotations

import tempfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Protocol, cast

import av
import numpy as np

from workflow.dub.loudness import (
    CONTEXT,
    amplitude,
    decibels,
    integrated,
    limited,
    short_loudness,
    true_peak,
)
from workflow.dub.mix import (
    TRIALS,
    Cells,
    Desk,
    Mix,
    MixReport,
    PlacedSound,
    Style,
    Target,
    cells_within,
    levelling,
    lift,
    loudness_of_lines,
    settled,
)
from workflow.dub.sound import RATE, Samples, WavWriter, packed
from workflow.progress import Watch, unwatched
from workflow.tracks.cues import canonical, sha256

ENGINE = "dub-mix/1"  # part of every block's name: raise it when a mix comes out otherwise
_REACH = 3 * RATE  # samples beside a block within which a line changes how it sounds
_CLOSE_ENOUGH = 0.05  # LU: the gain goes in tenths
_MARGIN_DB = 0.1
_HEADROOM_DB = 0.5  # of true peak, for AAC's overshoot


class Store(Protocol):
    """Keeps blocks of a mix by their names."""

    def look_up(self, keys: Sequence[str]) -> None:
        """Learn at once which of *keys* there are, before each is asked for."""

    def has(self, key: str) -> bool: ...

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, block: bytes) -> None: ...


@dataclass(frozen=True, eq=False)
class Spoken:
    """A line of the mix whose sound is read only where it is mixed.

    name   of its take as it is fitted: equal names sound alike
    load   its samples, mono at 48 kHz, *length* of them
    """

    start: int
    length: int
    speaker: str
    name: str
    load: Callable[[], Samples]
    gain_db: float = 0.0

    @property
    def end(self) -> int:
        return self.start + self.length

    @property
    def samples(self) -> Samples:
        louder: Samples = self.load() * np.float32(amplitude(self.gain_db))
        return louder


class Notes:
    """What was measured, by name; as JSON between two mixes. Only what the last mix asked for is kept."""

    def __init__(self, body: dict[str, Any] | None = None) -> None:
        self._old = body or {}
        self._used: dict[str, Any] = {}

    def number(self, name: str, measure: Callable[[], float]) -> float:
        if name not in self._used:
            self._used[name] = self._old[name] if name in self._old else str(measure())
        return float(self._used[name])

    def cells(self, name: str, measure: Callable[[], Cells]) -> Cells:
        known = self.known(name)
        cells = measure() if known is None else known
        self.keep(name, cells)
        return cells

    def known(self, name: str) -> Cells | None:
        body = self._used.get(name, self._old.get(name))
        return None if body is None else np.frombuffer(b64decode(body), "<f8").astype(np.float64)

    def keep(self, name: str, cells: Cells) -> None:
        self._used[name] = b64encode(cells.astype("<f8").tobytes()).decode()

    def to_json(self) -> dict[str, Any]:
        return self._used


def balanced(
    lines: Sequence[Spoken],
    original: Samples,
    original_name: str,
    style: Style | None,
    notes: Notes,
    *,
    bed: Samples | None = None,
    bed_name: str = "",
) -> list[Spoken]:
    """Lines at their speakers' levels, and all of them over what stays under them; see `voice_over_bed`."""
    loudness = [
        notes.number(f"line {x.name}", lambda x=x: short_loudness(x.load()))  # type: ignore[misc]
        for x in lines
    ]
    changes = levelling([line.speaker for line in lines], loudness)
    even = [n + change for n, change in zip(loudness, changes, strict=True)]

    def under(sound: Samples, name: str) -> float:
        cells = [
            notes.cells(
                f"{name} {x.start} {x.end}",
                lambda x=x: cells_within(sound, x.start, x.end),  # type: ignore[misc]
            )
            for x in lines
        ]
        return integrated(np.concatenate([np.zeros(0), *cells]))

    whole = lift(
        loudness_of_lines([(x.length, n) for x, n in zip(lines, even, strict=True)]),
        under(original, original_name),
        style,
        float("-inf") if bed is None else under(bed, bed_name),
    )
    return [
        replace(line, gain_db=round(change + whole, 1))
        for line, change in zip(lines, changes, strict=True)
    ]


@dataclass(frozen=True)
class Blocks:
    """A finished mix, by the names of its blocks in order.

    made   how many of them were mixed for it; the others were there
    cells  energy of every 100 ms
    """

    keys: tuple[str, ...]
    report: MixReport
    made: int
    cells: Cells

    @property
    def name(self) -> str:
        return sha256(canonical([ENGINE, *self.keys]))


def master_blocks(
    mix: Mix,
    lines: Sequence[Spoken],
    bed_name: str,
    target: Target,
    store: Store,
    notes: Notes,
    *,
    work: Path | None = None,
    watch: Watch = unwatched,
) -> Blocks:
    """Every block of *mix* at the *target* in the *store*; only those that are not there are mixed.

    lines     those of the mix, with their names
    bed_name  names the sound that they lie on, and the room tone's
    work      folder for what is mixed and waits for its gain: 1.4 GB for an hour that is mixed anew
    """
    blocks = list(mix.blocks())
    names = [_name(mix, lines, bed_name, first, last) for first, last in blocks]
    ceiling = amplitude(target.true_peak_db - _MARGIN_DB - _HEADROOM_DB)

    def key(number: int, gain_db: float) -> str:
        return sha256(canonical([ENGINE, "block", names[number], gain_db, round(ceiling, 9)]))

    with tempfile.TemporaryFile(dir=work) as kept:
        desk = Desk(mix, ceiling, kept)
        before = []
        for number, block in enumerate(blocks):
            before.append(notes.cells(f"mixed {names[number]}", partial(desk.before, *block)))
            watch(500 * number // len(blocks), "Mixing")

        tries = count()

        def after(number: int, gain_db: float) -> Cells:
            watch(500 + 300 * next(tries) // (TRIALS * len(blocks)), "Mixing")
            measure = partial(desk.after, *blocks[number], gain_db, before[number])
            return notes.cells(f"after {key(number, gain_db)}", measure)

        found = settled(mix, target, before, after, digits=1, close=_CLOSE_ENOUGH)
        keys = tuple(key(number, found.gain_db) for number in range(len(blocks)))
        store.look_up(keys)
        made, peak = 0, 0.0
        for number, name in enumerate(keys):
            highest = notes.known(f"peak {name}")
            if highest is None or not store.has(name):
                samples = desk.block(*blocks[number], found.gain_db)
                store.put(name, packed(samples))
                highest = np.array([true_peak(samples)])
                made += 1
            notes.keep(f"peak {name}", highest)
            peak = max(peak, float(highest[0]))
            watch(800 + 200 * number // len(blocks), "Mixing")
    watch(1000, "Mixing")
    report = MixReport(found.gain_db, found.lufs, decibels(peak), found.tried + 2, found.limited)
    return Blocks(keys, report, made, found.cells)


def _name(mix: Mix, lines: Sequence[Spoken], bed_name: str, first: int, last: int) -> str:
    near = [
        [x.start, x.length, x.name, x.gain_db]
        for x in sorted(lines, key=lambda x: (x.start, x.name))
        if x.start < last + _REACH and x.end > first - _REACH
    ]
    style = mix.style
    manner = [style.depth, style.lead, style.attack, style.release] if style else None
    return sha256(canonical([ENGINE, bed_name, manner, first, last, mix.length, near]))


def write_blocks(blocks: Blocks, store: Store, out: Path) -> None:
    """The mix as WAV, 48 kHz, 24 bits, stereo. Raises KeyError for a block that is no more in the *store*."""
    with WavWriter(out, 2) as file:
        for key in blocks.keys:
            data = store.get(key)
            if data is None:
                raise KeyError(key)
            file.write_packed(data)


def stretch(mix: Mix, first: int, last: int, gain_db: float, target: Target) -> Samples:
    """Some of the mix as it would be heard, at a gain that is already known."""
    early, late = max(0, first - CONTEXT), min(mix.length, last + CONTEXT)
    loud = mix.samples(early, late) * np.float32(amplitude(gain_db))
    return limited(loud, amplitude(target.true_peak_db))[first - early : last - early]


def mix_of(
    bed: Any, lines: Sequence[Spoken], style: Style | None, tone: Callable[[], list[Samples]] | None
) -> Mix:
    return Mix(bed, cast("Sequence[PlacedSound]", lines), style, tone=tone)


class SoundFile:
    """A stored sound as if it were in memory, stereo at 48 kHz and *length* samples long; sought, not read through.

    What is beyond its end is silent. Not for two threads at once.
    """

    def __init__(self, path: Path, length: int, demuxer: str) -> None:
        self._length = length
        self._media = av.open(str(path), format=demuxer)
        self._stream = self._media.streams.audio[0]
        self._alone = self._stream.codec_context.channels == 1
        self._resampler = self._new_resampler()
        self._place = 0  # of the next sample that is decoded
        self._frames: Iterator[Any] = iter(self._media.decode(self._stream))
        self._rest: Samples = np.zeros((0, 2), np.float32)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, where: slice) -> Samples:
        first, last, _ = where.indices(self._length)
        out = np.zeros((max(0, last - first), 2), np.float32)
        if not len(out):
            return out
        if not self._place - len(self._rest) <= first <= self._place + RATE * 5:
            self._seek(first)
        at = self._place - len(self._rest)
        while at < last:
            block = self._rest if len(self._rest) else self._decode()
            if block is None:
                break
            start, end = max(first, at), min(last, at + len(block))
            if start < end:
                out[start - first : end - first] = block[start - at : end - at]
            self._rest = block
            if at + len(block) > last:
                break
            at += len(block)
            self._rest = np.zeros((0, 2), np.float32)
        return out

    def _decode(self) -> Samples | None:
        pieces: list[Samples] = []
        while sum(len(piece) for piece in pieces) < RATE // 2:
            frame = next(self._frames, None)
            if frame is None:
                break
            frame.pts = None
            pieces += self._both_sides(frame)
        if not pieces:
            return None
        block: Samples = np.concatenate(pieces)
        self._place += len(block)
        return block

    def _seek(self, sample: int) -> None:
        base = self._stream.time_base or Fraction(1, RATE)
        zero = self._stream.start_time or 0
        wanted = max(0, sample - RATE // 10)
        self._media.seek(zero + int(wanted / RATE / base), stream=self._stream, backward=True)
        self._resampler = self._new_resampler()
        self._rest = np.zeros((0, 2), np.float32)
        self._frames = iter(self._media.decode(self._stream))
        frame = next(self._frames, None)
        if frame is None:
            self._place = self._length
            return
        self._place = round(float((frame.pts - zero) * base) * RATE)
        frame.pts = None
        pieces = self._both_sides(frame)
        self._rest = np.concatenate(pieces) if pieces else self._rest
        self._place += len(self._rest)

    def _new_resampler(self) -> av.AudioResampler:
        # swresample would take 3 dB off a mono sound
        return av.AudioResampler(
            format="flt", layout="mono" if self._alone else "stereo", rate=RATE
        )

    def _both_sides(self, frame: Any) -> list[Samples]:
        pieces: list[Samples] = [
            p.to_ndarray().astype(np.float32, copy=False) for p in self._resampler.resample(frame)
        ]
        if self._alone:
            return [np.repeat(piece.reshape(-1, 1), 2, axis=1) for piece in pieces]
        return [piece.reshape(-1, 2) for piece in pieces]

    def close(self) -> None:
        self._media.close()
