"""Readings of a Turkmen script whose every line is known to the sample: messy in the ways that people are.

The text is the Universal Declaration of Human Rights; the reader is espeak-ng, in another of its voices than
the locator's own, or any function that turns text into sound.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from workflow.dub.locate import SURE, _resampled
from workflow.dub.voice import speak

RATE = 16_000
Samples = npt.NDArray[np.float32]
Voice = Callable[[str], Samples]


@dataclass(frozen=True)
class Manner:
    """How a script is read: probabilities per line, seconds, dB."""

    again: float = 0.0
    false_start: float = 0.0
    skip: float = 0.0
    ad_lib: float = 0.0
    disorder: float = 0.0  # of blocks of three lines
    long_pause: float = 0.0
    hesitation: float = 0.0  # a pause inside a line
    snr_db: float = 50.0
    reverb: float = 0.0  # seconds to -60 dB


ORDERLY = Manner()
MANNERS = {
    "clean, in order": ORDERLY,
    "retakes and false starts": Manner(again=0.3, false_start=0.15),
    "lines skipped": Manner(skip=0.13),
    "ad-libs": Manner(ad_lib=0.4),
    "long pauses, hesitations": Manner(long_pause=0.2, hesitation=0.3),
    "noise at 10 dB and a room": Manner(snr_db=10, reverb=0.3),
    "disorder": Manner(disorder=0.12),
    "everything at 20 dB": Manner(0.25, 0.1, 0.1, 0.25, 0.1, 0.1, 0.15, 20.0, 0.15),
    "everything at 10 dB": Manner(0.25, 0.1, 0.1, 0.25, 0.1, 0.1, 0.15, 10.0, 0.15),
}


@dataclass(frozen=True, eq=False)
class Reading:
    """samples at 16 kHz; spans[k]: seconds of every complete take of line k, in the order they were said."""

    samples: Samples
    texts: tuple[str, ...]
    spans: tuple[tuple[tuple[float, float], ...], ...]

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


def clauses() -> list[str]:
    """Different Turkmen lines of three to eleven words."""
    text = (files("workflow.language") / "data" / "declaration.tk-Latn.txt").read_text("utf-8")
    found: dict[str, None] = {}
    for sentence in re.split(r"[.;:,\n]", text):
        words = sentence.replace("‐", "-").split()
        for first in range(0, len(words), 9):
            part = words[first : first + 9]
            if len(part) >= 3:
                found[" ".join(part)] = None
    return list(found)


def many_lines(count: int, seed: int = 0) -> tuple[str, ...]:
    """*count* different lines; beyond the Declaration's own, halves of its clauses joined anew."""
    whole = clauses()
    random = np.random.default_rng(seed)
    lines = [whole[i] for i in random.permutation(len(whole))[:count]]
    seen = set(lines)
    while len(lines) < count:
        one, other = (whole[i].split() for i in random.choice(len(whole), 2, replace=False))
        line = " ".join(one[: len(one) // 2 + 1] + other[len(other) // 2 :])
        if line not in seen:
            seen.add(line)
            lines.append(line)
    return tuple(lines)


def espeak(voice: str = "tk+f2", words_per_minute: int = 150) -> Voice:
    def say(text: str) -> Samples:
        spoken = speak(text, voice, words_per_minute=words_per_minute)
        return _resampled(spoken.trimmed(), spoken.rate)

    return say


def read_aloud(
    texts: tuple[str, ...], manner: Manner, *, voice: Voice | None = None, seed: int = 0
) -> Reading:
    """*texts* as *voice* reads them in this *manner*; the same every time."""
    voice = voice or espeak()
    random = np.random.default_rng(seed)
    words = " ".join(clauses()).split()
    pieces: list[Samples] = []
    place = 0
    spans: list[list[tuple[float, float]]] = [[] for _ in texts]

    def silence(seconds: float) -> None:
        nonlocal place
        pieces.append(np.zeros(round(seconds * RATE), np.float32))
        place += len(pieces[-1])

    def sound(samples: Samples) -> tuple[float, float]:
        nonlocal place
        pieces.append(samples * np.float32(random.uniform(0.7, 1.0)))
        start, place = place, place + len(samples)
        return start / RATE, place / RATE

    def line(number: int) -> None:
        said = voice(texts[number])
        if random.random() < manner.hesitation and len(words := texts[number].split()) > 3:
            cut = len(words) // 2
            gap = np.zeros(round(random.uniform(0.3, 0.8) * RATE), np.float32)
            said = np.concatenate([voice(" ".join(words[:cut])), gap, voice(" ".join(words[cut:]))])
        spans[number].append(sound(said))
        silence(random.uniform(0.35, 1.1))

    silence(0.8)
    for number in _order(len(texts), manner, random):
        if random.random() < manner.long_pause:
            silence(random.uniform(5, 15))
        if random.random() < manner.ad_lib:
            sound(voice(" ".join(random.choice(words, random.integers(3, 9)))))
            silence(random.uniform(0.3, 0.9))
        if random.random() < manner.false_start:
            said = voice(texts[number])
            sound(said[: int(len(said) * random.uniform(0.25, 0.6))])
            silence(random.uniform(0.3, 0.8))
        line(number)
        if random.random() < manner.again:
            line(number)
    samples = np.concatenate(pieces)
    return Reading(_in_a_room(samples, manner, random), texts, tuple(map(tuple, spans)))


def _order(count: int, manner: Manner, random: np.random.Generator) -> list[int]:
    blocks = [list(range(first, min(first + 3, count))) for first in range(0, count, 3)]
    for i in range(len(blocks)):
        if random.random() < manner.disorder:
            j = int(random.integers(len(blocks)))
            blocks[i], blocks[j] = blocks[j], blocks[i]
    return [k for block in blocks for k in block if random.random() >= manner.skip]


def _in_a_room(samples: Samples, manner: Manner, random: np.random.Generator) -> Samples:
    if manner.reverb:
        length = int(manner.reverb * RATE)
        tail = random.normal(0, 1, length) * 10 ** (-3 * np.arange(length) / length)
        tail *= 0.35 / np.sqrt((tail**2).sum())
        tail[0] += 1
        size = 1 << int(np.ceil(np.log2(len(samples) + length)))
        wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)
        samples = wet[: len(samples)].astype(np.float32)
    power = float(np.mean(samples[np.abs(samples) > 0.01] ** 2))
    white = np.fft.rfft(random.normal(0, 1, len(samples)))
    white /= np.sqrt(np.maximum(np.arange(len(white)), 20))
    pink = np.fft.irfft(white, len(samples))
    pink *= np.sqrt(power / np.mean(pink**2)) * 10 ** (-manner.snr_db / 20)
    return (samples + pink).astype(np.float32)


@dataclass
class Score:
    """How a located script compares with the truth of its reading."""

    right: int = 0
    missed: list[int] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)
    invented: list[int] = field(default_factory=list)
    wrong_but_sure: list[int] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    sure: int = 0
    said: int = 0


def score(located, reading: Reading) -> Score:  # type: ignore[no-untyped-def]
    """Right: within 0.3 s at the start and 0.4 s at the end of the last complete take."""
    result = Score()
    for number, (line, spans) in enumerate(zip(located.lines, reading.spans, strict=True)):
        take = line.take
        sure = take is not None and take.confidence >= SURE  # flags set aside: the stricter count
        result.sure += sure
        result.said += bool(spans)
        if take is None:
            if spans:
                result.missed.append(number)
            continue
        if not spans:
            result.invented.append(number)
            if sure:
                result.wrong_but_sure.append(number)
            continue
        start, end = abs(take.start - spans[-1][0]), abs(take.end - spans[-1][1])
        if start <= 0.3 and end <= 0.4:
            result.right += 1
            result.starts.append(start)
            result.ends.append(end)
        else:
            result.wrong.append(number)
            if sure:
                result.wrong_but_sure.append(number)
    return result
