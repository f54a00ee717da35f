"""A dub: a track whose cues are lines to be heard. Its script, its settings, and how far every line is.

Draft, history, submission, review and approval are those of every track. Here is what only a dub has: lines
made from a subtitle track, the take that each of them is heard with, and a status worked out from both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.align.speech import HOP, Speech
from workflow.dub.film import FLICKS_PER_SAMPLE
from workflow.dub.fit import Mode, Placement, place_lines
from workflow.dub.mix import STYLES
from workflow.dub.script import DubLine, dub_lines, spoken_text
from workflow.errors import BadInput, Conflict, NotFound
from workflow.people import Actor
from workflow.render.recipe import MixSettings
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.drafts import document_of, draft_row, new_uid, save_draft
from workflow.stages.tracks import record_track
from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.tables import (
    Blob,
    DraftSave,
    Dub,
    Film,
    FilmFile,
    Job,
    Recording,
    Take,
    Track,
    new_id,
)
from workflow.timebase import FLICKS_PER_MS, Flicks
from workflow.tracks import limits, operations
from workflow.tracks.cues import Cue, cue_hash, in_order, sha256

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


@dataclass(frozen=True)
class CreatedDub:
    track: str


# --- making one ---------------------------------------------------------------------------------


def create_dub(
    house: House,
    actor: Actor,
    film_id: str,
    track_id: str,
    *,
    merge: bool = False,
    settings: Mapping[str, Any] | None = None,
    title: str = "",
) -> CreatedDub:
    """A dub of the film, its lines those of a subtitle track: of its newest version, else of its draft.

    merge  a sentence that runs over several cues becomes one line

    Raises NotFound; BadInput KIND, SCRIPT_EMPTY, STEM_MISSING, RECIPE.
    """
    mix = mix_settings(settings or {})
    with house.read() as session:
        source = show.row(session, Track, track_id)
        if source.film_id != film_id:
            raise NotFound("NOT_FOUND", "The film has no such track.")
        if source.kind != "subtitle":
            raise BadInput("KIND", "The lines of a dub are made from a subtitle track.")
        film_hash = show.row(session, Film, film_id).original
        version = show.latest_version(session, track_id)
        script = version.document if version else draft_row(session, track_id).document
        language, name = source.language, source.title
    cues = lines_from(load_cues(house, script), merge=merge)
    blob = house.blobs.put_bytes(document_of(language, film_hash, cues))
    new = Track(
        id=new_id(),
        film_id=film_id,
        kind="dub",
        language=language,
        title=show.one_line(title or name, 120),
        created_by=actor.user_id,
    )

    def also(session: Session) -> None:
        session.add(
            Dub(
                track_id=new.id,
                source_track_id=track_id,
                source_document=script,
                settings=mix.to_json(),
                stem=_known_stem(session, mix),
            )
        )
        session.flush()
        audit.note(session, actor.user_id, "dub.create", "track", new.id, source=track_id)

    report = {"name": name, "format": "dub", "cues": len(cues)}
    return CreatedDub(record_track(house, actor, film_id, new, blob, cues, report, also=also))


def lines_from(cues: Sequence[Cue], *, merge: bool = False) -> tuple[Cue, ...]:
    """Dub lines as cues, of what is spoken in subtitle cues. Raises BadInput SCRIPT_EMPTY."""
    return in_order(
        Cue(new_uid(), line.start, line.end, line.text, line.speaker)
        for line in dub_lines(cues, merge=merge)
        if line.syllables
    )


def mix_settings(body: Mapping[str, Any]) -> MixSettings:
    """Raises BadInput RECIPE, STEM_MISSING."""
    mix = MixSettings.from_json({k: v for k, v in body.items() if v is not None})
    if mix.mode == "full" and not mix.stem:
        raise BadInput(
            "STEM_MISSING",
            "A full dub needs the film's music and effects without voices.",
            advice="Upload the M&E stem first, or choose a voice-over.",
        )
    return mix


def _known_stem(session: Session, mix: MixSettings) -> str | None:
    if mix.stem and session.get(Blob, mix.stem) is None:
        raise NotFound("NOT_FOUND", "There is no such stem.", where="stem")
    return mix.stem or None


def dub_row(session: Session, track_id: str) -> Dub:
    """Raises NotFound, BadInput KIND where the track is no dub."""
    track = show.row(session, Track, track_id)
    found = session.get(Dub, track_id)
    if track.kind != "dub" or found is None:
        raise BadInput("KIND", "This track is no dub.", advice="Open it in the subtitle editor.")
    return found


def carry_dub(session: Session, old_id: str, new_id_: str) -> None:
    """What was recorded for one cut belongs to the dub of another: the same files, in rows of its own."""
    dub = session.get_one(Dub, old_id)
    session.add(
        Dub(
            track_id=new_id_,
            source_track_id=dub.source_track_id,
            source_document=dub.source_document,
            settings=dub.settings,
            stem=dub.stem,
            merged=dub.merged,
        )
    )
    recordings = {}
    for row in session.scalars(select(Recording).where(Recording.track_id == old_id)):
        recordings[row.id] = new_id()
        session.add(Recording(**_values(row) | {"id": recordings[row.id], "track_id": new_id_}))
    session.flush()
    for take in session.scalars(select(Take).where(Take.track_id == old_id)):
        own = {"id": new_id(), "track_id": new_id_, "recording_id": recordings[take.recording_id]}
        session.add(Take(**_values(take) | own))
    session.flush()


def _values(row: Recording | Take) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in type(row).__table__.columns}


# --- changing it --------------------------------------------------------------------------------


@in_whole
def save_settings(
    house: House, actor: Actor, track_id: str, settings: Mapping[str, Any]
) -> DubView:
    """How the dub is mixed from now on; a build that was made before stays what it was. Raises as `mix_settings`."""
    mix = mix_settings(settings)
    with house.write() as session:
        dub = dub_row(session, track_id)
        dub.stem, dub.settings = _known_stem(session, mix), mix.to_json()
        audit.note(
            session, actor.user_id, "dub.settings", "track", track_id, settings=mix.to_json()
        )
    return dub_view(house, track_id)


def change_line(
    house: House, actor: Actor, track_id: str, uid: str, changes: Mapping[str, Any], etag: str
) -> DubView:
    """Other words, times, speaker or take of one line, as a save of the draft.

    changes  some of speaker, on_screen, text, note, start, end, take (id; None: no take)

    Raises NotFound, BadInput, Conflict DRAFT_CHANGED when the same line was changed by somebody else.
    """
    told = dict(changes)
    with house.read() as session:
        dub_row(session, track_id)
        if "take" in told:
            told["take"] = _sound_of(session, track_id, uid, told["take"])

    def changed(cues: tuple[Cue, ...]) -> tuple[Cue, ...]:
        cue = _line(cues, uid)
        after = replace(cue, **told)
        _refuse_impossible(after)
        return tuple(after if other.uid == uid else other for other in cues)

    return _save(house, actor, track_id, etag, changed)


def _refuse_impossible(cue: Cue) -> None:
    if cue.start < 0 or cue.end <= cue.start:
        raise BadInput("LINE_TIMES", "A line ends after it begins.", where=cue.uid)
    limits.refuse_long_text(cue.text, where=cue.uid)


def merge_lines(
    house: House, actor: Actor, track_id: str, uids: Sequence[str], etag: str
) -> DubView:
    """Lines that follow one another as one, which has still to be recorded. Raises BadInput MERGE, TWO_SPEAKERS.

    Takes of all of them stay listed with the one that is left.
    """

    def merged(cues: tuple[Cue, ...]) -> tuple[Cue, ...]:
        speakers = {cue.speaker for cue in cues if cue.uid in uids and cue.speaker}
        if len(speakers) > 1:
            raise BadInput(
                "TWO_SPEAKERS",
                f"One line is not spoken by two: {', '.join(sorted(speakers))}.",
                advice="Give both lines the same speaker first.",
            )
        after = operations.merge(cues, uids, separator=" ")
        left = next(cue.uid for cue in after if cue.uid in uids)
        _remember_merged(house, track_id, {uid: left for uid in uids if uid != left})
        return tuple(
            replace(cue, take="", text=spoken_text(cue.text)) if cue.uid in uids else cue
            for cue in after
        )

    return _save(house, actor, track_id, etag, merged)


@in_whole
def _remember_merged(house: House, track_id: str, gone: Mapping[str, str]) -> None:
    """Before the save, not after it: while a line is there nobody asks where it went."""
    with house.write() as session:
        dub = dub_row(session, track_id)
        dub.merged = {**dub.merged, **gone}


def split_line(
    house: House,
    actor: Actor,
    track_id: str,
    uid: str,
    *,
    at_character: int,
    at_time: Flicks,
    etag: str,
) -> DubView:
    """One line as two, which have still to be recorded. Raises BadInput SPLIT."""
    second = new_uid()

    def parted(cues: tuple[Cue, ...]) -> tuple[Cue, ...]:
        after = operations.split(
            cues, uid, at_character=at_character, at_time=at_time, new_uid=second
        )
        return tuple(replace(cue, take="") if cue.uid in (uid, second) else cue for cue in after)

    return _save(house, actor, track_id, etag, parted)


def undo_change(house: House, actor: Actor, track_id: str, before: str, after: str) -> DubView:
    """What was changed from one state of the draft to another, taken back; what others changed since stays.

    before, after  etags; the other way round it is a redo

    Raises Conflict DRAFT_CHANGED where somebody changed the same lines since.
    """
    with house.read() as session:
        dub_row(session, track_id)
        known = set(
            session.scalars(
                select(DraftSave.document).where(
                    DraftSave.track_id == track_id, DraftSave.document.in_((before, after))
                )
            )
        )
    if known != {before, after}:
        raise _unknown_state()
    save_draft(house, actor, track_id, after, load_cues(house, before))
    return dub_view(house, track_id)


def _unknown_state() -> Conflict:
    return Conflict(
        "DRAFT_CHANGED",
        "This state of the draft is not known.",
        advice="Load the newer state.",
        details={"conflicts": []},
    )


def _save(
    house: House,
    actor: Actor,
    track_id: str,
    etag: str,
    change: Callable[[tuple[Cue, ...]], tuple[Cue, ...]],
) -> DubView:
    """*change* of what the person saw, merged with what others saved since."""
    with house.read() as session:
        dub_row(session, track_id)
        seen = session.get(Blob, etag)
    if seen is None:
        raise _unknown_state()
    save_draft(house, actor, track_id, etag, change(load_cues(house, etag)))
    return dub_view(house, track_id)


def _line(cues: Iterable[Cue], uid: str) -> Cue:
    for cue in cues:
        if cue.uid == uid:
            return cue
    raise NotFound("NO_SUCH_LINE", "The dub has no such line.", where=uid[:64])


def _sound_of(session: Session, track_id: str, uid: str, take_id: str | None) -> str:
    if take_id is None:
        return ""
    take = session.get(Take, take_id)
    if take is None or (take.track_id, take.line_uid) != (track_id, uid):
        raise NotFound("NO_SUCH_TAKE", "The line has no such take.", where=take_id[:64])
    if take.state != "accepted":
        raise BadInput(
            "TAKE_NOT_ACCEPTED",
            "This take was rejected."
            if take.state == "rejected"
            else "Nobody heard this take yet.",
            advice="Listen to it and accept it first.",
        )
    return take.sha256


# --- looking at it ------------------------------------------------------------------------------


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
        heard = speech_of(house, session, track.film_id)
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


def text_hash(text: str) -> str:
    """Of what is said: a take is stale when its line says something else by now."""
    return sha256(spoken_text(text).encode())


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


def samples_in(take: Take) -> int:
    """At 48 kHz, of the take's own sound."""
    return (take.end - take.start) // FLICKS_PER_SAMPLE


