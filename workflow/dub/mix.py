"""The dub mix: bed and lines, block by block, on the film's own samples.

A voice-over lowers the original by an envelope drawn from where the lines are, never from how loud the
voice is: full depth from a line's first sample to its last, no pumping. A full dub lies on the M&E stem.
Nothing is placed by milliseconds, and a film of any length needs the memory of some seconds of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from workflow.dub.loudness import (
    CELL,
    CONTEXT,
    HARMLESS,
    Meter,
    amplitude,
    decibels,
    integrated,
    limited,
    loudness_of,
    scale,
    short_loudness,
    spans_only,
    true_peak,
)
from workflow.dub.sound import RATE, Samples, WavWriter
from workflow.errors import BadInput
from workflow.progress import Watch, unwatched

BLOCK = RATE * 20
_STAY_DOWN = 0.7  # seconds of gap that are not worth coming up for, beside attack and release
_CLOSE_ENOUGH = 0.05  # LU
_MARGIN_DB = 0.1  # of the limiter under the wanted true peak
TRIALS = 4  # gains that are tried at most
_LEAST_WORTH = 0.2  # LU that a dB of gain is taken to be worth, so that no trial leaps
_MOST_LEVELLING = 6.0  # dB that one line is made louder or softer
_OVER_BED = (8.0, 12.0)  # LU of the voice over the lowered bed
_GRAIN = RATE // 2
_EMPTY_BED = 10 ** (-75 / 20)

Cells = npt.NDArray[np.float64]  # energy of each 100 ms


@dataclass(frozen=True, slots=True)
class Style:
    """A manner of voice-over: how far the original goes down, how long it is heard alone, how it moves.

    depth             dB
    lead, attack, release   seconds
    """

    depth: float
    lead: float
    attack: float
    release: float

    @property
    def lead_samples(self) -> int:
        return round(self.lead * RATE)


STYLES = {
    "un": Style(-15.0, 1.5, 0.25, 0.6),
    "lector": Style(-12.0, 0.6, 0.2, 0.5),
    "tight": Style(-18.0, 0.0, 0.15, 0.45),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Integrated loudness in LUFS and the highest true peak in dBTP.

    gate  "programme": the whole mix; "dialogue": only where lines are spoken
    """

    lufs: float
    true_peak_db: float
    gate: Literal["programme", "dialogue"] = "programme"


TARGETS = {
    "ebu-r128": Target(-23.0, -1.0),
    "streaming": Target(-16.0, -1.0),
    "netflix": Target(-27.0, -2.0, "dialogue"),
}


@dataclass(frozen=True, eq=False)
class PlacedSound:
    """A line's sound, mono, ready to be added at *start* (samples on the film's time)."""

    start: int
    samples: Samples
    speaker: str = ""

    @property
    def end(self) -> int:
        return self.start + len(self.samples)


@dataclass(frozen=True, slots=True)
class MixReport:
    """What was done and what came out, by our own meter (`measure_file` is the second one)."""

    gain_db: float
    lufs: float
    true_peak_db: float
    passes: int
    limited_blocks: int


