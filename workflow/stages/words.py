"""What a house and a project know: words that are right, names, terms, and what was said before.

A project sees its own and the house's; where both have a term for the same source form, the project's alone
counts. The house begins with the seed glossary, every row with its confidence.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, or_, select
from sqlalchemy.orm import Session

from workflow import qc
from workflow.errors import BadInput, NotFound
from workflow.language.glossary import (
    COLUMNS,
    MAX_TERMS,
    Glossary,
    Term,
    read_tsv,
    write_tsv,
)
from workflow.language.memory import Memory, Unit
from workflow.people import Actor
from workflow.qc.pairs import Pair, pairs
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.store import audit
from workflow.store.database import in_whole, insert_for
from workflow.store.house import House
from workflow.store.tables import (
    Draft,
    Film,
    GlossaryTerm,
    MemoryUnit,
    Project,
    ProjectRules,
    Track,
    TrackVersion,
    Word,
    new_id,
    now_ms,
)
from workflow.tracks.cues import Cue
from workflow.tracks.memory_file import MAX_UNITS, read_memory, write_memory

MAX_WORDS = 20_000
TARGET_LANGUAGE = "tk"


@dataclass(frozen=True)
class WordView:
    id: str
    kind: str  # word | name
    text: str
    source: str  # a name's form in the source
    of_house: bool
    by: str
    created_at: int


@dataclass(frozen=True)
class TermView:
    """A row of the glossary; `needs_linguist` until somebody approves a row of confidence M or L."""

    id: str
    en: list[str]
    ru: list[str]
    tk: list[str]
    forbidden: list[str]
    confidence: str
    status: str
    owner: str
    evidence: str
    note: str
    needs_linguist: bool
    of_house: bool
    by: str
    changed_at: int


@dataclass(frozen=True)
class UnitView:
    id: str
    source: str
    target: str
    origin: str
    of_house: bool


@dataclass(frozen=True)
class WordsView:
    """All that a project knows, or the house; of the memory the newest hundred, or what *search* finds."""

    project_id: str | None
    title: str
    source_language: str
    words: list[WordView]
    terms: list[TermView]
    units: list[UnitView]
    unit_count: int


# --- looking ------------------------------------------------------------------------------------


def words_view(house: House, project_id: str | None, search: str = "") -> WordsView:
    """Of a project with the house's, or of the house alone (None). Raises NotFound."""
    with house.read() as session:
        project = show.row(session, Project, project_id) if project_id else None
        wanted = " ".join(search.split()).casefold()

        def found(*texts: str) -> bool:
            return not wanted or any(wanted in text.casefold() for text in texts)

        words = [
            _word_view(session, row)
            for row in session.scalars(_of(Word, project_id).order_by(Word.text))
            if found(row.text, row.source)
        ]
        terms = [
            _term_view(session, row)
            for row in session.scalars(_of(GlossaryTerm, project_id))
            if found(*row.en, *row.ru, *row.tk, *row.forbidden)
        ]
        terms.sort(
            key=lambda term: (term.of_house, (term.en or term.ru or term.tk or [""])[0].casefold())
        )
        units = _units_of(project_id)
        if wanted:
            units = units.where(
                or_(
                    func.lower(MemoryUnit.source).contains(wanted, autoescape=True),
                    func.lower(MemoryUnit.target).contains(wanted, autoescape=True),
                )
            )
        count = session.scalar(select(func.count()).select_from(units.subquery())) or 0
        rows = session.scalars(units.order_by(MemoryUnit.created_at.desc()).limit(100))
        return WordsView(
            project_id=project_id,
            title=project.title if project else "",
            source_language=project.source_language if project else "en",
            words=words,
            terms=terms,
            units=[
                UnitView(u.id, u.source, u.target, u.origin, u.project_id is None) for u in rows
            ],
            unit_count=count,
        )


def _of(table: Any, project_id: str | None) -> Select[Any]:
    mine = or_(table.project_id == project_id, table.project_id.is_(None))
    return select(table).where(mine if project_id else table.project_id.is_(None))


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


def _word_view(session: Session, row: Word) -> WordView:
    by = show.name_of(session, row.created_by)
    return WordView(
        row.id, row.kind, row.text, row.source, row.project_id is None, by, row.created_at
    )


def _term_of(row: GlossaryTerm) -> Term:
    return Term(
        en=tuple(row.en),
        ru=tuple(row.ru),
        tk=tuple(row.tk),
        forbidden=tuple(row.forbidden),
        confidence=row.confidence,
        status=row.status,
        owner=row.owner,
        evidence=row.evidence,
        note=row.note,
    )


