"""What happened, for ever: rows chained by hash, refused to UPDATE and DELETE by the database.

Events are noted during a transaction and appended at its very end, in one go: the lock that keeps the
chain in order on PostgreSQL is then always the last one taken, so it can never be part of a deadlock.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from workflow.store.tables import Audit, now_ms
from workflow.tracks.cues import canonical, sha256

_NOTES = "audit_notes"
_CHAIN_LOCK = 0x7465726A  # any fixed number: "terj"
GENESIS = "0" * 64


def note(
    session: Session,
    person_id: str | None,
    action: str,
    object_kind: str,
    object_id: str,
    /,
    **details: Any,
) -> None:
    """*person_id* (None: the system) did *action* to an object; kept if the transaction is."""
    session.info.setdefault(_NOTES, []).append((person_id, action, object_kind, object_id, details))


def append_notes(session: Session) -> None:
    """Write what was noted to the end of the chain. Called by `House.write` before the commit."""
    notes = session.info.pop(_NOTES, [])
    if not notes:
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    last = session.execute(select(Audit.row_hash).order_by(Audit.seq.desc()).limit(1)).scalar()
    previous = last or GENESIS
    for person_id, action, object_kind, object_id, details in notes:
        row = Audit(
            at=now_ms(),
            person_id=person_id,
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            details=details,
            prev_hash=previous,
        )
        row.row_hash = previous = _hash(row)
        session.add(row)
        session.flush()  # one at a time, so that seq follows the chain


def first_break(session: Session) -> int | None:
    """The seq of the first row that does not follow from the one before it; None if the chain holds."""
    previous = GENESIS
    for row in session.scalars(select(Audit).order_by(Audit.seq)).yield_per(500):
        if row.prev_hash != previous or row.row_hash != _hash(row):
            return row.seq
        previous = row.row_hash
    return None


def _hash(row: Audit) -> str:
    return sha256(
        canonical(
            [
                row.prev_hash,
                row.at,
                row.person_id,
                row.action,
                row.object_kind,
                row.object_id,
                row.details,
            ]
        )
    )
