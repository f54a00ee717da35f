"""The quality rules over cues, with the film and the source-language track as their background."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow import qc
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.store.house import House
from workflow.store.tables import Draft, Film, Project, Track, TrackVersion
from workflow.timebase import FrameGrid
from workflow.tracks.cues import Cue


def findings(house: House, object_id: str) -> list[dict[str, Any]]:
    """What the quality rules say about a track's draft, or about a version. Raises NotFound."""
    with house.read() as session:
        version = session.get(TrackVersion, object_id)
        track = show.row(session, Track, version.track_id if version else object_id)
        document = version.document if version else show.row(session, Draft, track.id).document
        return check_cues(house, session, track, load_cues(house, document))


def check_cues(
    house: House, session: Session, track: Track, cues: tuple[Cue, ...]
) -> list[dict[str, Any]]:
    """Findings as `terjime subtitles check` prints them: rule, cue, uid, severity, message, fix."""
    film = show.row(session, Film, track.film_id)
    rate = show.rate_of(film)
    known = (
        qc.FilmFacts(
            rate=rate,
            duration=FrameGrid(rate).time_of(film.frames or 0),
            shots=tuple(film.shots or ()),
        )
        if rate
        else None
    )
    found = qc.check(
        cues,
        film=known,
        source=_source(house, session, track),
        language=track.language,
        source_language=show.row(session, Project, track.project_id).source_language,
    )
    return [finding.to_json() for finding in found]


def _source(house: House, session: Session, track: Track) -> tuple[Cue, ...] | None:
    """The cues of the film's reference track, unless the track is that itself."""
    if track.kind == "reference":
        return None
    document = session.scalars(
        select(Draft.document)
        .join(Track, Track.id == Draft.track_id)
        .where(Track.film_id == track.film_id, Track.kind == "reference")
        .order_by(Track.created_at)
        .limit(1)
    ).first()
    return load_cues(house, document) if document else None
