"""The mix of a dub: heard in its builds and finals, and a stretch at a time in the studio."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.dub.blocks import (
    Blocks,
    Notes,
    SoundFile,
    Spoken,
    balanced,
    master_blocks,
    mix_of,
    stretch,
    write_blocks,
)
from workflow.dub.film import FLICKS_PER_SAMPLE
from workflow.dub.fit import Placement, stretched, with_soft_edges
from workflow.dub.mix import STYLES, TARGETS, Mix, room_tone
from workflow.dub.script import DubLine, cue_sheet
from workflow.dub.sound import RATE, Samples
from workflow.dub.stem import examine_stem
from workflow.errors import Conflict, NotFound, ToolFailed
from workflow.media.container import sniff
from workflow.media.facts import Film as FilmFacts
from workflow.media.ffmpeg import DEMUXERS
from workflow.progress import Watch, part, unwatched
from workflow.render.recipe import MixSettings, Recipe
from workflow.render.sound import Dub as HeardDub
from workflow.render.sound import dub_key
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.drafts import draft_row
from workflow.stages.dubs import as_lines, dub_row, placed, samples_in
from workflow.stages.films import known_film
from workflow.stages.segments import LedgerSegments
from workflow.stages.sounds import read_take, scratch
from workflow.stages.studio import dub_view
from workflow.store.house import House
from workflow.store.tables import (
    Film,
    FilmFile,
    Recording,
    Take,
    Track,
    TrackVersion,
)
from workflow.timebase import FLICKS_PER_SECOND, Flicks
from workflow.tracks.cues import Cue, in_order

_PREVIEW_LINES = 40  # a longer script is levelled by the lines of half a minute either side
_PREVIEW_REACH = 30 * RATE
_LONGEST_PREVIEW = 60 * FLICKS_PER_SECOND
_TONE = 600 * RATE  # of the original, to make room tone of
_tones: dict[str, list[Samples]] = {}  # by the sound's hash, 800 kB each
_MOST_TONES = 8


@dataclass(frozen=True, eq=False)
class Script:
    """Everything that a mix is made from."""

    track_id: str
    film: FilmFacts
    sound: str | None  # SHA-256 of ingest's FLAC
    settings: MixSettings
    lines: tuple[DubLine, ...]
    placements: tuple[Placement, ...]
    takes: tuple[str, ...]  # SHA-256, "" where there is none

    @property
    def length(self) -> int:
        return self.film.duration // FLICKS_PER_SAMPLE

    @property
    def missing(self) -> list[int]:
        """Numbers of lines with words that are not heard."""
        return [
            line.number
            for line, place in zip(self.lines, self.placements, strict=True)
            if line.syllables and not place.in_mix
        ]


@dataclass(frozen=True, eq=False)
class MadeMix:
    """A mix that is there, by its blocks, and what it was made from."""

    script: Script
    blocks: Blocks
    mix: Mix
    spoken: tuple[Spoken, ...]
    findings: list[dict[str, Any]]  # of the stem

    def to_json(self) -> dict[str, Any]:
        report, target = self.blocks.report, TARGETS[self.script.settings.loudness]
        return {
            "mix": self.blocks.name,
            "settings": self.script.settings.to_json(),
            "lufs": round(report.lufs, 2) if math.isfinite(report.lufs) else None,
            "true_peak": round(report.true_peak_db, 2)
            if math.isfinite(report.true_peak_db)
            else None,
            "target": {"lufs": target.lufs, "true_peak": target.true_peak_db, "gate": target.gate},
            "gain_db": report.gain_db,
            "blocks": len(self.blocks.keys),
            "mixed_again": self.blocks.made,
            "lines": [
                {
                    "line": place.number,
                    "status": place.status,
                    "take": take or None,
                    "start": place.start * FLICKS_PER_SAMPLE if place.in_mix else None,
                    "end": place.end * FLICKS_PER_SAMPLE if place.in_mix else None,
                    "stretch": round(place.ratio, 4),
                }
                for place, take in zip(self.script.placements, self.script.takes, strict=True)
            ],
            "missing": self.script.missing,
            "findings": self.findings,
        }


def script_of(house: House, track_id: str, cues: Sequence[Cue], settings: MixSettings) -> Script:
    """What *cues* of a dub are heard like with these settings."""
    with house.read() as session:
        track = show.row(session, Track, track_id)
        film = known_film(session, show.row(session, Film, track.film_id))
        sound = session.get(FilmFile, {"film_id": track.film_id, "role": "sound"})
        rows = session.scalars(select(Take).where(Take.track_id == track_id))
        lengths = {take.sha256: samples_in(take) for take in rows}
        heard = sound.sha256 if sound else None
    ordered = in_order(cues)
    lines = as_lines(ordered)
    takes = tuple(cue.take for cue in ordered)
    places = placed(lines, [lengths.get(take) for take in takes], settings, film.duration)
    return Script(track_id, film, heard, settings, lines, places, takes)


# --- making it ----------------------------------------------------------------------------------


@contextmanager
def _sounds(house: House, script: Script) -> Iterator[tuple[Any, str, Any, str]]:
    """The bed and the original with their names, opened."""
    opened: list[SoundFile] = []

    def sound(sha256: str | None) -> Any:
        if sha256 is None:
            return np.broadcast_to(np.float32(0), (script.length, 2))
        file = house.blobs.existing(sha256)
        opened.append(SoundFile(file, script.length, DEMUXERS[sniff(file, name="")]))
        return opened[-1]

    try:
        original, name = sound(script.sound), script.sound or "silence"
        if script.settings.mode == "full":
            yield sound(script.settings.stem), script.settings.stem, original, name
        else:
            yield original, name, original, name
    finally:
        for one in opened:
            one.close()


def _spoken(house: House, script: Script) -> list[Spoken]:
    @lru_cache(maxsize=64)
    def fitted(take: str, place: Placement) -> Samples:
        samples = stretched(read_take(house, take), place)
        out = np.zeros(place.length, np.float32)
        out[: min(len(samples), place.length)] = samples[: place.length]
        return with_soft_edges(out)

    return [
        Spoken(
            place.start,
            place.length,
            line.speaker,
            f"{take}:{place.length}",
            lambda take=take, place=place: fitted(take, place),  # type: ignore[misc]
        )
        for line, place, take in zip(script.lines, script.placements, script.takes, strict=True)
        if place.in_mix
    ]


@contextmanager
def mixed(
    house: House,
    script: Script,
    segments: LedgerSegments,
    notes: Notes,
    *,
    near: Sequence[Spoken] | None = None,
) -> Iterator[tuple[Mix, list[Spoken], str]]:
    """The mix to be asked for stretches, its lines, and what names the sound under them."""
    full = script.settings.mode == "full"
    style = None if full else STYLES[script.settings.style]
    with _sounds(house, script) as (bed, bed_name, original, name):
        lines = _spoken(house, script) if near is None else list(near)
        ready = balanced(
            lines,
            original,
            name,
            style,
            notes,
            bed=bed if full else None,
            bed_name=f"stem {bed_name}",
        )
        tone = partial(_tone, name, original) if full else None
        yield mix_of(bed, ready, style, tone), ready, f"{bed_name} {name if full else ''}"


def _tone(name: str, original: Any) -> list[Samples]:
    """Kept for the last few films: a preview would decode ten minutes for it."""
    if name not in _tones:
        while len(_tones) >= _MOST_TONES:
            _tones.pop(next(iter(_tones)), None)
        _tones[name] = room_tone(original[:_TONE])
    return _tones[name]


def make_mix(
    house: House, script: Script, segments: LedgerSegments, *, watch: Watch = unwatched
) -> MadeMix:
    """The mix of *script*, block by block; those that are there already are left as they are."""
    known = kept_notes(script, segments)
    notes = Notes(known.get("notes"))
    stem = _stem_findings(house, script, known.get("stem", {}))
    with mixed(house, script, segments, notes) as (mix, ready, under):
        blocks = master_blocks(
            mix,
            ready,
            under,
            TARGETS[script.settings.loudness],
            _Store(house, segments),
            notes,
            work=house.settings.work_dir,
            watch=watch,
        )
    kept = {"notes": notes.to_json(), "gain": blocks.report.gain_db, "stem": stem}
    with scratch(house) as file:
        file.write_text(json.dumps(kept))
        segments.put(_notes_key(script), file)
    return MadeMix(script, blocks, mix, tuple(ready), stem.get(script.settings.stem, []))


def _stem_findings(
    house: House, script: Script, known: dict[str, list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """What there is to say of the stem that a full dub lies on, by its hash; heard once."""
    stem = script.settings.stem
    if script.settings.mode != "full" or stem in known:
        return known
    found = examine_stem(house.blobs.existing(stem), script.length, name="stem")
    return {stem: [asdict(finding) for finding in found]}


def _notes_key(script: Script) -> str:
    """One for a dub, whatever its settings: what still holds of it is used again."""
    return f"dub-notes/1 {script.track_id}"


def kept_notes(script: Script, segments: LedgerSegments) -> dict[str, Any]:
    key = _notes_key(script)
    if not segments.has(key):
        return {}
    try:
        body: dict[str, Any] = json.loads(segments.path(key).read_text())
    except (KeyError, ValueError):
        return {}
    return body


@dataclass(frozen=True)
class _Store:
    """Blocks among the house's segments: any worker finds them, and those long unused make room."""

    house: House
    segments: LedgerSegments

    def look_up(self, keys: Sequence[str]) -> None:
        self.segments.look_up(keys)

    def has(self, key: str) -> bool:
        return self.segments.has(key)

    def get(self, key: str) -> bytes | None:
        try:
            return self.segments.path(key).read_bytes()
        except KeyError:
            return None

    def put(self, key: str, block: bytes) -> None:
        with scratch(self.house) as file:
            file.write_bytes(block)
            self.segments.put(key, file)