class Mix:
    """A mix that can be asked for any stretch of its samples.

    bed    float32[n, 2]: the original, or the M&E stem; may be a memory map
    style  how a voice-over lowers the bed; None leaves it alone (full dub)
    tone   gives the `room_tone` for where the bed is empty, if it is
    """

    def __init__(
        self,
        bed: Samples,
        lines: Iterable[PlacedSound],
        style: Style | None,
        *,
        tone: Callable[[], list[Samples]] | None = None,
    ) -> None:
        self.bed, self.style = bed, style
        self.lines = tuple(sorted(lines, key=lambda line: line.start))
        self.length = len(bed)
        self._tone_of = tone
        for line in self.lines:
            if line.start < 0 or line.end > self.length:
                raise BadInput(
                    "LINE_OUTSIDE_FILM",
                    f"A line would be heard until {line.end / RATE:.3f} s, but the film ends at "
                    f"{self.length / RATE:.3f} s.",
                )

    @property
    def spans(self) -> list[tuple[int, int]]:
        return [(line.start, line.end) for line in self.lines]

    def lowered_bed(self, first: int, last: int) -> Samples:
        """The bed as it is in the mix, before gain."""
        beside = 0 if self._tone_of is None else _GRAIN
        early = max(0, first - beside)
        around = self.bed[early : last + beside]  # at once: a stored sound is slow to go back in
        bed = np.array(around[first - early : last - early], np.float32)
        if self.style is not None:
            for start, end, gain in _lowered(self.spans, self.style, first, last):
                under = bed[start - first : end - first]
                if len(gain) == 1:
                    under *= gain
                else:
                    scale(under, gain)
        elif self._tone_of is not None:
            bed += self._tone(around, early, first, last)
        return bed

    def dialogue(self, first: int, last: int) -> Samples:
        """The lines alone, mono."""
        out = np.zeros(last - first, np.float32)
        for line in self.lines:
            start, end = max(line.start, first), min(line.end, last)
            if start < end:
                out[start - first : end - first] += line.samples[
                    start - line.start : end - line.start
                ]
        return out

    def samples(self, first: int, last: int) -> Samples:
        out, said = self.lowered_bed(first, last), self.dialogue(first, last)
        out[:, 0] += said
        out[:, 1] += said
        return out

    def blocks(self) -> Iterator[tuple[int, int]]:
        for first in range(0, self.length, BLOCK):
            yield first, min(first + BLOCK, self.length)

    @cached_property
    def _grains(self) -> list[Samples]:
        return self._tone_of() if self._tone_of is not None else []

    def _tone(self, around: Samples, early: int, first: int, last: int) -> Samples:
        """Room tone under what is digitally empty, faded at its edges by the grains' own shape.

        around  the bed from *early* on, a grain beyond the stretch
        """
        out = np.zeros((last - first, 2), np.float32)
        half = _GRAIN // 2
        shape = np.sin(np.linspace(0, np.pi / 2, half, endpoint=False), dtype=np.float32)
        shape = np.concatenate([shape, shape[::-1]])[:, None]
        for number in range(first // half - 1, last // half + 1):
            at = number * half
            heard = around[max(0, at) - early : at + _GRAIN - early]
            if at < -half or (len(heard) and np.abs(heard).max() > _EMPTY_BED):
                continue
            grain = self._grains[(number * 2654435761 >> 7) % len(self._grains)] * shape
            start, end = max(at, first), min(at + _GRAIN, last)
            if start < end:
                out[start - first : end - first] += grain[start - at : end - at]
        return out


def ducking(spans: Sequence[tuple[int, int]], style: Style, first: int, last: int) -> Samples:
    """Gain of the original for samples *first* to *last*: trapezoids that are straight in dB.

    Gaps in which it would hardly come up before it must go down again stay down.
    """
    whole = np.ones(last - first, np.float32)
    for start, end, gain in _lowered(spans, style, first, last):
        whole[start - first : end - first] = gain
    return whole


def _lowered(
    spans: Sequence[tuple[int, int]], style: Style, first: int, last: int
) -> Iterator[tuple[int, int, Samples]]:
    """Stretches in which the original is lower, with its gain: of each sample, or one for all."""
    attack, release = style.attack * RATE, style.release * RATE
    merged: list[list[int]] = []
    for start, end in sorted(spans):
        if merged and start - merged[-1][1] < _STAY_DOWN * RATE + attack + release:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    for start, end in merged:
        knots = [start - attack, start, end - 1, end + release]
        down, up = int(knots[0]), int(knots[3]) + 1
        for begin, until, flat in ((down, start, False), (start, end, True), (end, up, False)):
            low, high = max(first, begin), min(last, until)
            if low < high:
                at = np.arange(low, low + 1 if flat else high)
                level = np.interp(at, knots, [0, style.depth, style.depth, 0]).astype(np.float32)
                yield low, high, np.power(np.float32(10), level / np.float32(20))


def room_tone(source: Samples) -> list[Samples]:
    """The four quietest half seconds of *source*, float32[n, 2], to be strewn where there is nothing."""
    step = _GRAIN // 4
    starts = range(0, max(1, len(source) - _GRAIN), step)
    energy = np.array([float(np.mean(source[s : s + _GRAIN] ** 2)) for s in starts])
    energy[energy < 1e-12] = np.inf  # digital silence is no room
    chosen = [s for s in np.argsort(energy, kind="stable")[:4] if np.isfinite(energy[s])]
    grains = [np.array(source[s * step : s * step + _GRAIN], np.float32) for s in chosen]
    return [grain for grain in grains if len(grain) == _GRAIN] or [
        np.zeros((_GRAIN, 2), np.float32)
    ]


def levelled(lines: Sequence[PlacedSound]) -> list[PlacedSound]:
    """Every line of a speaker at that speaker's median loudness: gain only, 6 dB at most."""
    changes = levelling(
        [line.speaker for line in lines], [short_loudness(x.samples) for x in lines]
    )
    return [_louder(line, change) for line, change in zip(lines, changes, strict=True)]


def levelling(speakers: Sequence[str], loudness: Sequence[float]) -> list[float]:
    """dB by which each line changes to be as loud as its speaker's median line.

    In tenths: one new line then changes no other, but for rare jumps of a tenth.
    """
    medians = {
        speaker: round(float(np.median(own)), 1)
        for speaker in set(speakers)
        if (
            own := [
                x
                for s, x in zip(speakers, loudness, strict=True)
                if s == speaker and np.isfinite(x)
            ]
        )
    }
    return [
        max(-_MOST_LEVELLING, min(_MOST_LEVELLING, round(medians[speaker] - own, 1)))
        if np.isfinite(own)
        else 0.0
        for speaker, own in zip(speakers, loudness, strict=True)
    ]


def voice_over_bed(
    lines: Sequence[PlacedSound], original: Samples, style: Style | None, bed: Samples | None = None
) -> list[PlacedSound]:
    """Lines as loud as the original speech that they replace, and always clear of what stays under them.

    original  float32[n, 2]; its loudness where lines are spoken is the measure
    bed       the M&E stem of a full dub

    Over the lowered original 8 to 12 LU; without any original the lines stay as they are.
    """
    change = lift(
        loudness_of_lines([(len(x.samples), short_loudness(x.samples)) for x in lines]),
        _loudness_within(original, lines),
        style,
        _loudness_within(bed, lines) if bed is not None else float("-inf"),
    )
    return [_louder(line, change) for line in lines] if change else list(lines)


def lift(voice: float, speech: float, style: Style | None, bed: float) -> float:
    """dB, in tenths, by which all lines change; from their loudness, the original's and the stem's under them."""
    if style is not None:
        under = speech + style.depth
        wanted = min(max(speech, under + _OVER_BED[0]), under + _OVER_BED[1])
    else:
        wanted = max(speech, bed + _OVER_BED[0])
    return round(wanted - voice, 1) if np.isfinite(wanted) and np.isfinite(voice) else 0.0


def _louder(line: PlacedSound, change_db: float) -> PlacedSound:
    return replace(line, samples=line.samples * np.float32(amplitude(change_db)))


def _loudness_within(sound: Samples, lines: Sequence[PlacedSound]) -> float:
    return integrated(
        np.concatenate([np.zeros(0), *(cells_within(sound, x.start, x.end) for x in lines)])
    )


def cells_within(sound: Samples, start: int, end: int) -> npt.NDArray[np.float64]:
    """Energy of the 100 ms of a stretch, heard by itself."""
    meter = Meter()
    meter.add(np.array(sound[start:end], np.float32))
    return meter.cells


def loudness_of_lines(levels: Sequence[tuple[int, float]]) -> float:
    """LUFS of lines together, from each one's length and loudness."""
    heard = [(n, 10 ** (level / 10)) for n, level in levels if np.isfinite(level)]
    if not heard:
        return float("-inf")
    return loudness_of(sum(n * power for n, power in heard) / sum(n for n, _ in heard) * 10**0.0691)


class Desk:
    """A mix whose gain is looked for: mixed block by block, limited at any gain, measured before and after.

    ceiling  of the limiter
    kept     a file for what is mixed, so that it is mixed once; None: as often as it is asked for
    """

    def __init__(self, mix: Mix, ceiling: float, kept: BinaryIO | None = None) -> None:
        self._mix, self._ceiling, self._kept = mix, ceiling, kept
        self._places: dict[int, int] = {}

    def before(self, first: int, last: int) -> Cells:
        """The highest sample of a block and of what its limiting depends on, then the energy of its 100 ms."""
        mixed, early = self._mixed(first, last)
        highest = max(mixed.max(initial=0.0), -mixed.min(initial=0.0))
        return np.concatenate([[float(highest)], _energies(mixed, early, first, last)])

    def after(self, first: int, last: int, gain_db: float, before: Cells) -> Cells:
        """Whether the block is limited at this gain, then its energies."""
        gain = np.float32(amplitude(gain_db))
        if before[0] * gain >= self._ceiling * HARMLESS:
            mixed, early = self._mixed(first, last)
            loud = mixed * gain
            safe = limited(loud, self._ceiling)
            if safe is not loud:
                return np.concatenate([[1.0], _energies(safe, early, first, last)])
        return np.concatenate([[0.0], before[1:] * float(gain) ** 2])

    def block(self, first: int, last: int, gain_db: float) -> Samples:
        """As it is heard."""
        mixed, early = self._mixed(first, last)
        loud = mixed * np.float32(amplitude(gain_db))
        return limited(loud, self._ceiling)[first - early : last - early]

    def _mixed(self, first: int, last: int) -> tuple[Samples, int]:
        """The block with what is heard beside it, and where that begins."""
        early = max(0, first - CONTEXT - CELL)
        late = min(self._mix.length, last + CONTEXT)
        if self._kept is None:
            return self._mix.samples(early, late), early
        if first not in self._places:
            mixed = self._mix.samples(early, late)
            self._places[first] = self._kept.seek(0, SEEK_END)
            self._kept.write(mixed.data)
            return mixed, early
        self._kept.seek(self._places[first])
        read = np.frombuffer(self._kept.read((late - early) * 8), np.float32)
        return read.reshape(-1, 2), early


def _energies(sound: Samples, early: int, first: int, last: int) -> Cells:
    """Of each 100 ms of a block; the filters run in on those before it. *sound* begins at *early*."""
    lead = min(CELL, first - early)
    meter = Meter()
    meter.add(sound[first - early - lead : last - early])
    return meter.cells[lead // CELL :]


@dataclass(frozen=True, eq=False)
class Settled:
    """A gain and how the mix is heard with it.

    tried    gains until it was found
    limited  blocks
    cells    energy of every 100 ms
    """

    gain_db: float
    lufs: float
    tried: int
    limited: int
    cells: Cells


def settled(
    mix: Mix,
    target: Target,
    before: Sequence[Cells],
    after: Callable[[int, float], Cells],
    *,
    digits: int,
    close: float,
) -> Settled:
    """The gain, to so many *digits* of a dB, at which the mix is heard at the *target*, or as near as it came.

    before  of every block, as `Desk` measures it
    after   of a block by number, at a gain
    close   LU that do not matter
    """
    start = loudness_in(np.concatenate([cells[1:] for cells in before]), mix, target)
    gain_db = round(target.lufs - start, digits) if np.isfinite(start) else 0.0
    tried: dict[float, Settled] = {}
    slope = 1.0  # LU that a dB is worth: less than one where the limiter takes the rest
    while gain_db not in tried and len(tried) < TRIALS:
        blocks = [after(number, gain_db) for number in range(len(before))]
        cells = np.concatenate([block[1:] for block in blocks])
        touched = sum(bool(block[0]) for block in blocks)
        heard = loudness_in(cells, mix, target)
        last = next(reversed(tried.values()), None)
        tried[gain_db] = Settled(gain_db, heard, len(tried) + 1, touched, cells)
        off = target.lufs - heard
        if not np.isfinite(off) or abs(off) <= close:
            break
        if last is not None:
            slope = (heard - last.lufs) / (gain_db - last.gain_db)
        gain_db = round(gain_db + off / min(1.0, max(_LEAST_WORTH, slope)), digits)
    best = min(tried.values(), key=lambda one: abs(target.lufs - one.lufs))
    return replace(best, tried=len(tried))


def master(
    mix: Mix, out: Path, target: Target, *, watch: Watch = unwatched, headroom_db: float = 0.0
) -> MixReport:
    """Write *mix* to *out* (WAV, 48 kHz, 24 bits) at the *target*: one gain, a limiter, measured again.

    headroom_db  of true peak that is left besides, for a lossy codec's overshoot

    A silent mix stays silent.
    """
    desk = Desk(mix, amplitude(target.true_peak_db - _MARGIN_DB - headroom_db))
    blocks = list(mix.blocks())
    before = []
    for first, last in blocks:
        before.append(desk.before(first, last))
        watch(300 * last // mix.length, "Mixing")

    tries = count()

    def after(number: int, gain_db: float) -> Cells:
        watch(300 + 400 * next(tries) // (TRIALS * len(blocks)), "Mixing")
        return desk.after(*blocks[number], gain_db, before[number])

    found = settled(mix, target, before, after, digits=2, close=_CLOSE_ENOUGH)
    peak = 0.0
    with WavWriter(out, 2) as file:
        for first, last in blocks:
            block = desk.block(first, last, found.gain_db)
            peak = max(peak, true_peak(block))
            file.write(block)
            watch(700 + 300 * last // mix.length, "Mixing")
    return MixReport(found.gain_db, found.lufs, decibels(peak), found.tried + 2, found.limited)


def loudness_in(cells: npt.NDArray[np.float64], mix: Mix, target: Target) -> float:
    """LUFS as *target* counts it."""
    if target.gate == "dialogue" and mix.lines:
        return integrated(spans_only(cells, mix.spans))
    return integrated(cells)


def write_stems(mix: Mix, folder: Path, gain_db: float, *, watch: Watch = unwatched) -> list[Path]:
    """dialogue.wav (mono, dry) and bed.wav beside the mix: same first sample, same length, same gain."""
    gain = np.float32(amplitude(gain_db))
    dialogue, bed = folder / "dialogue.wav", folder / "bed.wav"
    with WavWriter(dialogue, 1) as voice, WavWriter(bed, 2) as rest:
        for first, last in mix.blocks():
            voice.write(mix.dialogue(first, last) * gain)
            rest.write(mix.lowered_bed(first, last) * gain)
            watch(1000 * last // mix.length, "Writing the stems")
    return [dialogue, bed]
