"""Review: comments that follow their cue, and verdicts over the exact bytes that were watched."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow.errors import BadInput, Conflict, NotAllowed, NotFound
from workflow.people import Action, Actor, Role, may
from workflow.review import anchor_of, changes_between, place_of
from workflow.stages import journey, show
from workflow.stages.checks import check_cues
from workflow.stages.documents import load_cues
from workflow.stages.films import known_film
from workflow.stages.memory import remember_approved
from workflow.stages.versions import locked_track, move, wrong_state
from workflow.stages.views import CommentView, ReviewView, VersionView
from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.tables import (
    Build,
    Comment,
    Film,
    Track,
    TrackVersion,
    Verdict,
    VersionCueChange,
    now_ms,
)
from workflow.tracks.cues import Cue

COMMENT_CHARACTERS = 4000
COMMENTS_A_MINUTE = 50
OPEN_TO_VERDICT = ("submitted", "in_review", "stale", "revoked")


def review_view(house: House, version_id: str, actor: Actor) -> ReviewView:
    """Everything that the review page shows. Raises NotFound."""
    with house.read() as session:
        version = show.row(session, TrackVersion, version_id)
        track = show.row(session, Track, version.track_id)
        film = show.row(session, Film, track.film_id)
        latest = show.latest_version(session, track.id)
        cues = load_cues(house, version.document)
        approved = show.approved_before(session, version)
        return ReviewView(
            track=journey.track_summary(session, track),
            film=show.film_view(session, film),
            version=show.version_view(session, version),
            latest_number=latest.number if latest else version.number,
            cues=[cue.to_json() for cue in cues],
            changes=version_changes(house, session, version),
            approved_number=approved.number if approved else None,
            comments=_comments(house, session, version),
            findings=check_cues(house, session, track, cues),
            may=_may(session, actor, version, latest),
            my_roles=show.roles_in(session, track.project_id, actor.user_id),
        )


def version_changes(house: House, session: Session, version: TrackVersion) -> list[dict[str, Any]]:
    """What *version* changes against the last approved one before it: `CueChange.to_json` with the
    number of the cue ("number", counted from 1 in this version; a removed one in the older)."""
    approved = show.approved_before(session, version)
    before = load_cues(house, approved.document) if approved else ()
    return changes_json(_film_hash(session, version), before, load_cues(house, version.document))


def changes_json(
    film_hash: str, before: tuple[Cue, ...], after: tuple[Cue, ...]
) -> list[dict[str, Any]]:
    old_numbers = {cue.uid: number for number, cue in enumerate(before, start=1)}
    new_numbers = {cue.uid: number for number, cue in enumerate(after, start=1)}
    return [
        change.to_json() | {"number": new_numbers.get(change.uid) or old_numbers.get(change.uid)}
        for change in changes_between(film_hash, before, after)
    ]


def _film_hash(session: Session, version: TrackVersion) -> str:
    track = show.row(session, Track, version.track_id)
    return show.row(session, Film, track.film_id).original


def _may(
    session: Session, actor: Actor, version: TrackVersion, latest: TrackVersion | None
) -> dict[str, str]:
    """What this person may do to the version, each with the reason why not."""
    comment = "" if may(actor, Action.COMMENT) else "Only members of the project comment."
    verdict = _why_no_verdict(actor, version, latest)
    approve = verdict
    if not approve and _has_a_hand_in(session, version, actor.user_id):
        approve = "You changed cues of this version yourself; somebody else must approve it."
    return {"comment": comment, "request_changes": verdict, "approve": approve}


def _why_no_verdict(actor: Actor, version: TrackVersion, latest: TrackVersion | None) -> str:
    if Role.REVIEWER not in actor.roles:
        return "Only reviewers give verdicts."
    if latest is None or latest.id != version.id:
        return "A newer version is there." if latest else "The version is closed."
    if version.state not in OPEN_TO_VERDICT:
        return f"The version is {version.state.replace('_', ' ')} already."
    return ""


def _has_a_hand_in(session: Session, version: TrackVersion, person_id: str) -> bool:
    own = select(VersionCueChange.cue_hash).where(
        VersionCueChange.version_id == version.id, VersionCueChange.person_id == person_id
    )
    return session.scalar(own.limit(1)) is not None


# --- comments -----------------------------------------------------------------------------------


def comments_of(house: House, version_id: str) -> list[CommentView]:
    """The track's comments as they stand on this version: its own and those of versions before it."""
    with house.read() as session:
        return _comments(house, session, show.row(session, TrackVersion, version_id))