def as_lines(cues: Iterable[Cue]) -> tuple[DubLine, ...]:
    """The cues of a dub as lines to place: numbered from 1."""
    return tuple(
        DubLine(
            number,
            (cue.uid,),
            cue.speaker,
            spoken_text(cue.text),
            cue.start,
            cue.end,
            cue.on_screen,
        )
        for number, cue in enumerate(in_order(cues), start=1)
    )


def placed(
    lines: Sequence[DubLine],
    lengths: Sequence[int | None],
    mix: MixSettings,
    duration: Flicks | None,
) -> tuple[Placement, ...]:
    """Where the lines are heard with these settings in a film of *duration*: never after it."""
    mode, lead = cast("Mode", mix.mode), STYLES[mix.style].lead_samples
    until = None if duration is None else duration // FLICKS_PER_SAMPLE
    places = place_lines(lines, lengths, mode=mode, lead=lead, until=until)
    return tuple(
        Placement(p.number, "too_long", ratio=p.ratio, cut=max(1, p.cut))
        if p.in_mix and until is not None and p.end > until
        else p
        for p in places
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


def _off_sync(cue: Cue, place: Placement) -> bool:
    late = place.start * FLICKS_PER_SAMPLE - cue.start
    least, most = (-_EARLY, _LATE) if cue.on_screen else (-_EARLY_UNSEEN, _LATE_UNSEEN)
    return not least <= late <= most


def speech_of(house: House, session: Session, film_id: str) -> Speech | None:
    """Where the original speaks, if ingest found it."""
    file = session.get(FilmFile, {"film_id": film_id, "role": "speech"})
    if file is None:
        return None
    return Speech.from_bytes(house.blobs.read(file.sha256))


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
        late = place.start * FLICKS_PER_SAMPLE - cue.start
        least, most = (-_EARLY, _LATE) if cue.on_screen else (-_EARLY_UNSEEN, _LATE_UNSEEN)
        beyond = max(0, least - late, late - most)
        score -= beyond / (10 * FLICKS_PER_MS)
    return round(max(0.0, score))
