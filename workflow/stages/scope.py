"""What is a project's own, or the house's: whose words, terms and memory are changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from workflow.people import Actor
from workflow.stages import show
from workflow.store import audit


def in_scope(table: Any, project_id: str | None) -> ColumnElement[bool]:
    """Rows of *table* that are the project's own; the house's for None."""
    condition: ColumnElement[bool] = (
        table.project_id == project_id if project_id else table.project_id.is_(None)
    )
    return condition


def own_row(session: Session, table: Any, project_id: str | None, row_id: str) -> Any:
    """Raises NotFound, also for a row of another scope."""
    row = session.get(table, row_id)
    if row is None or row.project_id != project_id:
        raise show.nothing_here()
    return row


def note_words(
    session: Session, actor: Actor, what: str, project_id: str | None, row_id: str, **told: Any
) -> None:
    audit.note(session, actor.user_id, what, "word", row_id, project=project_id, **told)
