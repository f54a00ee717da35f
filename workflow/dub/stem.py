"""An M&E stem: whether it can lie under a full dub, and what a person should know of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workflow.dub.sound import CLIPPED, ONE_SIDED, RATE, SILENT, Samples, decoded, layout_of
from workflow.errors import BadInput
from workflow.media.facts import Finding
from workflow.progress import Watch, unwatched

_MOST_OFF = RATE // 2  # samples that a stem may be longer or shorter than its film
_UNHEARD = RATE // 50  # samples of it that are not worth a word


class Ear:
    """Hears a stem block by block, and then knows what there is to say of it."""

    def __init__(self) -> None:
        self.length = 0
        self._peak, self._clipped, self._energy = 0.0, 0, np.zeros(2)

    def hear(self, block: Samples) -> None:
        """float32[n, 2] at 48 kHz."""
        loud = np.abs(block)
        self.length += len(block)
        self._peak = max(self._peak, float(loud.max(initial=0.0)))
        self._clipped += int(np.count_nonzero(loud.max(axis=1, initial=0.0) >= CLIPPED))
        self._energy += np.square(block, dtype=np.float64).sum(axis=0)

    def say(self, path: Path, film_length: int, *, name: str = "") -> tuple[Finding, ...]:
        """Raises BadInput STEM_LENGTH beyond half a second, SILENT."""
        name = name or path.name
        off = self.length - film_length
        if abs(off) > _MOST_OFF:
            raise BadInput(
                "STEM_LENGTH",
                f"The stem is {abs(off) / RATE:.3f} s {'longer' if off > 0 else 'shorter'} than the film.",
                where=name,
                advice="Export the stem from the first frame of the film to the last.",
            )
        if self._peak < SILENT:
            raise BadInput(
                "SILENT",
                "Nothing is heard in this stem: the dub would be heard over silence.",
                where=name,
                advice="Check that the right tracks were exported, and send it again.",
            )
        findings = []
        if off > _UNHEARD:
            findings.append(
                _finding("STEM_LONGER", "The stem's last %(seconds)s s are not heard.", off / RATE)
            )
        if off < -_UNHEARD:
            findings.append(
                _finding("STEM_SHORTER", "The film's last %(seconds)s s have no stem.", -off / RATE)
            )
        rate, channels = layout_of(path)
        # what is mixed down is louder than its channels, and not distorted for it
        if channels <= 2 and self._clipped > max(10, self.length // 1_000_000):
            findings.append(
                Finding(
                    "CLIPPED",
                    f"{self._clipped} samples are at full scale: the stem is distorted.",
                    {"count": self._clipped},
                )
            )
        if rate != RATE:
            findings.append(
                Finding(
                    "OTHER_RATE",
                    f"The stem has {rate} Hz; it was brought to {RATE} Hz.",
                    {"rate": rate, "wanted": RATE},
                )
            )
        if channels == 1:
            findings.append(
                Finding("STEM_MONO", "The stem has one channel: it is heard alike on both sides.")
            )
        elif channels > 2:
            findings.append(
                Finding(
                    "MIXED_DOWN",
                    f"{channels} channels were mixed down to stereo.",
                    {"channels": channels},
                )
            )
        elif self._energy.min() < self._energy.max() * ONE_SIDED**2:
            findings.append(Finding("ONE_CHANNEL", "Only one side of the stem holds sound."))
        return tuple(findings)


def _finding(code: str, words: str, seconds: float) -> Finding:
    values = {"seconds": f"{seconds:.3f}"}
    return Finding(code, words % values, values)


def examine_stem(
    path: Path, film_length: int, *, name: str = "", watch: Watch = unwatched
) -> tuple[Finding, ...]:
    """Hear all of *path*. Raises as `Ear.say` and `decoded` do."""
    ear = Ear()
    for block in decoded(path, watch=watch):
        ear.hear(block)
    return ear.say(path, film_length, name=name)
