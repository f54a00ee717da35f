"""Tracks: import, the one draft and its saves, alignment, and the submission of a version."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from workflow.align import align_to_subtitles
from workflow.align.speech import Speech
from workflow.align.to_speech import align_to_speech
from workflow.errors import BadInput, Conflict, NotAllowed, NotFound
from workflow.people import Actor, Role
from workflow.progress import Watch
from workflow.review import authors_after, blockers, contributions, hashes_of
from workflow.stages import show
from workflow.stages.builds import queue_build
from workflow.stages.checks import check_cues
from workflow.stages.documents import DOCUMENT_TYPE, load_cues
from workflow.stages.films import known_film
from workflow.stages.running import Settle
from workflow.stages.versions import locked_track, move, wrong_state
from workflow.stages.views import (
    DraftSaveView,
    DraftView,
    JobView,
    ProposalView,
    TrackView,
    VersionView,
)
from workflow.store import audit, ledger
from workflow.store.database import in_whole, insert_for, rows_changed
from workflow.store.house import House, remember_blob
from workflow.store.ledger import Claimed
from workflow.store.tables import (
    Assignment,
    CueAuthor,
    Draft,
    DraftSave,
    Film,
    FilmFile,
    Membership,
    Project,
    Proposal,
    Track,
    TrackVersion,
    VersionCueChange,
    new_id,
    now_ms,
)
from workflow.tracks.compare import carry_uids, merge
from workflow.tracks.cues import Cue, canonical, in_order, track_hash
from workflow.tracks.cues import TrackVersion as Version
from workflow.tracks.document import to_document
from workflow.tracks.formats import read_subtitles
from workflow.tracks.limits import refuse_crowd, refuse_too_many

ALIGN_VERSION = "align/1"
_TRIES = 5

#: From the current cues and their etag: the new ones, what the save is called, how many were merged.
Change: TypeAlias = Callable[[tuple[Cue, ...], str], tuple[tuple[Cue, ...], str, int]]


def new_uid() -> str:
    """For life, of a cue."""
    return uuid.uuid4().hex[:16]


# --- import and draft ---------------------------------------------------------------------------


def import_track(
    house: House,
    actor: Actor,
    film_id: str,
    data: bytes,
    *,
    name: str,
    language: str,
    kind: str = "subtitle",
    title: str = "",
    encoding: str | None = None,
) -> TrackView:
    """A new track of the film, its draft holding the cues of a subtitle file.

    kind    "subtitle", or "reference" for a source-language track that others are aligned to
    Raises BadInput KIND, LANGUAGE and whatever `read_subtitles` raises.
    """
    if kind not in ("subtitle", "reference"):
        raise BadInput("KIND", f"There is no kind of track called {kind[:40]!r}.")
    tag = show.language_tag(language)
    with house.read() as session:
        film = show.row(session, Film, film_id)
        film_hash, rate = film.original, show.rate_of(film)
    imported = read_subtitles(data, encoding=encoding, frame_rate=rate, uid=new_uid)
    document = _document(tag, film_hash, imported.cues)
    sha256, size = house.blobs.put_bytes(document)
    track_id = _record_track(
        house,
        actor,
        film_id,
        Track(
            id=new_id(),
            film_id=film_id,
            kind=kind,
            language=tag,
            title=show.one_line(title or name, 120),
            created_by=actor.user_id,
        ),
        (sha256, size),
        imported.cues,
        imported.report.to_json() | {"name": show.one_line(name, 255)},
    )
    return track_view(house, track_id, actor)


@in_whole
def _record_track(
    house: House,
    actor: Actor,
    film_id: str,
    wanted: Track,
    blob: tuple[str, int],
    cues: tuple[Cue, ...],
    report: dict[str, Any],
) -> str:
    with house.write() as session:
        film = show.row(session, Film, film_id)
        track = Track(
            id=wanted.id,
            project_id=film.project_id,
            film_id=film_id,
            kind=wanted.kind,
            language=wanted.language,
            title=wanted.title,
            created_by=wanted.created_by,
        )
        session.add(track)
        remember_blob(session, *blob, DOCUMENT_TYPE)
        session.flush()
        if track.kind == "subtitle":
            translator = actor.user_id if Role.TRANSLATOR in actor.roles else None
            session.add(
                Assignment(
                    track_id=track.id,
                    translator_id=translator or _only(session, film.project_id, Role.TRANSLATOR),
                    reviewer_id=_only(session, film.project_id, Role.REVIEWER),
                )
            )
        session.add(Draft(track_id=track.id, document=blob[0], updated_by=actor.user_id))
        session.add(
            DraftSave(
                track_id=track.id,
                revision=1,
                document=blob[0],
                cue_count=len(cues),
                what="import",
                report=report,
                person_id=actor.user_id,
            )
        )
        session.flush()
        _note_authors(house, session, track, film.original, (), cues, actor.user_id)
        audit.note(session, actor.user_id, "track.import", "track", track.id, document=blob[0])
        return track.id


def _only(session: Session, project_id: str, role: Role) -> str | None:
    """The project's longest-standing person with that role."""
    return session.scalars(
        select(Membership.person_id)
        .where(Membership.project_id == project_id, Membership.role == role.value)
        .order_by(Membership.created_at)
        .limit(1)
    ).first()