def _term_view(session: Session, row: GlossaryTerm) -> TermView:
    return TermView(
        id=row.id,
        en=row.en,
        ru=row.ru,
        tk=row.tk,
        forbidden=row.forbidden,
        confidence=row.confidence,
        status=row.status,
        owner=row.owner,
        evidence=row.evidence,
        note=row.note,
        needs_linguist=_term_of(row).needs_linguist,
        of_house=row.project_id is None,
        by=show.name_of(session, row.changed_by) if row.changed_by else "",
        changed_at=row.changed_at,
    )


# --- words and names ----------------------------------------------------------------------------


@in_whole
def add_word(
    house: House, actor: Actor, project_id: str | None, *, text: str, kind: str, source: str = ""
) -> WordView:
    """A word that is right here, or a name; the same again is the one that there is.

    Raises BadInput WORD, WORD_KIND, TOO_MANY_WORDS.
    """
    if kind not in ("word", "name"):
        raise BadInput("WORD_KIND", f"There is no kind of word called {kind[:40]!r}.")
    clean = show.short_text(text, 120, "WORD", "A word")
    origin = show.one_line(source, 120) if kind == "name" else ""
    with house.write() as session:
        own = select(Word).where(_in_scope(Word, project_id))
        if (session.scalar(select(func.count()).select_from(own.subquery())) or 0) >= MAX_WORDS:
            raise BadInput("TOO_MANY_WORDS", f"There may be {MAX_WORDS} words at most.")
        row = session.scalars(
            own.where(Word.kind == kind, Word.text == clean, Word.source == origin)
        ).first()
        if row is None:
            row = Word(
                project_id=project_id,
                kind=kind,
                text=clean,
                source=origin,
                created_by=actor.user_id,
            )
            session.add(row)
            session.flush()
            _note(session, actor, "word.add", project_id, row.id, text=clean)
        return _word_view(session, row)


@in_whole
def remove_word(house: House, actor: Actor, project_id: str | None, word_id: str) -> None:
    """Raises NotFound, also for a word of another scope."""
    with house.write() as session:
        row = _own_row(session, Word, project_id, word_id)
        _note(session, actor, "word.remove", project_id, row.id, text=row.text)
        session.delete(row)


def _in_scope(table: Any, project_id: str | None) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = (
        table.project_id == project_id if project_id else table.project_id.is_(None)
    )
    return condition


def _own_row(session: Session, table: Any, project_id: str | None, row_id: str) -> Any:
    row = session.get(table, row_id)
    if row is None or row.project_id != project_id:
        raise NotFound("NOT_FOUND", "There is nothing here, or nothing that you may see.")
    return row


def _note(
    session: Session, actor: Actor, what: str, project_id: str | None, row_id: str, **told: Any
) -> None:
    audit.note(session, actor.user_id, what, "word", row_id, project=project_id, **told)


# --- terms --------------------------------------------------------------------------------------


@in_whole
def save_term(
    house: House, actor: Actor, project_id: str | None, term_id: str | None, fields: dict[str, str]
) -> TermView:
    """A new term (*term_id* None) or another state of one. *fields* are cells as in a glossary's file, ``;``
    between alternatives. Raises BadInput GLOSSARY, NotFound."""
    term = _checked_term(fields)
    with house.write() as session:
        if term_id is None:
            _refuse_many_terms(session, project_id, 1)
            row = GlossaryTerm(id=new_id(), project_id=project_id)
        else:
            row = _own_row(session, GlossaryTerm, project_id, term_id)
        _fill(row, term, actor)
        session.add(row)
        session.flush()
        _note(session, actor, "term.save", project_id, row.id, tk="; ".join(term.tk))
        return _term_view(session, row)


def _checked_term(fields: dict[str, str]) -> Term:
    if unknown := sorted(set(fields) - set(COLUMNS)):
        raise BadInput("GLOSSARY", f"A term has no {', '.join(unknown)}.")
    cells = {name: " ".join(str(value).split()) for name, value in fields.items()}
    text = "\t".join(COLUMNS) + "\n" + "\t".join(cells.get(name, "") for name in COLUMNS)
    (term,) = read_tsv(text).terms or (None,)
    if term is None:
        raise BadInput(
            "GLOSSARY", "A term needs a Turkmen form and one in English or Russian.", where="tk"
        )
    return term


def _fill(row: GlossaryTerm, term: Term, actor: Actor) -> None:
    for name in ("en", "ru", "tk", "forbidden"):
        setattr(row, name, list(getattr(term, name)))
    row.confidence, row.status = term.confidence, term.status
    row.owner = show.one_line(term.owner, 120)
    row.evidence, row.note = term.evidence[:2000], term.note[:2000]
    row.changed_by, row.changed_at = actor.user_id, now_ms()


