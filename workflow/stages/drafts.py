"""The one draft of a track: its saves, who wrote what in it, and the way back to an earlier save."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.errors import BadInput, Conflict, NotFound
from workflow.people import Actor
from workflow.review import authors_after, hashes_of
from workflow.stages import show
from workflow.stages.documents import DOCUMENT_TYPE, load_cues
from workflow.stages.versions import locked_track
from workflow.stages.views import DraftSaveView, DraftView
from workflow.store.database import in_whole, insert_for
from workflow.store.house import House, remember_blob
from workflow.store.tables import CueAuthor, Draft, DraftSave, Film, Take, Track, now_ms
from workflow.tracks.compare import merge
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.cues import TrackVersion as Version
from workflow.tracks.document import to_document
from workflow.tracks.limits import refuse_crowd, refuse_too_many

_TRIES = 5
_RECUT = ("track", "version", "torn", "gone")
_TELLS = ("proposal", "segments", "of", "cues", "all", "undoes", "afresh")

#: From the current cues and their etag: the new ones, what the save is called, how many were merged.
Change: TypeAlias = Callable[[tuple[Cue, ...], str], tuple[tuple[Cue, ...], str, int]]


def new_uid() -> str:
    """For life, of a cue."""
    return uuid.uuid4().hex[:16]


def draft(house: House, track_id: str) -> DraftView:
    """The track's draft. Raises NotFound."""
    with house.read() as session:
        return draft_view(house, session, track_id)


def load_draft(house: House, track_id: str) -> tuple[Cue, ...]:
    """The cues of the track's draft. Raises NotFound."""
    with house.read() as session:
        return load_cues(house, draft_row(session, track_id).document)


def save_draft(
    house: House, actor: Actor, track_id: str, etag: str, cues: tuple[Cue, ...]
) -> tuple[DraftView, int]:
    """Save *cues*, which were edited from the state named *etag*. Returns the draft and how many cues
    of others were merged in.

    When somebody saved in between, both edits are merged cue by cue. Where they clash nothing is saved:
    Conflict DRAFT_CHANGED, details {"etag": the newer state, "conflicts": [{uid, base, mine, theirs}]}.
    """
    ordered = in_order(cues)

    def change(current: tuple[Cue, ...], now: str) -> tuple[tuple[Cue, ...], str, int]:
        if now == etag:
            return ordered, "edit", 0
        with house.read() as session:
            known = session.scalars(
                select(DraftSave.document)
                .where(DraftSave.track_id == track_id, DraftSave.document == etag)
                .limit(1)
            ).first()
        if known is None:
            raise draft_changed(now)
        merged = merge(load_cues(house, etag), ordered, current)
        if merged.conflicts:
            raise draft_changed(now, [conflict.to_json() for conflict in merged.conflicts])
        _refuse_what_a_merge_may_break(merged.cues)
        return merged.cues, "merge", len(merged.taken)

    merged = save_as(house, actor, track_id, change)
    return draft(house, track_id), merged


def _refuse_what_a_merge_may_break(cues: Sequence[Cue]) -> None:
    refuse_too_many(len(cues))
    places = [f"cue {number}" for number in range(1, len(cues) + 1)]
    refuse_crowd([(cue.start, cue.end) for cue in cues], places)


def draft_changed(etag: str, conflicts: list[dict[str, Any]] | None = None) -> Conflict:
    return Conflict(
        "DRAFT_CHANGED",
        "Somebody saved this draft in the meantime."
        if conflicts is None
        else f"Somebody else changed {len(conflicts)} of the cues that you changed.",
        advice="Load the newer state; your own text is still with you.",
        details={"etag": etag, "conflicts": conflicts or []},
    )


def draft_history(house: House, track_id: str) -> list[DraftSaveView]:
    """Every save of the draft, newest first; the last two hundred."""
    with house.read() as session:
        current = draft_row(session, track_id)
        saves = session.scalars(
            select(DraftSave)
            .where(DraftSave.track_id == track_id)
            .order_by(DraftSave.revision.desc())
            .limit(200)
        )
        return [
            DraftSaveView(
                revision=save.revision,
                what=save.what,
                cue_count=save.cue_count,
                person=show.name_of(session, save.person_id),
                created_at=save.created_at,
                current=save.revision == current.revision,
                told=_told(save),
            )
            for save in saves
        ]


def _told(save: DraftSave) -> dict[str, Any] | None:
    """What a decision on a proposal was about, or what a new cut did to the cues."""
    if save.what == "recut" and save.report:
        return {name: save.report[name] for name in _RECUT}
    if save.what not in ("align", "reject", "undo") or not save.report:
        return None
    return {name: save.report[name] for name in _TELLS if name in save.report}


def restore_save(house: House, actor: Actor, track_id: str, revision: int) -> DraftView:
    """Make an earlier save the draft again, as a new save: nothing is lost. Raises NotFound."""
    with house.read() as session:
        old = session.get(DraftSave, {"track_id": track_id, "revision": revision})
        if old is None:
            raise NotFound("NOT_FOUND", "There is no such save of this draft.")
        document = old.document
    cues = load_cues(house, document)
    save_as(house, actor, track_id, lambda _current, _etag: (cues, "restore", 0))
    return draft(house, track_id)


