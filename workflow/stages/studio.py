"""A dub as its studio shows it: every line with its takes, and how far it is.

A line's status is never stored: it follows from its words, its takes, where they are heard and what is approved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.align.speech import HOP, Speech
from workflow.dub.film import FLICKS_PER_SAMPLE
from workflow.dub.fit import Placement
from workflow.dub.script import DubLine
from workflow.render.recipe import MixSettings
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.drafts import draft_row
from workflow.stages.dubs import as_lines, dub_row, placed, samples_in, text_hash
from workflow.store.house import House
from workflow.store.tables import Film, FilmFile, Job, Recording, Take, Track
from workflow.timebase import FLICKS_PER_MS, Flicks
from workflow.tracks.cues import Cue, cue_hash, in_order

_EARLY: Flicks = 45 * FLICKS_PER_MS  # ITU-R BT.1359-1: what a viewer begins to notice at a mouth …
_LATE: Flicks = 125 * FLICKS_PER_MS
_EARLY_UNSEEN: Flicks = 300 * FLICKS_PER_MS  # … and where no mouth is seen: house rule
_LATE_UNSEEN: Flicks = 300 * FLICKS_PER_MS


@dataclass(frozen=True)
class TakeView:
    """One time a line was spoken. Times are flicks of its recording; a stale one says other words than now."""

    id: str
    line: str
    recording: str
    start: int
    end: int
    seconds: float
    confidence: float | None
    flags: list[str]
    state: str  # to_confirm | accepted | rejected
    stale: bool
    missing_samples: int
    comment: str
    created_by: str  # name
    created_at: int
    guide: bool


@dataclass(frozen=True)
class RecordingView:
    id: str
    name: str
    kind: str  # line | long | guide
    line: str | None
    seconds: float
    findings: list[dict[str, Any]]
    state: str  # received | locating | located | failed
    job: str | None
    error: dict[str, Any] | None
    created_by: str
    created_at: int


@dataclass(frozen=True)
class LineView:
    """A line, and what its status follows from.

    number     from 1, in the script's order
    room       syllables that a calm reader says in its time
    status     no_text | to_record | to_confirm | too_long | tight | overlap | off_sync | ok | approved
    cut        syllables to lose, where it is too long
    ratio      its take plays this much quicker
    placed_start, placed_end   where its take is heard: flicks of the film; None where it is not
    take       id of the chosen take
    takes      ids, the oldest first; those of lines that were merged into this one are only listed
    """

    uid: str
    number: int
    speaker: str
    text: str
    note: str
    start: int
    end: int
    on_screen: bool
    syllables: int
    room: int
    status: str
    cut: int
    ratio: float
    placed_start: int | None
    placed_end: int | None
    take: str | None
    takes: list[str]
    stale: bool
    isochrony: int | None


@dataclass(frozen=True)
class DubView:
    """A dub as its studio shows it; `etag` names the draft that the lines are of.

    takes       TakeView by id
    isochrony   0 to 100: how well the takes lie over the original speech; None where nothing is known
    missing     numbers of lines that are not heard in the mix
    """

    track: str
    film: str
    project: str
    language: str
    title: str
    source: str  # id of the track that the lines were made from
    settings: dict[str, Any]
    etag: str
    revision: int
    lines: list[LineView]
    takes: dict[str, Any]
    recordings: list[RecordingView]
    isochrony: int | None
    missing: list[int]
    duration: int | None


def dub_view(house: House, track_id: str) -> DubView:
    """The dub's lines with their takes and status, as they are now. Raises NotFound, BadInput KIND."""
    with house.read() as session:
        dub = dub_row(session, track_id)
        track = show.row(session, Track, track_id)
        film = show.film_view(session, show.row(session, Film, track.film_id))
        draft = draft_row(session, track_id)
        cues = load_cues(house, draft.document)
        recordings = list(
            session.scalars(
                select(Recording)
                .where(Recording.track_id == track_id)
                .order_by(Recording.created_at, Recording.id)
            )
        )
        takes = list(
            session.scalars(
                select(Take).where(Take.track_id == track_id).order_by(Take.created_at, Take.id)
            )
        )
        guides = {r.id for r in recordings if r.kind == "guide"}
        hashes = {cue.uid: text_hash(cue.text) for cue in cues}
        shown = {
            take.id: _take_view(
                session, take, hashes.get(take.line_uid), take.recording_id in guides
            )
            for take in takes
        }
        approved = show.approved_in(session, track_id)
        heard = _speech_of(house, session, track.film_id)
        lines = _line_views(
            cues,
            takes,
            shown,
            MixSettings.from_json(dub.settings),
            {cue_hash(film.hash, c) for c in load_cues(house, approved.document)}
            if approved
            else set(),
            film.hash,
            heard,
            dub.merged,
            film.duration,
        )
        scores = [(line.isochrony, 2 if line.on_screen else 1) for line in lines]
        known = [(score, weight) for score, weight in scores if score is not None]
        return DubView(
            track=track_id,
            film=track.film_id,
            project=track.project_id,
            language=track.language,
            title=track.title,
            source=dub.source_track_id,
            settings=dub.settings | {"stem": dub.stem},
            etag=draft.document,
            revision=draft.revision,
            lines=lines,
            takes={name: asdict(take) for name, take in shown.items()},
            recordings=[_recording_view(session, row) for row in recordings],
            isochrony=round(sum(s * w for s, w in known) / sum(w for _, w in known))
            if known
            else None,
            missing=[
                line.number
                for line in lines
                if line.placed_start is None and line.status != "no_text"
            ],
            duration=film.duration,
        )