def import_into_track(
    house: House,
    actor: Actor,
    track_id: str,
    data: bytes,
    *,
    name: str,
    encoding: str | None = None,
    if_match: str,
) -> TrackView:
    """Another file in place of the draft's cues; cues that are the same keep their uid, notes and speaker.

    Raises Conflict DRAFT_CHANGED when the draft is not the one named by *if_match*.
    """
    with house.read() as session:
        track = show.row(session, Track, track_id)
        rate = show.rate_of(show.row(session, Film, track.film_id))
    imported = read_subtitles(data, encoding=encoding, frame_rate=rate, uid=new_uid)

    def change(current: tuple[Cue, ...], etag: str) -> tuple[tuple[Cue, ...], str, int]:
        if etag != if_match:
            raise _draft_changed(etag)
        return carry_uids(current, imported.cues), "import", 0

    report = imported.report.to_json() | {"name": show.one_line(name, 255)}
    _save(house, actor, track_id, change, report=report, always=True)
    return track_view(house, track_id, actor)


def draft(house: House, track_id: str) -> DraftView:
    """The track's draft. Raises NotFound."""
    with house.read() as session:
        return _draft_view(house, session, track_id)


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
            raise _draft_changed(now)
        merged = merge(load_cues(house, etag), ordered, current)
        if merged.conflicts:
            raise _draft_changed(now, [conflict.to_json() for conflict in merged.conflicts])
        _refuse_what_a_merge_may_break(merged.cues)
        return merged.cues, "merge", len(merged.taken)

    merged = _save(house, actor, track_id, change)
    return draft(house, track_id), merged


def _refuse_what_a_merge_may_break(cues: Sequence[Cue]) -> None:
    refuse_too_many(len(cues))
    places = [f"cue {number}" for number in range(1, len(cues) + 1)]
    refuse_crowd([(cue.start, cue.end) for cue in cues], places)


def _draft_changed(etag: str, conflicts: list[dict[str, Any]] | None = None) -> Conflict:
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
        current = _draft_row(session, track_id)
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
            )
            for save in saves
        ]


def restore_save(house: House, actor: Actor, track_id: str, revision: int) -> DraftView:
    """Make an earlier save the draft again, as a new save: nothing is lost. Raises NotFound."""
    with house.read() as session:
        old = session.get(DraftSave, {"track_id": track_id, "revision": revision})
        if old is None:
            raise NotFound("NOT_FOUND", "There is no such save of this draft.")
        document = old.document
    cues = load_cues(house, document)
    _save(house, actor, track_id, lambda _current, _etag: (cues, "restore", 0))
    return draft(house, track_id)