def _comments(house: House, session: Session, version: TrackVersion) -> list[CommentView]:
    track = show.row(session, Track, version.track_id)
    film = known_film(session, show.row(session, Film, track.film_id))
    cues = load_cues(house, version.document)
    comments = session.scalars(
        select(Comment)
        .join(TrackVersion, TrackVersion.id == Comment.version_id)
        .where(Comment.track_id == track.id, TrackVersion.number <= version.number)
        .order_by(Comment.created_at, Comment.id)
    )
    views = []
    for comment in comments:
        placed = place_of(comment.anchor, film.hash, film.grid, cues)
        view = show.comment_view(session, comment, placed.place)
        now = {"now_frame": placed.frame, "now_time": film.grid.time_of(placed.frame)}
        view.anchor.update(now | {"now_uid": placed.uid})
        views.append(view)
    return views


@in_whole
def add_comment(
    house: House,
    actor: Actor,
    version_id: str,
    *,
    text: str,
    frame: int,
    cue_uid: str | None = None,
    reply_to: str | None = None,
) -> CommentView:
    """A remark at a frame of the film, on a cue if it is about one.

    Raises BadInput COMMENT, FRAME, NO_SUCH_CUE; NotFound; Conflict TOO_MANY_COMMENTS.
    """
    words = show.paragraph(text, COMMENT_CHARACTERS, "COMMENT")
    if not words:
        raise BadInput("COMMENT", "The comment is empty.")
    with house.write() as session:
        version = show.row(session, TrackVersion, version_id)
        track = show.row(session, Track, version.track_id)
        film = known_film(session, show.row(session, Film, track.film_id))
        if not 0 <= frame < film.frames:
            raise BadInput("FRAME", f"The film has frames 0 to {film.frames - 1}, not {frame}.")
        _refuse_flood(session, actor)
        cue = next((c for c in load_cues(house, version.document) if c.uid == cue_uid), None)
        if cue_uid is not None and cue is None:
            raise BadInput("NO_SUCH_CUE", "This version has no such cue.", where=cue_uid[:64])
        if reply_to is not None:
            answered = session.get(Comment, reply_to)
            if answered is None or answered.track_id != track.id:
                raise NotFound("NOT_FOUND", "There is no such comment to answer.")
        comment = Comment(
            track_id=track.id,
            version_id=version_id,
            reply_to=reply_to,
            anchor=anchor_of(film.hash, version.track_hash, film.grid, frame, cue),
            text=words,
            author_id=actor.user_id,
        )
        session.add(comment)
        session.flush()
        audit.note(session, actor.user_id, "comment.add", "comment", comment.id, version=version_id)
        return show.comment_view(session, comment, "here")


def _refuse_flood(session: Session, actor: Actor) -> None:
    recent = select(func.count()).where(
        Comment.author_id == actor.user_id, Comment.created_at > now_ms() - 60_000
    )
    if (session.scalar(recent) or 0) >= COMMENTS_A_MINUTE:
        raise Conflict("TOO_MANY_COMMENTS", f"At most {COMMENTS_A_MINUTE} comments a minute.")


@in_whole
def resolve_comment(house: House, actor: Actor, comment_id: str) -> CommentView:
    """Settled; a second time is as once."""
    with house.write() as session:
        comment = show.row(session, Comment, comment_id)
        if comment.resolved_at is None:
            comment.resolved_at = now_ms()
            comment.resolved_by = actor.user_id
            audit.note(session, actor.user_id, "comment.resolve", "comment", comment_id)
        return show.comment_view(session, comment, "here")


# --- verdicts -----------------------------------------------------------------------------------


