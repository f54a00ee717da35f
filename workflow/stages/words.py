"""What a house and a project know: words that are right, names and terms.

A project sees its own and the house's; where both have a term for the same source form, the project's alone
counts. The house begins with the seed glossary, every row with its confidence.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from workflow import qc
from workflow.errors import BadInput
from workflow.language.glossary import (
    COLUMNS,
    MAX_TERMS,
    Glossary,
    Term,
    read_tsv,
    write_tsv,
)
from workflow.people import Actor
from workflow.stages import show
from workflow.stages.memory import UnitView, units_found
from workflow.stages.scope import in_scope, note_words, own_row
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.tables import (
    GlossaryTerm,
    Project,
    Word,
    new_id,
    now_ms,
)

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
        units, unit_count = units_found(session, project_id, wanted)
        return WordsView(
            project_id=project_id,
            title=project.title if project else "",
            source_language=project.source_language if project else "en",
            words=words,
            terms=terms,
            units=units,
            unit_count=unit_count,
        )


def _of(table: Any, project_id: str | None) -> Select[Any]:
    mine = or_(table.project_id == project_id, table.project_id.is_(None))
    return select(table).where(mine if project_id else table.project_id.is_(None))


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
        own = select(Word).where(in_scope(Word, project_id))
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
            note_words(session, actor, "word.add", project_id, row.id, text=clean)
        return _word_view(session, row)


@in_whole
def remove_word(house: House, actor: Actor, project_id: str | None, word_id: str) -> None:
    """Raises NotFound, also for a word of another scope."""
    with house.write() as session:
        row = own_row(session, Word, project_id, word_id)
        note_words(session, actor, "word.remove", project_id, row.id, text=row.text)
        session.delete(row)


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
            row = own_row(session, GlossaryTerm, project_id, term_id)
        _fill(row, term, actor)
        session.add(row)
        session.flush()
        note_words(session, actor, "term.save", project_id, row.id, tk="; ".join(term.tk))
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
    counted = select(func.count()).where(in_scope(GlossaryTerm, project_id))
    if (session.scalar(counted) or 0) + more > MAX_TERMS:
        raise BadInput("GLOSSARY", f"A glossary holds {MAX_TERMS} terms at most.")


@in_whole
def remove_term(house: House, actor: Actor, project_id: str | None, term_id: str) -> None:
    """Raises NotFound, also for a term of another scope."""
    with house.write() as session:
        row = own_row(session, GlossaryTerm, project_id, term_id)
        note_words(session, actor, "term.remove", project_id, row.id, tk="; ".join(row.tk))
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
                select(GlossaryTerm).where(in_scope(GlossaryTerm, project_id))
            )
        }
        for term in terms:
            row = known.get((term.en, term.ru)) or GlossaryTerm(id=new_id(), project_id=project_id)
            _fill(row, term, actor)
            session.add(row)
        note_words(
            session, actor, "term.import", project_id, project_id or "house", count=len(terms)
        )
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
        rows = session.scalars(select(GlossaryTerm).where(in_scope(GlossaryTerm, project_id)))
        text = write_tsv(Glossary(_term_of(row) for row in rows))
    out = io.StringIO()
    csv.writer(out).writerows(line.split("\t") for line in text.splitlines())
    return b"\xef\xbb\xbf" + out.getvalue().encode()


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
