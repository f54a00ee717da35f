"""Translation memory: what was said before, in files and in approved versions, and who is offered it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, or_, select
from sqlalchemy.orm import Session

from workflow.language.memory import Memory, Unit
from workflow.people import Actor
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.reference import paired, reference_of
from workflow.stages.scope import in_scope, note_words, own_row
from workflow.store.database import in_whole, insert_for
from workflow.store.house import House
from workflow.store.tables import (
    Film,
    MemoryUnit,
    Project,
    ProjectRules,
    Track,
    TrackVersion,
    new_id,
    now_ms,
)
from workflow.tracks.memory_file import MAX_UNITS, read_memory, write_memory

TARGET_LANGUAGE = "tk"
NEWEST = 100  # units that a page lists


@dataclass(frozen=True)
class UnitView:
    id: str
    source: str
    target: str
    origin: str
    of_house: bool


def units_found(
    session: Session, project_id: str | None, wanted: str
) -> tuple[list[UnitView], int]:
    """The newest units with *wanted* in one of their texts, casefolded, of all if it is "", and how many there are."""
    units = _units_of(project_id)
    if wanted:
        units = units.where(
            or_(
                func.lower(MemoryUnit.source).contains(wanted, autoescape=True),
                func.lower(MemoryUnit.target).contains(wanted, autoescape=True),
            )
        )
    count = session.scalar(select(func.count()).select_from(units.subquery())) or 0
    rows = session.scalars(units.order_by(MemoryUnit.created_at.desc()).limit(NEWEST))
    views = [UnitView(u.id, u.source, u.target, u.origin, u.project_id is None) for u in rows]
    return views, count


def _units_of(project_id: str | None) -> Select[Any]:
    """Units a project may be offered: its own, the house's, and those of projects that share theirs."""
    return select(MemoryUnit).where(
        _is_offered(project_id) if project_id else MemoryUnit.project_id.is_(None)
    )


def _is_offered(project_id: str) -> ColumnElement[bool]:
    silent = select(ProjectRules.project_id).where(ProjectRules.shares_memory.is_(False))
    return or_(
        MemoryUnit.project_id == project_id,
        MemoryUnit.project_id.is_(None),
        MemoryUnit.project_id.not_in(silent),
    )


@in_whole
def import_memory(
    house: House,
    actor: Actor,
    project_id: str | None,
    data: bytes,
    *,
    name: str,
    source_language: str = "en",
    language: str = TARGET_LANGUAGE,
) -> int:
    """Add the units of a TMX file. Returns how many it has; those that are there already stay as they are.

    Raises BadInput as `read_memory` does.
    """
    origin = show.one_line(name, 255)
    units = read_memory(
        data, source_language=source_language[:35], language=language[:35], origin=origin
    )
    with house.write() as session:
        _add_units(session, project_id, source_language, language, units)
        note_words(
            session, actor, "memory.import", project_id, project_id or "house", count=len(units)
        )
    return len(units)


def _add_units(
    session: Session,
    project_id: str | None,
    source_language: str,
    language: str,
    units: Sequence[Unit],
    *,
    track_id: str | None = None,
    uids: Sequence[str] = (),
) -> None:
    now = now_ms()
    rows = {
        key: {
            "id": new_id(),
            "project_id": project_id,
            "key": key,
            "source_language": source_language,
            "language": language,
            "source": unit.source,
            "target": unit.target,
            "speaker": unit.speaker,
            "before": unit.before,
            "after": unit.after,
            "origin": unit.origin,
            "track_id": track_id,
            "cue_uid": uids[i] if uids else "",
            "created_at": now,
        }
        for i, unit in enumerate(units)
        for key in [_key(project_id, source_language, language, unit)]
    }
    kept = list(rows.values())
    for at in range(0, len(kept), 500):
        session.execute(
            insert_for(session, MemoryUnit).on_conflict_do_nothing(), kept[at : at + 500]
        )


def _key(project_id: str | None, source_language: str, language: str, unit: Unit) -> str:
    parts = (project_id or "", source_language, language, unit.source, unit.target)
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


@in_whole
def remove_unit(house: House, actor: Actor, project_id: str | None, unit_id: str) -> None:
    """Raises NotFound, also for a unit of another scope."""
    with house.write() as session:
        row = own_row(session, MemoryUnit, project_id, unit_id)
        note_words(session, actor, "memory.remove", project_id, row.id)
        session.execute(delete(MemoryUnit).where(MemoryUnit.id == row.id))


def export_memory(house: House, project_id: str | None) -> bytes:
    """The scope's own units as TMX, of its source language into Turkmen."""
    with house.read() as session:
        source_language = (
            show.row(session, Project, project_id).source_language if project_id else "en"
        )
        rows = session.scalars(
            select(MemoryUnit)
            .where(
                in_scope(MemoryUnit, project_id),
                MemoryUnit.source_language == source_language,
                MemoryUnit.language == TARGET_LANGUAGE,
            )
            .order_by(MemoryUnit.created_at, MemoryUnit.id)
            .limit(MAX_UNITS)
        )
        return write_memory(
            (Unit(row.source, row.target, origin=row.origin) for row in rows),
            source_language=source_language,
            language=TARGET_LANGUAGE,
        )


def remember_approved(house: House, session: Session, version: TrackVersion) -> None:
    """Feed the project's memory with an approved version, cue by cue beside the film's reference track."""
    track = show.row(session, Track, version.track_id)
    source, source_language = reference_of(house, session, track)
    if not source or track.kind == "dub":  # its words are shortened to be spoken
        return
    cues = load_cues(house, version.document)
    film = show.row(session, Film, track.film_id)
    units: list[Unit] = []
    uids: list[str] = []
    both = [p for p in paired(cues, source, track.language) if p.targets and p.sources]
    texts = ["", *(pair.source_text for pair in both), ""]
    for i, pair in enumerate(both):
        if pair.source_text.strip() and pair.target_text.strip():
            first = cues[pair.targets[0]]
            units.append(
                Unit(
                    pair.source_text,
                    pair.target_text,
                    speaker=first.speaker[:200],
                    before=texts[i],
                    after=texts[i + 2],
                    origin=film.name,
                )
            )
            uids.append(first.uid)
    _add_units(
        session,
        track.project_id,
        source_language,
        track.language,
        units,
        track_id=track.id,
        uids=uids,
    )


def memory_of(session: Session, project_id: str, source_language: str, language: str) -> Memory:
    """What a cue of this project may be offered."""
    offered = _units_of(project_id).where(
        MemoryUnit.source_language == source_language, MemoryUnit.language == language
    )
    rows = session.execute(
        offered.with_only_columns(
            MemoryUnit.source,
            MemoryUnit.target,
            MemoryUnit.speaker,
            MemoryUnit.before,
            MemoryUnit.after,
            MemoryUnit.origin,
        )
        .order_by(MemoryUnit.created_at.desc(), MemoryUnit.id)
        .limit(MAX_UNITS)
    )
    return _memory(tuple(tuple(row) for row in rows))


@lru_cache(maxsize=8)
def _memory(rows: tuple[tuple[str, ...], ...]) -> Memory:
    return Memory(
        Unit(source, target, speaker, before, after, origin)
        for source, target, speaker, before, after, origin in rows
    )
