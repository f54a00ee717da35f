"""What a track translates: the film's reference track, cue beside cue."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow import qc
from workflow.qc.pairs import Pair, pairs
from workflow.stages.documents import load_cues
from workflow.store.house import House
from workflow.store.tables import Draft, Track
from workflow.tracks.cues import Cue


def paired(cues: Sequence[Cue], source: Sequence[Cue], language: str) -> list[Pair]:
    """Which of *source* each of *cues* translates."""
    return pairs(qc.LineUp(cues, source=source, language=language))


def sources_beside(cues: Sequence[Cue], source: Sequence[Cue], language: str) -> list[str]:
    """For each cue what it translates; "" where nothing does."""
    texts = [""] * len(cues)
    for pair in paired(cues, source, language):
        for target in pair.targets:
            texts[target] = "\n".join(source[i].text for i in pair.sources)
    return texts


def reference_of(house: House, session: Session, track: Track) -> tuple[tuple[Cue, ...], str]:
    """The cues of the film's reference track and their language; () where there is none or it is this one."""
    if track.kind == "reference":
        return (), ""
    found = session.execute(
        select(Draft.document, Track.language)
        .join(Track, Track.id == Draft.track_id)
        .where(Track.film_id == track.film_id, Track.kind == "reference")
        .order_by(Track.created_at)
        .limit(1)
    ).first()
    return (load_cues(house, found[0]), found[1]) if found else ((), "")