@in_whole
def give_verdict(
    house: House,
    actor: Actor,
    version_id: str,
    *,
    verdict: str,
    reason: str,
    track_hash: str,
    film_hash: str,
    recipe_hash: str,
    build_hash: str,
    watched_permille: int,
    idempotency_key: str,
) -> VersionView:
    """Sign, or ask for changes to, exactly what was watched. The same key gives the same answer again.

    Raises Conflict STALE_VERSION (another version is the newest, or a hash is not what is there now;
    details: the newest number and what changed), WRONG_STATE, KEY_USED; NotAllowed OWN_CUES;
    BadInput VERDICT, REASON_NEEDED, WATCHED, KEY.
    """
    if verdict not in ("approved", "changes_requested"):
        raise BadInput("VERDICT", f"There is no verdict {verdict[:40]!r}.")
    words = show.paragraph(reason, COMMENT_CHARACTERS, "REASON")
    if verdict == "changes_requested" and not words:
        raise BadInput("REASON_NEEDED", "Say what should change.", advice="Write a reason.")
    if not 0 <= watched_permille <= 1000:
        raise BadInput("WATCHED", "The watched share is a whole number from 0 to 1000.")
    if not 0 < len(idempotency_key) <= 80:
        raise BadInput("KEY", "The idempotency key must have 1 to 80 characters.")
    hashes = {
        "track_hash": track_hash,
        "film_hash": film_hash,
        "recipe_hash": recipe_hash,
        "build_hash": build_hash,
    }
    with house.write() as session:
        version = show.row(session, TrackVersion, version_id)
        locked_track(session, version.track_id)
        session.refresh(version)
        if earlier := _same_request(session, actor, idempotency_key):
            if (earlier.version_id, earlier.verdict) != (version_id, verdict):
                raise Conflict("KEY_USED", "This idempotency key was used for another verdict.")
            return show.version_view(session, version)
        build = _watched_build(house, session, version, hashes)
        if version.state not in OPEN_TO_VERDICT:
            raise wrong_state(version)
        if verdict == "approved" and _has_a_hand_in(session, version, actor.user_id):
            raise NotAllowed(
                "OWN_CUES",
                "You changed cues of this version yourself.",
                advice="Somebody else must approve it; you may request changes.",
            )
        if version.state != "in_review":
            move(session, version, version.state, "in_review", actor.user_id)
        given = Verdict(
            version_id=version_id,
            build_id=build.id,
            reviewer_id=actor.user_id,
            verdict=verdict,
            reason=words,
            watched_permille=watched_permille,
            idempotency_key=idempotency_key,
            **hashes,
        )
        session.add(given)
        session.flush()
        move(session, version, "in_review", verdict, actor.user_id, verdict=given.id, **hashes)
        if verdict == "approved":
            version.revoked_at = None
            _retire_older(session, version, actor)
            remember_approved(house, session, version)
        elif version.revoked_at is None:
            version.revoked_at = now_ms()  # an approval that it may once have had
        session.flush()
        return show.version_view(session, version)


def _same_request(session: Session, actor: Actor, key: str) -> Verdict | None:
    return session.scalars(
        select(Verdict).where(Verdict.reviewer_id == actor.user_id, Verdict.idempotency_key == key)
    ).first()


def _watched_build(
    house: House, session: Session, version: TrackVersion, hashes: dict[str, str]
) -> Build:
    """The finished build that has exactly these hashes, of the newest version."""
    latest = show.latest_version(session, version.track_id)
    if latest is None or latest.id != version.id:
        newer = latest or version
        changed = changes_json(
            _film_hash(session, version),
            load_cues(house, version.document),
            load_cues(house, newer.document),
        )
        raise Conflict(
            "STALE_VERSION",
            f"Version {newer.number} appeared; {len(changed)} cues differ.",
            advice="Watch the newest version.",
            details={"latest": newer.number, "version": newer.id, "changed": changed},
        )
    now = {"track_hash": version.track_hash, "film_hash": _film_hash(session, version)}
    build = session.scalars(
        select(Build).where(
            Build.version_id == version.id,
            Build.output.is_not(None),
            Build.output == hashes["build_hash"],
            Build.recipe_hash == hashes["recipe_hash"],
        )
    ).first()
    differing = [name for name, value in now.items() if hashes[name] != value]
    if build is None or differing:
        raise Conflict(
            "STALE_VERSION",
            "What was watched is not what is here now.",
            advice="Reload the page and watch the review build.",
            details={
                "latest": version.number,
                "version": version.id,
                "changed": [],
                "differing": differing or ["build_hash"],
            },
        )
    return build


def _retire_older(session: Session, version: TrackVersion, actor: Actor) -> None:
    """An approval takes the place of the one before it."""
    for old in session.scalars(
        select(TrackVersion).where(
            TrackVersion.track_id == version.track_id,
            TrackVersion.number < version.number,
            TrackVersion.state.in_(("approved", "stale")),
        )
    ).all():
        move(session, old, old.state, "superseded", actor.user_id, by=version.number)


@in_whole
def revoke(house: House, actor: Actor, version_id: str, reason: str) -> VersionView:
    """Take an approval back; the reason is mandatory. Raises BadInput REASON_NEEDED, Conflict WRONG_STATE."""
    words = show.paragraph(reason, COMMENT_CHARACTERS, "REASON")
    if not words:
        raise BadInput("REASON_NEEDED", "Say why the approval is taken back.")
    with house.write() as session:
        version = show.row(session, TrackVersion, version_id)
        locked_track(session, version.track_id)
        move(session, version, "approved", "revoked", actor.user_id, reason=words)
        version.revoked_at = now_ms()
        session.flush()
        return show.version_view(session, version)