def save_as(
    house: House,
    actor: Actor,
    track_id: str,
    change: Change,
    *,
    report: dict[str, Any] | None = None,
    also: Callable[[Session], None] | None = None,
    always: bool = False,
) -> int:
    """The next save of a draft by *change*, worked out outside the transaction and tried again if another
    save came first. Returns how many cues were merged.

    also      runs in the transaction, also when the cues are the same
    always    make a save even then
    """
    for _ in range(_TRIES):
        with house.read() as session:
            track = show.row(session, Track, track_id)
            film_hash = show.row(session, Film, track.film_id).original
            now = draft_row(session, track_id)
            etag, revision = now.document, now.revision
        before = load_cues(house, etag)
        after, what, merged = change(before, etag)
        after = in_order(after)
        _refuse_foreign_takes(house, track, before, after)
        document = document_of(track.language, film_hash, after)
        sha256, size = house.blobs.put_bytes(document)
        saved = _record_save(
            house,
            actor,
            (track_id, revision),
            DraftSave(document=sha256, cue_count=len(after), what=what, report=report),
            size,
            (film_hash, before, after),
            also,
            always,
        )
        if saved:
            return merged
    raise Conflict(
        "DRAFT_BUSY", "Others are saving this draft at this moment.", advice="Try again."
    )


def _refuse_foreign_takes(
    house: House, track: Track, before: Sequence[Cue], after: Sequence[Cue]
) -> None:
    """Only a line of a dub has a take, and only one that was recorded for it and accepted. What was saved
    before is not asked again."""
    old = {(cue.uid, cue.take) for cue in before}
    new = [cue for cue in after if cue.take and (cue.uid, cue.take) not in old]
    if track.kind != "dub" and (new or any(cue.on_screen for cue in after)):
        raise BadInput("NO_DUB", "A cue of a subtitle track is not heard: it has no take.")
    if not new:
        return
    with house.read() as session:
        rows = session.execute(
            select(Take.line_uid, Take.sha256).where(
                Take.track_id == track.id, Take.state == "accepted"
            )
        )
        known = {(row.line_uid, row.sha256) for row in rows}
    for cue in new:
        if (cue.uid, cue.take) not in known:
            raise BadInput(
                "NO_SUCH_TAKE",
                "A line names a take that was not recorded for it, or that nobody accepted.",
                where=cue.uid,
                advice="Choose one of the line's own takes.",
            )


def note_in_history(
    session: Session, actor: Actor, track_id: str, what: str, report: dict[str, Any]
) -> None:
    """One more line in the history of a draft that stays as it is. The track is locked."""
    now = draft_row(session, track_id)
    now.revision += 1
    latest = session.scalars(
        select(DraftSave)
        .where(DraftSave.track_id == track_id, DraftSave.revision < now.revision)
        .order_by(DraftSave.revision.desc())
        .limit(1)
    ).one()
    session.add(
        DraftSave(
            track_id=track_id,
            revision=now.revision,
            document=now.document,
            cue_count=latest.cue_count,
            what=what,
            report=report,
            person_id=actor.user_id,
        )
    )
    session.flush()


@in_whole
def _record_save(
    house: House,
    actor: Actor,
    expected: tuple[str, int],
    wanted: DraftSave,
    size: int,
    change: tuple[str, tuple[Cue, ...], tuple[Cue, ...]],
    also: Callable[[Session], None] | None,
    always: bool,
) -> bool:
    track_id, revision = expected
    film_hash, before, after = change
    with house.write() as session:
        track = locked_track(session, track_id)
        now = draft_row(session, track_id)
        if now.revision != revision:
            return False
        if also:
            also(session)
        if wanted.document == now.document and not always:
            return True
        remember_blob(session, wanted.document, size, DOCUMENT_TYPE)
        now.document = wanted.document
        now.revision += 1
        now.updated_by = actor.user_id
        now.updated_at = now_ms()
        session.add(
            DraftSave(
                track_id=track_id,
                revision=now.revision,
                document=wanted.document,
                cue_count=wanted.cue_count,
                what=wanted.what,
                report=wanted.report,
                person_id=actor.user_id,
            )
        )
        session.flush()
        note_authors(house, session, track, film_hash, before, after, actor.user_id)
        return True


def note_authors(
    house: House,
    session: Session,
    track: Track,
    film_hash: str,
    before: Sequence[Cue],
    after: Sequence[Cue],
    person_id: str,
) -> None:
    approved = show.approved_in(session, track.id)
    seen = hashes_of(film_hash, load_cues(house, approved.document)) if approved else frozenset()
    made = authors_after(
        film_hash, before, after, person_id, known_authors(session, track.id), seen
    )
    rows = [
        {"track_id": track.id, "cue_hash": named, "person_id": person}
        for named, persons in made.items()
        for person in persons
    ]
    if rows:
        session.execute(insert_for(session, CueAuthor).on_conflict_do_nothing(), rows)


def known_authors(session: Session, track_id: str) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for named, person in session.execute(
        select(CueAuthor.cue_hash, CueAuthor.person_id).where(CueAuthor.track_id == track_id)
    ):
        found.setdefault(named, set()).add(person)
    return {named: frozenset(persons) for named, persons in found.items()}


def draft_row(session: Session, track_id: str) -> Draft:
    return show.row(session, Draft, track_id)


def draft_view(house: House, session: Session, track_id: str) -> DraftView:
    row = draft_row(session, track_id)
    cues = [cue.to_json() for cue in load_cues(house, row.document)]
    return show.draft_view(session, row, cues, show.latest_version(session, track_id))


def document_of(language: str, film_hash: str, cues: tuple[Cue, ...]) -> bytes:
    """A draft's document; a version keeps the very document that was submitted, so its number stays 0."""
    return to_document(Version(0, language, film_hash, cues))
