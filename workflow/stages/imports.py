"""Files read in: a new track of a film, or other cues in place of a draft's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.errors import BadInput
from workflow.people import Actor, Role
from workflow.stages import show
from workflow.stages.documents import DOCUMENT_TYPE
from workflow.stages.drafts import document_of, draft_changed, new_uid, note_authors, save_as
from workflow.stages.tracks import track_view
from workflow.stages.views import TrackView
from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.tables import Assignment, Draft, DraftSave, Film, Membership, Track, new_id
from workflow.tracks.compare import carry_uids
from workflow.tracks.cues import Cue
from workflow.tracks.formats import read_subtitles


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
    document = document_of(tag, film_hash, imported.cues)
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
        note_authors(house, session, track, film.original, (), cues, actor.user_id)
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
            raise draft_changed(etag)
        return carry_uids(current, imported.cues), "import", 0

    report = imported.report.to_json() | {"name": show.one_line(name, 255)}
    save_as(house, actor, track_id, change, report=report, always=True)
    return track_view(house, track_id, actor)
