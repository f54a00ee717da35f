"""A film dubbed from beginning to end: fit the takes, mix, master, deliver, and say what was done."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from workflow.dub.deliver import Delivered, Original, deliver, film_sound, stem_sound
from workflow.dub.fit import Mode, Placement, place_lines, stretched, with_soft_edges
from workflow.dub.mix import (
    STYLES,
    TARGETS,
    Mix,
    PlacedSound,
    Style,
    Target,
    levelled,
    room_tone,
    voice_over_bed,
    write_stems,
)
from workflow.dub.script import DubLine, cue_sheet
from workflow.dub.sound import RATE, Samples, write_wav
from workflow.errors import BadInput
from workflow.media.facts import Finding
from workflow.progress import Watch, part, unwatched
from workflow.timebase import FLICKS_PER_SECOND

FLICKS_PER_SAMPLE = FLICKS_PER_SECOND // RATE
_TONE = 600 * RATE  # of the original, to make room tone of


@dataclass(frozen=True, slots=True)
class Dubbed:
    """What was made of a film and what is still missing."""

    placements: tuple[Placement, ...]
    delivered: Delivered
    target: Target
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """Times in flicks; `line` counts from 1."""
        return {
            "lines": [
                {
                    "line": p.number,
                    "status": p.status,
                    "start": p.start * FLICKS_PER_SAMPLE if p.in_mix else None,
                    "end": p.end * FLICKS_PER_SAMPLE if p.in_mix else None,
                    "stretch": round(p.ratio, 4),
                    "syllables_to_cut": p.cut,
                }
                for p in self.placements
            ],
            "missing": [p.number for p in self.placements if not p.in_mix],
            "loudness": {
                "target_lufs": self.target.lufs,
                "target_true_peak": self.target.true_peak_db,
                "gate": self.target.gate,
                "mix_lufs": _rounded(self.delivered.mix.lufs),
                "file_lufs": _rounded(self.delivered.file.lufs),
                "file_true_peak": _rounded(self.delivered.file.true_peak_db),
                "file_range_lu": _rounded(self.delivered.file.range_lu),
                "gain_db": _rounded(self.delivered.mix.gain_db),
            },
            "findings": [asdict(finding) for finding in self.findings],
        }


def _rounded(value: float) -> float | None:
    return round(value, 2) if np.isfinite(value) else None


def dub_film(
    film: Original,
    lines: Sequence[DubLine],
    takes: Sequence[Samples | None],
    out: Path,
    *,
    mode: Mode = "voice-over",
    style: Style = STYLES["un"],
    target: Target = TARGETS["ebu-r128"],
    stem: Path | None = None,
    language: str = "tk",
    force_fit: bool = False,
    stems: Path | None = None,
    findings: Sequence[Finding] = (),
    watch: Watch = unwatched,
    ffmpeg: str = "",
) -> Dubbed:
    """Dub *film* with a take for each of *lines* (mono, 48 kHz; None: not recorded) and write it to *out*.

    stem   M&E, which a full dub needs
    stems  folder for dialogue.wav, bed.wav, mix.wav, cue-sheet.csv and lines/

    A line without a take, or much too long for its place, is left out, and the original stays untouched
    there. Raises BadInput STEM_MISSING, NO_LINE_FITS, LINE_OUTSIDE_FILM and what `deliver` raises.
    """
    if mode == "full" and stem is None:
        raise BadInput(
            "STEM_MISSING",
            "A full dub needs the film's music and effects without voices.",
            advice="Give the M&E stem with --me, or choose --mode voice-over.",
        )
    placements = place_lines(
        lines,
        [None if take is None else len(take) for take in takes],
        mode=mode,
        lead=style.lead_samples,
        force=force_fit,
        until=film.length,
    )
    _check(placements, takes, film)
    with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=".bed.") as name:
        work = Path(name)
        original = film_sound(film, work, watch=part(watch, 0, 100))
        bed, heard = original, tuple(findings)
        if stem is not None:
            bed, said = stem_sound(stem, film, work, watch=part(watch, 100, 150))
            heard = (*heard, *said)
        sounds = _fitted(lines, takes, placements)
        over = style if mode == "voice-over" else None
        sounds = voice_over_bed(levelled(sounds), original, over, None if over else bed)
        mix = Mix(bed, sounds, over, tone=None if over else lambda: room_tone(original[:_TONE]))
        if stems is not None:
            (stems / "lines").mkdir(parents=True, exist_ok=True)
        delivered = deliver(
            mix,
            film,
            out,
            target,
            language=language,
            keep_mix=None if stems is None else stems / "mix.wav",
            watch=part(watch, 150, 950),
            ffmpeg=ffmpeg,
        )
        if stems is not None:
            _write_stems(mix, stems, lines, placements, sounds, delivered)
    watch(1000, "Done")
    return Dubbed(placements, delivered, target, (*heard, *_findings(placements, film, stem)))


def _check(
    placements: Sequence[Placement], takes: Sequence[Samples | None], film: Original
) -> None:
    if any(take is not None for take in takes) and not any(p.in_mix for p in placements):
        raise BadInput(
            "NO_LINE_FITS",
            "Not one of the takes fits its line: all are too long or overlap.",
            advice="Check that script and takes belong together, and that the script is timed to this film.",
        )
    for placement in placements:
        if placement.in_mix and placement.end > film.length:
            raise BadInput(
                "LINE_OUTSIDE_FILM",
                f"Line {placement.number} would end {(placement.end - film.length) / RATE:.3f} s after the film.",
                where=f"line {placement.number}",
                advice="Check that the script is timed to this film.",
            )


def _fitted(
    lines: Sequence[DubLine], takes: Sequence[Samples | None], placements: Sequence[Placement]
) -> list[PlacedSound]:
    fitted = []
    for line, take, placement in zip(lines, takes, placements, strict=True):
        if take is not None and placement.in_mix:
            sound = with_soft_edges(stretched(take, placement))
            fitted.append(PlacedSound(placement.start, sound, line.speaker))
    return fitted


def _write_stems(
    mix: Mix,
    folder: Path,
    lines: Sequence[DubLine],
    placements: Sequence[Placement],
    sounds: Sequence[PlacedSound],
    delivered: Delivered,
) -> None:
    write_stems(mix, folder, delivered.mix.gain_db)
    by_start = {sound.start: sound for sound in sounds}
    for placement in placements:
        if placement.in_mix:
            write_wav(
                folder / "lines" / f"{placement.number:03d}.wav", by_start[placement.start].samples
            )
    status = [(p.status, f"cut {p.cut} syllables" if p.cut else "") for p in placements]
    (folder / "cue-sheet.csv").write_text(
        cue_sheet(lines, status), encoding="utf-8-sig", newline=""
    )


def _findings(placements: Sequence[Placement], film: Original, stem: Path | None) -> list[Finding]:
    findings = []
    for status, code, words in (
        ("missing", "LINES_MISSING", "have no take; the original is heard there"),
        ("too_long", "LINES_TOO_LONG", "are too long for their place"),
        (
            "overlap",
            "LINES_OVERLAP",
            "would overlap the same speaker's next line and were left out",
        ),
        ("tight", "LINES_TIGHT", "had to be hurried by more than 10 %"),
    ):
        if numbers := [p.number for p in placements if p.status == status]:
            findings.append(Finding(code, f"{len(numbers)} lines {words}: {_some(numbers)}."))
    heard = sorted((p for p in placements if p.in_mix), key=lambda p: p.start)
    crossing = [b.number for a, b in pairwise(heard) if b.start < a.end]
    if crossing:
        findings.append(
            Finding(
                "SPEAKERS_OVERLAP", f"Two speakers are heard at once in lines {_some(crossing)}."
            )
        )
    if film.sound_index is None and stem is None:
        findings.append(Finding("NO_ORIGINAL_SOUND", "The film has no sound: the dub is alone."))
    return findings


def _some(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:20]))
    return f"{shown} …" if len(numbers) > 20 else shown