def dub_to_hear(
    house: House,
    script: Script,
    recipe: Recipe,
    language: str,
    segments: LedgerSegments,
    work: Path,
    watch: Watch,
) -> tuple[HeardDub, MadeMix]:
    """The mix as a render takes it: written out only where it was not encoded before."""
    made = make_mix(house, script, segments, watch=part(watch, 0, 900))
    dub = HeardDub(work / "mix.wav", language, made.blocks.name)
    if not segments.has(dub_key(dub, recipe)):
        write_mix(house, made, segments, dub.path)
    return dub, made


def write_mix(house: House, made: MadeMix, segments: LedgerSegments, out: Path) -> None:
    try:
        write_blocks(made.blocks, _Store(house, segments), out)
    except KeyError as error:
        raise ToolFailed(
            "SEGMENT_DAMAGED", "A part of the mix was lost meanwhile.", advice="Try again."
        ) from error


# --- in the studio ------------------------------------------------------------------------------

#: What the previews of this process measured before there was a mix; its names hold hashes, so none goes stale.
_measured: dict[str, Any] = {}
_MOST_MEASURED = 10_000  # some 5 MB


def preview(
    house: House, track_id: str, uid: str, before: float, after: float
) -> tuple[Samples, Flicks]:
    """The mix around a line of the draft as it is now, float32[n, 2], and where it begins.

    At the gain of the last mix that was made. Raises NotFound NO_SUCH_LINE.
    """
    with house.read() as session:
        settings = MixSettings.from_json(dub_row(session, track_id).settings)
        cues = load_cues(house, draft_row(session, track_id).document)
    script = script_of(house, track_id, cues, settings)
    line = next((line for line in script.lines if line.cues == (uid,)), None)
    if line is None:
        raise NotFound("NO_SUCH_LINE", "The dub has no such line.", where=uid[:64])
    first = max(0, line.start - round(before * FLICKS_PER_SECOND)) // FLICKS_PER_SAMPLE
    last = line.end + round(after * FLICKS_PER_SECOND)
    last = min(
        last // FLICKS_PER_SAMPLE, script.length, first + _LONGEST_PREVIEW // FLICKS_PER_SAMPLE
    )
    segments = LedgerSegments(house)
    known = kept_notes(script, segments)
    lines = _spoken(house, script)
    if len(lines) > _PREVIEW_LINES:
        lines = [
            x for x in lines if x.start < last + _PREVIEW_REACH and x.end > first - _PREVIEW_REACH
        ]
    notes = Notes(_measured | known.get("notes", {}))
    with mixed(house, script, segments, notes, near=lines) as (mix, _, _):
        heard = stretch(mix, first, last, known.get("gain", 0.0), TARGETS[settings.loudness])
    if len(_measured) > _MOST_MEASURED:
        _measured.clear()
    _measured.update(notes.to_json())
    return heard, first * FLICKS_PER_SAMPLE