def _speech_of(house: House, session: Session, film_id: str) -> Speech | None:
    """Where the original speaks, if ingest found it."""
    file = session.get(FilmFile, {"film_id": film_id, "role": "speech"})
    if file is None:
        return None
    return Speech.from_bytes(house.blobs.read(file.sha256))


def _take_view(session: Session, take: Take, now: str | None, guide: bool) -> TakeView:
    return TakeView(
        id=take.id,
        line=take.line_uid,
        recording=take.recording_id,
        start=take.start,
        end=take.end,
        seconds=round(samples_in(take) / 48_000, 3),
        confidence=take.confidence,
        flags=list(take.flags),
        state=take.state,
        stale=take.text_hash != now,
        missing_samples=take.missing_samples,
        comment=take.comment,
        created_by=show.name_of(session, take.created_by),
        created_at=take.created_at,
        guide=guide,
    )


def _recording_view(session: Session, row: Recording) -> RecordingView:
    job = session.get(Job, row.job_id) if row.state == "locating" else None
    failed = job is not None and job.state in ("failed", "cancelled")
    return RecordingView(
        id=row.id,
        name=row.name,
        kind=row.kind,
        line=row.line_uid,
        seconds=round(row.seconds, 3),
        findings=list(row.findings),
        state="failed" if failed else row.state,
        job=row.job_id,
        error=job.error if failed and job else row.error,
        created_by=show.name_of(session, row.created_by),
        created_at=row.created_at,
    )


def _line_views(
    cues: tuple[Cue, ...],
    takes: Sequence[Take],
    shown: Mapping[str, TakeView],
    mix: MixSettings,
    approved: set[str],
    film_hash: str,
    heard: Speech | None,
    merged: Mapping[str, str],
    duration: Flicks | None,
) -> list[LineView]:
    ordered = in_order(cues)
    there = {cue.uid for cue in ordered}
    listed: dict[str, list[Take]] = {}
    for take in takes:
        listed.setdefault(_listed_with(take.line_uid, there, merged), []).append(take)
    lengths = {take.sha256: samples_in(take) for take in takes}
    lines = as_lines(ordered)
    placements = placed(lines, [lengths.get(cue.take) for cue in ordered], mix, duration)
    views = []
    for cue, line, place in zip(ordered, lines, placements, strict=True):
        all_takes = listed.get(cue.uid, [])
        own = [take for take in all_takes if take.line_uid == cue.uid]
        chosen = next((take for take in reversed(own) if take.sha256 == cue.take), None)
        status = _status(cue, line, place, own, mix)
        if status in ("ok", "tight") and cue_hash(film_hash, cue) in approved:
            status = "approved"
        start = place.start * FLICKS_PER_SAMPLE if place.in_mix else None
        views.append(
            LineView(
                uid=cue.uid,
                number=line.number,
                speaker=cue.speaker,
                text=cue.text,
                note=cue.note,
                start=cue.start,
                end=cue.end,
                on_screen=cue.on_screen,
                syllables=line.syllables,
                room=line.room,
                status=status,
                cut=place.cut,
                ratio=round(place.ratio, 4),
                placed_start=start,
                placed_end=place.end * FLICKS_PER_SAMPLE if place.in_mix else None,
                take=chosen.id if chosen else None,
                takes=[take.id for take in all_takes],
                stale=bool(chosen and shown[chosen.id].stale),
                isochrony=_isochrony(cue, place, mix, heard),
            )
        )
    return views


def _listed_with(uid: str, there: Collection[str], merged: Mapping[str, str]) -> str:
    """The line itself, or the one that it was merged into, which may have been merged since."""
    seen = {uid}
    while uid not in there and uid in merged and merged[uid] not in seen:
        uid = merged[uid]
        seen.add(uid)
    return uid


def _status(
    cue: Cue, line: DubLine, place: Placement, takes: Sequence[Take], mix: MixSettings
) -> str:
    if not line.syllables:
        return "no_text"
    if not cue.take or place.status == "missing":
        return "to_confirm" if any(t.state == "to_confirm" for t in takes) else "to_record"
    if place.status in ("too_long", "overlap", "tight"):
        return place.status
    return "off_sync" if mix.mode == "full" and _off_sync(cue, place) else "ok"


def _off_sync(cue: Cue, place: Placement) -> Flicks:
    """By how much the line begins earlier or later than a viewer lets pass; 0 within that window."""
    late = place.start * FLICKS_PER_SAMPLE - cue.start
    least, most = (-_EARLY, _LATE) if cue.on_screen else (-_EARLY_UNSEEN, _LATE_UNSEEN)
    return max(0, least - late, late - most)


def _isochrony(cue: Cue, place: Placement, mix: MixSettings, heard: Speech | None) -> int | None:
    """0 to 100: what the original's speech and the dub have in common, over what either of them has.

    In a full dub 10 are lost for each 100 ms by which the line begins outside its window.
    """
    if heard is None or not place.in_mix:
        return None
    first, last = cue.start // HOP, -(-cue.end // HOP)
    start, end = place.start * FLICKS_PER_SAMPLE // HOP, -(-place.end * FLICKS_PER_SAMPLE // HOP)
    hops = np.arange(min(first, start), max(last, end))
    hops = hops[hops < len(heard.probabilities)]
    original = (heard.probabilities[hops] >= 0.5) & (hops >= first) & (hops < last)
    if not original.any():
        return None
    dub = (hops >= start) & (hops < end)
    score = 100 * np.count_nonzero(original & dub) / np.count_nonzero(original | dub)
    if mix.mode == "full":
        score -= _off_sync(cue, place) / (10 * FLICKS_PER_MS)
    return round(max(0.0, score))