def _refuse_many_terms(session: Session, project_id: str | None, more: int) -> None:
    counted = select(func.count()).where(_in_scope(GlossaryTerm, project_id))
    if (session.scalar(counted) or 0) + more > MAX_TERMS:
        raise BadInput("GLOSSARY", f"A glossary holds {MAX_TERMS} terms at most.")


@in_whole
def remove_term(house: House, actor: Actor, project_id: str | None, term_id: str) -> None:
    """Raises NotFound, also for a term of another scope."""
    with house.write() as session:
        row = _own_row(session, GlossaryTerm, project_id, term_id)
        _note(session, actor, "term.remove", project_id, row.id, tk="; ".join(row.tk))
        session.delete(row)


@in_whole
def import_terms(house: House, actor: Actor, project_id: str | None, data: bytes) -> int:
    """Add the terms of a CSV or tab-separated file; a term with the same forms in English and Russian as one
    that is there takes its place. Returns how many were read. Raises BadInput GLOSSARY, ENCODING."""
    terms = read_tsv(_as_tsv(data)).terms
    with house.write() as session:
        _refuse_many_terms(session, project_id, len(terms))
        known = {
            (tuple(row.en), tuple(row.ru)): row
            for row in session.scalars(
                select(GlossaryTerm).where(_in_scope(GlossaryTerm, project_id))
            )
        }
        for term in terms:
            row = known.get((term.en, term.ru)) or GlossaryTerm(id=new_id(), project_id=project_id)
            _fill(row, term, actor)
            session.add(row)
        _note(session, actor, "term.import", project_id, project_id or "house", count=len(terms))
    return len(terms)


def _as_tsv(data: bytes) -> str:
    if len(data) > 5 * 1024 * 1024:
        raise BadInput("TOO_MANY_BYTES", "A glossary may have 5 MiB at most.")
    from workflow.language import encodings  # noqa: PLC0415

    text = encodings.guess(data).text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    mark = max("\t,;", key=head.count)
    if mark == "\t":
        return text
    rows = csv.reader(io.StringIO(text), delimiter=mark)
    return "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in rows)


def export_terms(house: House, project_id: str | None) -> bytes:
    """The scope's own terms as CSV (UTF-8 with its mark, for table programs); `import_terms` reads it back."""
    with house.read() as session:
        rows = session.scalars(select(GlossaryTerm).where(_in_scope(GlossaryTerm, project_id)))
        text = write_tsv(Glossary(_term_of(row) for row in rows))
    out = io.StringIO()
    csv.writer(out).writerows(line.split("\t") for line in text.splitlines())
    return b"\xef\xbb\xbf" + out.getvalue().encode()


# --- memory -------------------------------------------------------------------------------------


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
        _note(session, actor, "memory.import", project_id, project_id or "house", count=len(units))
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
        row = _own_row(session, MemoryUnit, project_id, unit_id)
        _note(session, actor, "memory.remove", project_id, row.id)
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
                _in_scope(MemoryUnit, project_id),
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


# --- what the checks and the editor use ---------------------------------------------------------


def lore_of(session: Session, project_id: str, source_language: str = "en") -> qc.Lore:
    words = list(session.scalars(_of(Word, project_id)))
    stamp = session.execute(
        select(func.count(), func.max(GlossaryTerm.changed_at)).where(
            or_(GlossaryTerm.project_id == project_id, GlossaryTerm.project_id.is_(None))
        )
    ).one()
    return qc.Lore(
        glossary=_glossary_of(session, project_id, tuple(stamp)),
        words=frozenset(word.text for word in words if word.kind == "word"),
        names={word.source or word.text: word.text for word in words if word.kind == "name"},
        source_language=source_language,
    )


_glossaries: dict[tuple[Any, ...], Glossary] = {}


def _glossary_of(session: Session, project_id: str, stamp: tuple[Any, ...]) -> Glossary:
    """Kept between requests while no row of it changed: its index takes longer than its rows."""
    key = (str(session.get_bind().engine.url), project_id, *stamp)
    if key not in _glossaries:
        rows = list(session.scalars(_of(GlossaryTerm, project_id)))
        own = {
            form.casefold()
            for row in rows
            if row.project_id is not None
            for form in (*row.en, *row.ru)
        }
        kept = [
            row
            for row in rows
            if row.project_id is not None
            or own.isdisjoint(form.casefold() for form in (*row.en, *row.ru))
        ]
        if len(_glossaries) > 32:
            _glossaries.clear()
        _glossaries[key] = Glossary(_term_of(row) for row in kept)
    return _glossaries[key]


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
