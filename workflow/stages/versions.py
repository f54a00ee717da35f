"""The state machine of a track version: every step compares the state it came from, and is audited.

    submitted ──▶ in_review ──▶ approved ──▶ stale | revoked ──▶ in_review
        │             ├───────▶ changes_requested
        └─────────────┴───────▶ withdrawn;  a newer version makes any but an approved one superseded

The database refuses every other step by itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow.errors import Conflict
from workflow.stages import show
from workflow.store import audit
from workflow.store.database import rows_changed
from workflow.store.tables import Track, TrackVersion, now_ms


def move(
    session: Session, version: TrackVersion, old: str, new: str, person_id: str | None, **told: Any
) -> None:
    """One step of the state machine, compare and set. Raises Conflict WRONG_STATE with the present state."""
    moved = rows_changed(
        session,
        update(TrackVersion)
        .where(
            TrackVersion.id == version.id,
            TrackVersion.state == old,
            TrackVersion.track_hash == version.track_hash,
        )
        .values(state=new, changed_at=now_ms()),
    )
    session.refresh(version)
    if not moved:
        raise wrong_state(version)
    audit.note(session, person_id, f"version.{new}", "version", version.id, old=old, **told)


def wrong_state(version: TrackVersion) -> Conflict:
    return Conflict(
        "WRONG_STATE",
        f"Version {version.number} is {version.state.replace('_', ' ')}.",
        advice="Look at it again.",
        details={"state": version.state, "number": version.number},
    )


def locked_track(session: Session, track_id: str) -> Track:
    """The track's row, held until the transaction ends: its draft and versions change one at a time."""
    found = session.scalars(select(Track).where(Track.id == track_id).with_for_update()).first()
    if found is None:
        raise show.nothing_here()
    return found