def _save(
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
            now = _draft_row(session, track_id)
            etag, revision = now.document, now.revision
        before = load_cues(house, etag)
        after, what, merged = change(before, etag)
        after = in_order(after)
        document = _document(track.language, film_hash, after)
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
        now = _draft_row(session, track_id)
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
        _note_authors(house, session, track, film_hash, before, after, actor.user_id)
        return True


def _note_authors(
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


def _draft_row(session: Session, track_id: str) -> Draft:
    return show.row(session, Draft, track_id)


def _draft_view(house: House, session: Session, track_id: str) -> DraftView:
    row = _draft_row(session, track_id)
    cues = [cue.to_json() for cue in load_cues(house, row.document)]
    return show.draft_view(session, row, cues, show.latest_version(session, track_id))


def _document(language: str, film_hash: str, cues: tuple[Cue, ...]) -> bytes:
    """A draft's document; a version keeps the very document that was submitted, so its number stays 0."""
    return to_document(Version(0, language, film_hash, cues))


# --- looking ------------------------------------------------------------------------------------


def track_view(house: House, track_id: str, actor: Actor) -> TrackView:
    with house.read() as session:
        track = show.row(session, Track, track_id)
        film = show.row(session, Film, track.film_id)
        proposal = _open_proposal(session, track_id)
        job = show.latest_job(session, "align", track_id)
        references = session.scalars(
            select(Track)
            .where(Track.film_id == track.film_id, Track.id != track_id)
            .order_by(Track.kind != "reference", Track.created_at)
        )
        return TrackView(
            summary=show.track_summary(session, track),
            film=show.film_view(session, film),
            project_title=show.row(session, Project, track.project_id).title,
            draft=_draft_view(house, session, track_id),
            versions=[show.version_view(session, v) for v in show.versions_of(session, track_id)],
            proposal=_proposal_view(house, session, proposal) if proposal else None,
            alignment_job=(
                show.job_view(session, job)
                if job and job.state in ("queued", "running", "failed")
                else None
            ),
            references=[
                {"id": other.id, "title": other.title, "language": other.language}
                for other in references
            ],
            my_roles=show.roles_in(session, track.project_id, actor.user_id),
        )


def _open_proposal(session: Session, track_id: str) -> Proposal | None:
    return session.scalars(
        select(Proposal)
        .where(Proposal.track_id == track_id, Proposal.state == "open")
        .order_by(Proposal.created_at.desc())
        .limit(1)
    ).first()


# --- alignment ----------------------------------------------------------------------------------


@in_whole
def start_alignment(
    house: House, actor: Actor, track_id: str, *, reference_track: str | None, speech: bool
) -> JobView:
    """Work out new times for the draft, by another track of the film or by the film's own speech.

    The same request again is the same job, and opens its proposal anew if that was rejected.
    Raises BadInput REFERENCE, NO_SOUND; Conflict FILM_NOT_READY.
    """
    if (reference_track is None) == (not speech):
        raise BadInput("REFERENCE", "Choose one: another track of the film, or the film's speech.")
    with house.write() as session:
        track = locked_track(session, track_id)
        film = show.row(session, Film, track.film_id)
        known_film(session, film)
        document = _draft_row(session, track_id).document
        params: dict[str, Any] = {"document": document}
        if reference_track is not None:
            other = session.get(Track, reference_track)
            if other is None or other.film_id != track.film_id or other.id == track_id:
                raise BadInput("REFERENCE", "The reference is not another track of this film.")
            params["reference"] = {"track": other.id, "title": other.title}
            params["reference_document"] = _draft_row(session, other.id).document
        else:
            heard = session.get(FilmFile, {"film_id": film.id, "role": "speech"})
            if heard is None:
                raise BadInput(
                    "NO_SOUND",
                    "The film has no sound to align to.",
                    advice="Align to another track of the film instead.",
                )
            params["reference"] = {"speech": True}
            params["speech"] = heard.sha256
        job = ledger.create(
            session,
            kind="align",
            queue="fast",
            key=[ALIGN_VERSION, track_id, film.original, params],
            params=params,
            subject=track_id,
            project_id=track.project_id,
            created_by=actor.user_id,
        )
        if job.state == "done":
            _close_proposals(session, track_id, actor.user_id)
            session.execute(
                update(Proposal)
                .where(Proposal.job_id == job.id)
                .values(state="open", decided_by=None, decided_at=None)
            )
        audit.note(session, actor.user_id, "track.align", "track", track_id, job=job.id)
        return show.job_view(session, job)


def run_align(house: House, claimed: Claimed, watch: Watch, work: Path) -> Settle:
    """The proposal for one draft."""
    params = claimed.params
    with house.read() as session:
        track = show.row(session, Track, claimed.subject)
        film_row = show.row(session, Film, track.film_id)
        film = known_film(session, film_row)
        shots = tuple(film_row.shots or ())
    cues = load_cues(house, params["document"])
    if "speech" in params:
        found = align_to_speech(
            cues,
            Speech.from_bytes(house.blobs.read(params["speech"])),
            grid=film.grid,
            film_duration=film.duration,
            shots=shots,
            watch=watch,
        )
    else:
        found = align_to_subtitles(
            cues,
            load_cues(house, params["reference_document"]),
            grid=film.grid,
            film_duration=film.duration,
            shots=shots,
            watch=watch,
        )
    sha256, size = house.blobs.put_bytes(canonical(found.to_json()))

    def settle(session: Session) -> str:
        remember_blob(session, sha256, size, DOCUMENT_TYPE)
        _close_proposals(session, claimed.subject, None)
        proposal = Proposal(
            track_id=claimed.subject,
            job_id=claimed.id,
            base_document=params["document"],
            reference=params["reference"],
            alignment=sha256,
        )
        session.add(proposal)
        session.flush()
        return proposal.id

    return settle


def _close_proposals(session: Session, track_id: str, person_id: str | None) -> None:
    """An open suggestion gives way to a newer one."""
    session.execute(
        update(Proposal)
        .where(Proposal.track_id == track_id, Proposal.state == "open")
        .values(state="rejected", decided_by=person_id, decided_at=now_ms())
    )


def proposal_view(house: House, proposal_id: str) -> ProposalView:
    with house.read() as session:
        return _proposal_view(house, session, show.row(session, Proposal, proposal_id))


def _proposal_view(house: House, session: Session, proposal: Proposal) -> ProposalView:
    body = json.loads(house.blobs.read(proposal.alignment))
    base = {cue.uid: cue for cue in load_cues(house, proposal.base_document)}
    cues = [
        retimed
        | {
            "text": base[retimed["uid"]].text,
            "old_start": base[retimed["uid"]].start,
            "old_end": base[retimed["uid"]].end,
            "changed": (base[retimed["uid"]].start, base[retimed["uid"]].end)
            != (retimed["start"], retimed["end"]),
        }
        for retimed in body["cues"]
    ]
    return ProposalView(
        id=proposal.id,
        track_id=proposal.track_id,
        state=proposal.state,
        reference=proposal.reference,
        draft_moved=_draft_row(session, proposal.track_id).document != proposal.base_document,
        confidence=body["confidence"],
        related=body["related"],
        method=body["method"],
        segments=body["segments"],
        statistics={
            "marked": body["marked"],
            "before": body["before"],
            "after": body["after"],
            "changed": sum(cue["changed"] for cue in cues),
            "cues": len(cues),
        },
        cues=cues,
        created_at=proposal.created_at,
    )


def accept_proposal(
    house: House, actor: Actor, proposal_id: str, uids: str | Sequence[str]
) -> DraftView:
    """Take the new times, of "all" cues or of those named, into the draft; texts stay as they are now.

    Raises Conflict PROPOSAL_DECIDED, BadInput NO_SUCH_CUES.
    """
    proposal = proposal_view(house, proposal_id)
    times = {
        cue["uid"]: (cue["start"], cue["end"])
        for cue in proposal.cues
        if uids == "all" or cue["uid"] in uids
    }
    if not times:
        raise BadInput("NO_SUCH_CUES", "None of the cues that were named is in the proposal.")

    def change(current: tuple[Cue, ...], _etag: str) -> tuple[tuple[Cue, ...], str, int]:
        retimed = tuple(
            replace(cue, start=times[cue.uid][0], end=times[cue.uid][1])
            if cue.uid in times
            else cue
            for cue in current
        )
        return retimed, "align", 0

    def decide(session: Session) -> None:
        _decide(session, actor, proposal_id, "accepted", cues=len(times))

    _save(house, actor, proposal.track_id, change, also=decide, always=True)
    return draft(house, proposal.track_id)


@in_whole
def reject_proposal(house: House, actor: Actor, proposal_id: str) -> ProposalView:
    """The times stay as they were. Raises Conflict PROPOSAL_DECIDED."""
    with house.write() as session:
        _decide(session, actor, proposal_id, "rejected")
        return _proposal_view(house, session, show.row(session, Proposal, proposal_id))


def _decide(session: Session, actor: Actor, proposal_id: str, state: str, **told: Any) -> None:
    decided = rows_changed(
        session,
        update(Proposal)
        .where(Proposal.id == proposal_id, Proposal.state == "open")
        .values(state=state, decided_by=actor.user_id, decided_at=now_ms()),
    )
    if not decided:
        now = show.row(session, Proposal, proposal_id).state
        raise Conflict(
            "PROPOSAL_DECIDED", f"The proposal is {now} already.", details={"state": now}
        )
    audit.note(session, actor.user_id, f"proposal.{state}", "proposal", proposal_id, **told)


# --- checks and submission ----------------------------------------------------------------------


def findings(house: House, object_id: str) -> list[dict[str, Any]]:
    """What the quality rules say about a track's draft, or about a version. Raises NotFound."""
    with house.read() as session:
        version = session.get(TrackVersion, object_id)
        track = show.row(session, Track, version.track_id if version else object_id)
        document = version.document if version else _draft_row(session, track.id).document
        return check_cues(house, session, track, load_cues(house, document))


@in_whole
def submit(
    house: House,
    actor: Actor,
    track_id: str,
    *,
    etag: str,
    note: str = "",
    acknowledge: bool = False,
) -> VersionView:
    """The draft becomes a version to review, and its 240p review build is queued.

    Older versions that wait for a verdict are superseded; an approved one becomes stale.
    Raises Conflict DRAFT_CHANGED, NOTHING_CHANGED, FILM_NOT_READY; BadInput BLOCKING_FINDINGS,
    FINDINGS_NOT_ACKNOWLEDGED (both with the list in details).
    """
    text = show.paragraph(note, 4000, "NOTE")
    with house.read() as session:  # a long track takes a while to check: nobody waits for it
        track = show.row(session, Track, track_id)
        if track.kind != "subtitle":
            raise BadInput("KIND", "A reference track is aligned to; it is not submitted.")
        if (now := _draft_row(session, track_id).document) != etag:
            raise _draft_changed(now)
        film = known_film(session, show.row(session, Film, track.film_id))
        cues = load_cues(house, etag)
        _refuse_findings(house, session, track, cues, film.duration, acknowledge)
    with house.write() as session:
        track = locked_track(session, track_id)
        row = _draft_row(session, track_id)
        if row.document != etag:
            raise _draft_changed(row.document)
        named = track_hash(track.language, film.hash, cues)
        _refuse_unchanged(show.latest_version(session, track_id), named, text)
        version = TrackVersion(
            id=new_id(),
            track_id=track_id,
            number=(session.scalar(_highest_number(track_id)) or 0) + 1,
            parent_id=row.base_version_id,
            track_hash=named,
            document=row.document,
            cue_count=len(cues),
            note=text,
            author_id=actor.user_id,
        )
        _supersede(session, version, actor)
        session.add(version)
        session.flush()
        approved = show.approved_before(session, version)
        before = load_cues(house, approved.document) if approved else ()
        authors = known_authors(session, track_id)
        for changed, person in contributions(film.hash, before, cues, authors, actor.user_id):
            session.add(VersionCueChange(version_id=version.id, cue_hash=changed, person_id=person))
        row.base_version_id = version.id
        audit.note(
            session,
            actor.user_id,
            "version.submit",
            "version",
            version.id,
            number=version.number,
            track_hash=named,
            acknowledged=acknowledge,
        )
        queue_build(session, version, track, film, 240, actor.user_id)
        return show.version_view(session, version)


def _highest_number(track_id: str) -> Any:
    return select(func.max(TrackVersion.number)).where(TrackVersion.track_id == track_id)


def _refuse_findings(
    house: House,
    session: Session,
    track: Track,
    cues: tuple[Cue, ...],
    film_duration: int,
    acknowledge: bool,
) -> None:
    if found := blockers(cues, film_duration):
        raise BadInput(
            "BLOCKING_FINDINGS",
            f"The track cannot be submitted: {found[0].message}"
            + (f" And {len(found) - 1} more." if len(found) > 1 else ""),
            where=f"cue {found[0].cue}" if found[0].cue else "",
            advice="Correct these cues first.",
            details={"findings": [blocker.to_json() for blocker in found]},
        )
    errors = [f for f in check_cues(house, session, track, cues) if f["severity"] == "error"]
    if errors and not acknowledge:
        raise BadInput(
            "FINDINGS_NOT_ACKNOWLEDGED",
            f"{len(errors)} quality rules are broken.",
            advice="Correct them, or submit knowing that they are there.",
            details={"findings": errors},
        )


def _refuse_unchanged(latest: TrackVersion | None, named: str, note: str) -> None:
    """The same cues again are no version, unless they answer a request for changes with words."""
    if latest is None or latest.track_hash != named:
        return
    if latest.state == "changes_requested" and note:
        return
    raise Conflict(
        "NOTHING_CHANGED",
        f"The draft looks the same as version {latest.number}.",
        advice="Write a note to the reviewer to submit it unchanged."
        if latest.state == "changes_requested"
        else "Edit it first.",
        details={"number": latest.number, "state": latest.state},
    )


def _supersede(session: Session, newer: TrackVersion, actor: Actor) -> None:
    """What a newer version does to those before it."""
    for old in session.scalars(
        select(TrackVersion).where(
            TrackVersion.track_id == newer.track_id,
            TrackVersion.state.in_(
                ("submitted", "in_review", "changes_requested", "revoked", "approved")
            ),
        )
    ).all():
        state = "superseded" if old.state != "approved" else "stale"
        move(session, old, old.state, state, actor.user_id, by=newer.number)


@in_whole
def withdraw(house: House, actor: Actor, version_id: str) -> VersionView:
    """The author takes back a version that nobody has judged. Raises NotAllowed NOT_YOURS, Conflict."""
    with house.write() as session:
        version = show.row(session, TrackVersion, version_id)
        locked_track(session, version.track_id)
        if version.author_id != actor.user_id:
            raise NotAllowed("NOT_YOURS", "Only its author takes a version back.")
        if version.state not in ("submitted", "in_review"):
            raise wrong_state(version)
        move(session, version, version.state, "withdrawn", actor.user_id)
        return show.version_view(session, version)


def version_cues(house: House, version_id: str) -> tuple[Cue, ...]:
    with house.read() as session:
        return load_cues(house, show.row(session, TrackVersion, version_id).document)