def sheet(house: House, track_id: str) -> str:
    """The ADR cue sheet as CSV."""
    dub = dub_view(house, track_id)
    lines = [
        DubLine(x.number, (x.uid,), x.speaker, x.text, x.start, x.end, x.on_screen)
        for x in dub.lines
    ]
    guides = {name for name, take in dub.takes.items() if take["guide"]}
    notes = [
        (
            x.status,
            f"cut {x.cut} syllables"
            if x.cut
            else x.note or ("guide voice" if x.take in guides else ""),
        )
        for x in dub.lines
    ]
    return cue_sheet(lines, notes)


def refuse_guides(session: Session, track_id: str, cues: Sequence[Cue]) -> None:
    """A final is not spoken by the guide voice unless somebody says that it may. Raises Conflict GUIDE_TAKES."""
    if numbers := _spoken_by_guide(session, track_id, cues):
        raise Conflict(
            "GUIDE_TAKES",
            f"The guide voice speaks in this dub, in line {', '.join(map(str, numbers[:20]))}.",
            advice="Record these lines, or say that guide takes may stay.",
            details={"lines": numbers},
        )


def guide_lines(house: House, version_id: str) -> list[int]:
    """Numbers of a version's lines that the guide voice speaks; none where it is no dub."""
    with house.read() as session:
        version = show.row(session, TrackVersion, version_id)
        return _spoken_by_guide(session, version.track_id, load_cues(house, version.document))


def _spoken_by_guide(session: Session, track_id: str, cues: Sequence[Cue]) -> list[int]:
    guides = set(
        session.scalars(
            select(Take.sha256)
            .join(Recording, Recording.id == Take.recording_id)
            .where(Take.track_id == track_id, Recording.kind == "guide")
        )
    )
    return [n for n, cue in enumerate(in_order(cues), start=1) if cue.take in guides]
