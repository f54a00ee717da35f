"""Takes: one performance of one line each, cut from a long recording or read from a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workflow.dub.fit import with_soft_edges
from workflow.dub.locate import SURE, LocatedLine
from workflow.dub.sound import RATE, Recording, Samples, read_recording
from workflow.errors import BadInput
from workflow.media.facts import Finding
from workflow.progress import Watch, unwatched

_BEFORE = 0.010  # seconds kept before the first sound, under the fade
_AFTER = 0.080  # a room's answer and a soft last consonant
_NAME = re.compile(r"\D*?0*(\d{1,5})(?:[-_. ](?:take[-_ ]?)?(\d{1,4}))?\D*", re.IGNORECASE)
_SOUND_SUFFIXES = frozenset(
    (".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".mp4", ".mka")
)
_EDGE = 10 ** (-45 / 20)  # of the take's own peak: what counts as its first and last sound


@dataclass(frozen=True, eq=False)
class LineTakes:
    """For each line of a script the take to use, mono at 48 kHz, or None; and what a person should know."""

    takes: tuple[Samples | None, ...]
    findings: tuple[Finding, ...]


def cut_takes(
    recording: Recording, lines: Sequence[LocatedLine], *, accept: float = SURE
) -> LineTakes:
    """The offered take of every line that was found for sure; a doubtful one stays out until it is heard.

    recording  at 48 kHz
    accept     lowest confidence that goes in unheard; below SURE, flags are passed over as well
    """
    starts = sorted(take.start for line in lines for take in line.takes)
    cut: list[Samples | None] = []
    for line in lines:
        take = line.take
        if take is None or not (take.sure or (accept < SURE and take.confidence >= accept)):
            cut.append(None)
            continue
        following = next((start for start in starts if start > take.start), float("inf"))
        first = max(0, round((take.start - _BEFORE) * RATE))
        end = max(take.end, min(take.end + _AFTER, following - _BEFORE))
        last = min(len(recording.samples), round(end * RATE))
        cut.append(with_soft_edges(recording.samples[first:last]))
    return LineTakes(tuple(cut), recording.findings)


def read_takes(folder: Path, count: int, *, watch: Watch = unwatched) -> LineTakes:
    """Takes from files named by line: ``7.wav``, ``007.flac``, ``line-007_take2.wav``; the highest take wins.

    count  lines of the script

    Silence around a take is cut off. Raises BadInput NO_TAKES, TAKE_UNKNOWN (a line the script does not
    have), and what `read_recording` raises.
    """
    if not folder.is_dir():
        raise BadInput("NO_TAKES", "There is no such folder of takes.", where=str(folder))
    files: dict[int, tuple[int, Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in _SOUND_SUFFIXES:
            continue
        found = _NAME.fullmatch(path.stem)
        line = int(found[1]) if found else 0
        if not found or not 1 <= line <= count:
            raise BadInput(
                "TAKE_UNKNOWN",
                f"{path.name} belongs to no line of the script, which has {count}.",
                where=path.name,
                advice="Name every take by its line: 7.wav, or 7_2.wav for its second take.",
            )
        files[line] = max(files.get(line, (0, path)), (int(found[2] or 1), path))
    if not files:
        raise BadInput(
            "NO_TAKES",
            "There is no take in this folder.",
            where=str(folder),
            advice="Put one sound file for each line there, named by its line: 7.wav.",
        )
    takes: list[Samples | None] = [None] * count
    findings: list[Finding] = []
    for done, (line, (_, path)) in enumerate(sorted(files.items())):
        watch(1000 * done // len(files), "Reading the takes")
        recording = read_recording(path)
        takes[line - 1] = with_soft_edges(_trimmed(recording.samples))
        findings += [Finding(f.code, f"{path.name}: {f.message}") for f in recording.findings]
    return LineTakes(tuple(takes), tuple(findings))


def _trimmed(samples: Samples) -> Samples:
    level = np.abs(samples)
    heard = np.flatnonzero(level > level.max() * _EDGE)
    first = max(0, int(heard[0]) - round(_BEFORE * RATE))
    last = min(len(samples), int(heard[-1]) + 1 + round(_AFTER * RATE))
    return samples[first:last]
