"""Submission: the draft becomes a version to review, unless its findings stand in the way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow.errors import BadInput, Conflict, NotAllowed
from workflow.people import Actor
from workflow.review import blockers, contributions
from workflow.stages import show
from workflow.stages.builds import queue_build
from workflow.stages.checks import check_cues
from workflow.stages.documents import load_cues
from workflow.stages.drafts import draft_changed, draft_row, known_authors
from workflow.stages.films import known_film
from workflow.stages.versions import locked_track, move, wrong_state
from workflow.stages.views import VersionView
from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.tables import Film, Track, TrackVersion, VersionCueChange, new_id
from workflow.tracks.cues import Cue, track_hash


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
        if track.kind == "reference":
            raise BadInput("KIND", "A reference track is aligned to; it is not submitted.")
        if (now := draft_row(session, track_id).document) != etag:
            raise draft_changed(now)
        film = known_film(session, show.row(session, Film, track.film_id))
        cues = load_cues(house, etag)
        _refuse_findings(house, session, track, cues, film.duration, acknowledge)
    with house.write() as session:
        track = locked_track(session, track_id)
        row = draft_row(session, track_id)
        if row.document != etag:
            raise draft_changed(row.document)
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
    found = blockers(cues, film_duration)
    if track.kind == "dub":  # two may speak at once: a line's status says where that is too much
        found = tuple(one for one in found if one.code != "OVERLAP")
    if found:
        raise BadInput(
            "BLOCKING_FINDINGS",
            f"The track cannot be submitted: {found[0].message}"
            + (f" And {len(found) - 1} more." if len(found) > 1 else ""),
            where=f"cue {found[0].cue}" if found[0].cue else "",
            advice="Correct these cues first.",
            details={"findings": [blocker.to_json() for blocker in found]},
        )
    errors = [
        finding
        for finding in check_cues(house, session, track, cues)
        if finding["severity"] == "error" and not finding["ignored"]
    ]
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
