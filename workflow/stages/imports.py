"""Files read in: a new track of a film, or other cues in place of a draft's.

A page first receives a file: its bytes are kept, what only a person knows is asked (which encoding, which
frame rate, which column), and what would change in a draft is shown. Nothing is imported before they said so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow.errors import BadInput, Conflict, TerjimeError
from workflow.people import Actor, Role
from workflow.stages import show
from workflow.stages.documents import DOCUMENT_TYPE, load_cues
from workflow.stages.drafts import (
    document_of,
    draft_changed,
    draft_row,
    new_uid,
    note_authors,
    save_as,
)
from workflow.stages.encodings import CHOICES, Preview, is_eight_bit, previews, refuse_unsure
from workflow.stages.tracks import track_view
from workflow.stages.views import TrackView
from workflow.stages.words import paired, reference_of
from workflow.store import audit
from workflow.store.database import in_whole, rows_changed
from workflow.store.house import House, remember_blob
from workflow.store.tables import (
    Assignment,
    Draft,
    DraftSave,
    Film,
    Membership,
    ReceivedFile,
    Track,
    new_id,
)
from workflow.timebase import parse_rate
from workflow.tracks.compare import carry_uids, diff, merge
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.formats import (
    WRITABLE,
    Imported,
    read_subtitles,
    source_hash,
    write_subtitles,
)
from workflow.tracks.table_heads import Column, columns_of, is_unclear, with_heads
from workflow.tracks.workbook import draft_named_in

KINDS = ("subtitle", "reference")


@dataclass(frozen=True)
class Reading:
    """What a person said about a file. None: judged from the file, or the film's.

    columns    what each column of a table is, in order (`table_heads.ROLES`); () as found
    """

    encoding: str | None = None
    frame_rate: Fraction | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """What taking a file into a draft would do.

    cues         the draft as it would be, clashes as *theirs* (the draft) has them
    mine         the same, clashes as the file has them
    changes      against the draft as it is now: CueChange.to_json()
    clashes      cues that the file and the draft changed since the file was written: {uid, base, mine, theirs}
    based_on     "draft" (what is there now), "older" (a save that the file names) or "" (nothing in it says)
    new_sources  numbers of cues whose source text was another when the file was written
    """

    cues: tuple[Cue, ...]
    mine: tuple[Cue, ...]
    changes: list[dict[str, Any]]
    clashes: list[dict[str, Any]]
    based_on: str
    new_sources: list[int]


@dataclass(frozen=True)
class ReceivedView:
    """A file that waits for a person.

    question     "encoding", "frame_rate", "columns", or "" when it can be taken
    sure         whether its encoding is judged surely; it is shown all the same
    """

    id: str
    project_id: str
    film_id: str
    track_id: str | None
    name: str
    language: str
    question: str
    sure: bool
    encoding: str
    encodings: list[str]
    previews: list[Preview]
    columns: list[Column]
    format: str
    cue_count: int
    report: dict[str, Any] | None
    difference: Difference | None
    etag: str  # of the draft that the difference was worked out against
    problem: dict[str, Any] | None
    stated_rate: str  # that the file says it counts, where it is not the film's


# --- reading ------------------------------------------------------------------------------------


def _read(
    data: bytes, said: Reading, film_rate: Fraction | None, language: str
) -> tuple[Imported, bytes]:
    """The cues, and the bytes that they were read from: those of a table get the heads that a person gave."""
    encoding = said.encoding
    if said.columns:
        data, encoding = with_heads(data, said.columns, said.encoding), "utf-8"
    imported = read_subtitles(
        data,
        encoding=encoding,
        frame_rate=said.frame_rate or film_rate,
        language=language,
        uid=new_uid,
    )
    return imported, data


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
    frame_rate: str | None = None,
    columns: Sequence[str] = (),
) -> TrackView:
    """A new track of the film, its draft holding the cues of a subtitle file.

    kind         "subtitle", or "reference" for a source-language track that others are aligned to
    frame_rate   that the file counts in, where it is not the film's: "25", "24000/1001"
    columns      what each column of a table is (`table_heads.ROLES`)

    Raises BadInput KIND, LANGUAGE, ENCODING_UNSURE (details have previews: send it again with the right
    encoding), COLUMNS and whatever `read_subtitles` raises.
    """
    _refuse_kind(kind)
    tag = show.language_tag(language)
    with house.read() as session:
        film_rate = show.rate_of(show.row(session, Film, film_id))
    said = Reading(encoding or None, _rate(frame_rate), tuple(columns))
    imported, _ = _read(data, said, film_rate, tag)
    if said == Reading(frame_rate=said.frame_rate):
        refuse_unsure(data, imported, said.frame_rate or film_rate)
    return _new_track(house, actor, film_id, imported, kind, tag, title or name, name)


def _refuse_kind(kind: str) -> None:
    if kind not in KINDS:
        raise BadInput("KIND", f"There is no kind of track called {kind[:40]!r}.")


def _rate(written: str | None) -> Fraction | None:
    if not written:
        return None
    try:
        return parse_rate(written)
    except (ValueError, ZeroDivisionError):
        raise BadInput(
            "FRAME_RATE",
            f"{written[:40]!r} is not a frame rate.",
            advice="Write 25, 23.976 or 30000/1001.",
        ) from None


def _new_track(
    house: House,
    actor: Actor,
    film_id: str,
    imported: Imported,
    kind: str,
    language: str,
    title: str,
    name: str,
) -> TrackView:
    with house.read() as session:
        film_hash = show.row(session, Film, film_id).original
    sha256, size = house.blobs.put_bytes(document_of(language, film_hash, imported.cues))
    track_id = record_track(
        house,
        actor,
        film_id,
        Track(
            id=new_id(),
            film_id=film_id,
            kind=kind,
            language=language,
            title=show.one_line(title, 120),
            created_by=actor.user_id,
        ),
        (sha256, size),
        imported.cues,
        _report(imported, name),
    )
    return track_view(house, track_id, actor)


def _report(imported: Imported, name: str) -> dict[str, Any]:
    return imported.report.to_json() | {"name": show.one_line(name, 255)}


@in_whole
def record_track(
    house: House,
    actor: Actor,
    film_id: str,
    wanted: Track,
    blob: tuple[str, int],
    cues: tuple[Cue, ...],
    report: dict[str, Any],
    *,
    also: Callable[[Session], None] | None = None,
) -> str:
    """A new track with its first save and its people. *also* runs in the same transaction."""
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
        if also:
            also(session)
        if track.kind != "reference":
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


# --- into a draft -------------------------------------------------------------------------------


def import_into_track(
    house: House,
    actor: Actor,
    track_id: str,
    data: bytes,
    *,
    name: str,
    encoding: str | None = None,
    frame_rate: str | None = None,
    columns: Sequence[str] = (),
    clashes: str = "draft",
    if_match: str,
) -> TrackView:
    """Another file in place of the draft's cues; cues that are the same keep their uid, notes and speaker,
    and whatever the file's format cannot hold.

    A workbook that says which draft it was made from is merged with what was saved since. Where both changed
    the same, *clashes* decides: "draft" keeps what is there, "file" takes the file's.
    Raises Conflict DRAFT_CHANGED when the draft is not the one named by *if_match*, BadInput ENCODING_UNSURE.
    """
    if clashes not in ("draft", "file"):
        raise BadInput("CLASHES", "Clashes are settled by draft or file.", where="clashes")
    language, film_rate = _about(house, track_id)
    said = Reading(encoding or None, _rate(frame_rate), tuple(columns))
    imported, _ = _read(data, said, film_rate, language)
    if said == Reading(frame_rate=said.frame_rate):
        refuse_unsure(data, imported, said.frame_rate or film_rate)
    _take_into(house, actor, track_id, data, imported, name, clashes, if_match)
    return track_view(house, track_id, actor)


def _about(house: House, track_id: str) -> tuple[str, Fraction | None]:
    with house.read() as session:
        track = show.row(session, Track, track_id)
        return track.language, show.rate_of(show.row(session, Film, track.film_id))


def _take_into(
    house: House,
    actor: Actor,
    track_id: str,
    data: bytes,
    imported: Imported,
    name: str,
    clashes: str,
    if_match: str,
) -> None:
    def change(current: tuple[Cue, ...], etag: str) -> tuple[tuple[Cue, ...], str, int]:
        if etag != if_match:
            raise draft_changed(etag)
        found = _difference(house, track_id, etag, current, data, imported)
        return (found.mine if clashes == "file" else found.cues), "import", 0

    save_as(house, actor, track_id, change, report=_report(imported, name), always=True)


def _difference(
    house: House,
    track_id: str,
    etag: str,
    current: tuple[Cue, ...],
    data: bytes,
    imported: Imported,
) -> Difference:
    """The person's edits are what differs from the file as it was given to them: their base, written in the
    same format and read back. So a format that rounds times or has no notes takes nothing away."""
    named = draft_named_in(data)
    with house.read() as session:
        track = show.row(session, Track, track_id)
        rate = show.rate_of(show.row(session, Film, track.film_id))
        known = session.scalars(
            select(DraftSave.document).where(
                DraftSave.track_id == track_id, DraftSave.document == named
            )
        ).first()
        source, _ = reference_of(house, session, track)
    base = in_order(load_cues(house, known)) if known else current
    mine = _edited(base, imported, rate, track.language)
    merged = merge(base, mine, current)
    theirs = {clash.uid: clash.theirs for clash in merged.conflicts}
    kept = (theirs.get(cue.uid, cue) for cue in merged.cues)
    cues = in_order(cue for cue in kept if cue is not None)
    there = {cue.uid for cue in cues}
    back = [cue for uid, cue in theirs.items() if cue is not None and uid not in there]
    cues = in_order([*cues, *back])
    return Difference(
        cues=cues,
        mine=in_order(merged.cues),
        changes=[change.to_json() for change in diff(current, cues)],
        clashes=[clash.to_json() for clash in merged.conflicts],
        based_on="" if not known else "draft" if known == etag else "older",
        new_sources=_moved_sources(cues, source, imported.source_hashes, track.language),
    )


def _edited(
    base: tuple[Cue, ...], imported: Imported, rate: Fraction | None, language: str
) -> tuple[Cue, ...]:
    """*base* with the edits that a person made in the file."""
    unedited = _as_given_out(base, imported.report.format, rate, language)
    shown = {cue.uid: cue for cue in unedited}
    was = {cue.uid: cue for cue in base}
    return in_order(
        _kept(was[cue.uid], shown[cue.uid], cue) if cue.uid in shown else cue
        for cue in carry_uids(unedited, imported.cues)
    )


def _kept(was: Cue, shown: Cue, cue: Cue) -> Cue:
    """*cue* with every part that is as it was shown put back to what it was."""
    return replace(
        cue,
        start=was.start if cue.start == shown.start else cue.start,
        end=was.end if cue.end == shown.end else cue.end,
        text=was.text if cue.text == shown.text else cue.text,
        speaker=was.speaker if cue.speaker == shown.speaker else cue.speaker,
        note=was.note if cue.note == shown.note else cue.note,
        position=was.position if cue.position == shown.position else cue.position,
    )


def _as_given_out(
    base: tuple[Cue, ...], format_name: str, rate: Fraction | None, language: str
) -> tuple[Cue, ...]:
    """*base* as a file of that format would show it, under its own uids; *base* itself where that is unknown."""
    if not base or format_name not in {known.name for known in WRITABLE}:
        return base
    try:
        written = write_subtitles(base, format_name, language=language, frame_rate=rate)
        shown = read_subtitles(
            written.data, frame_rate=rate, encoding=None, language=language, uid=new_uid
        ).cues
    except TerjimeError:
        return base  # it could never have been given out so
    if len(shown) != len(base):
        return base
    return tuple(replace(cue, uid=old.uid) for old, cue in zip(in_order(base), shown, strict=True))


def _moved_sources(
    cues: Sequence[Cue], source: Sequence[Cue], hashes: Mapping[str, str], language: str
) -> list[int]:
    if not hashes or not source:
        return []
    now = sources_beside(cues, source, language)
    return [
        number
        for number, (cue, text) in enumerate(zip(cues, now, strict=True), start=1)
        if cue.uid in hashes and hashes[cue.uid] != source_hash(text)
    ]


def sources_beside(cues: Sequence[Cue], source: Sequence[Cue], language: str) -> list[str]:
    """For each cue what it translates; "" where nothing does."""
    texts = [""] * len(cues)
    for pair in paired(cues, source, language):
        for target in pair.targets:
            texts[target] = "\n".join(source[i].text for i in pair.sources)
    return texts


# --- files that wait ----------------------------------------------------------------------------


def receive_file(
    house: House,
    actor: Actor,
    data: bytes,
    *,
    name: str,
    film_id: str,
    track_id: str | None = None,
    language: str = "tk",
    kind: str = "subtitle",
    title: str = "",
    encoding: str | None = None,
) -> ReceivedView:
    """Keep a file until a person has seen what it would become. Raises BadInput for a file that nobody could
    read whatever they say about it; then nothing is kept."""
    _refuse_kind(kind)
    tag = show.language_tag(language)
    clean = show.one_line(name, 255)
    if track_id is not None:
        tag, film_rate = _about(house, track_id)
    else:
        with house.read() as session:
            film_rate = show.rate_of(show.row(session, Film, film_id))
    try:
        _read(data, Reading(encoding or None), film_rate, tag)
    except BadInput as error:
        if error.code != "FRAME_RATE" and not (error.code == "FORMAT" and columns_of(data)):
            raise
    sha256, size = house.blobs.put_bytes(data)
    received = _record_received(
        house,
        actor,
        ReceivedFile(
            film_id=film_id,
            track_id=track_id,
            person_id=actor.user_id,
            name=clean,
            sha256=sha256,
            asked={"language": tag, "kind": kind, "title": show.one_line(title, 120)},
            choices={"encoding": encoding} if encoding else {},
        ),
        size,
    )
    return received_view(house, received)


@in_whole
def _record_received(house: House, actor: Actor, wanted: ReceivedFile, size: int) -> str:
    with house.write() as session:
        remember_blob(session, wanted.sha256, size, "application/octet-stream")
        row = ReceivedFile(
            id=new_id(),
            project_id=show.row(session, Film, wanted.film_id).project_id,
            film_id=wanted.film_id,
            track_id=wanted.track_id,
            person_id=wanted.person_id,
            name=wanted.name,
            sha256=wanted.sha256,
            asked=wanted.asked,
            choices=wanted.choices,
        )
        session.add(row)
        session.flush()
        audit.note(session, actor.user_id, "file.receive", "received", row.id, sha256=row.sha256)
        return row.id


_CHOICES = ("encoding", "frame_rate", "columns", "columns_as_found")


@in_whole
def say_of_received(
    house: House, actor: Actor, received_id: str, choices: Mapping[str, Any]
) -> ReceivedView:
    """Answer what was asked about a file: encoding, frame_rate, columns (or columns_as_found).
    Nothing is imported yet.

    Raises BadInput (the answer does not fit the file; the one before stays), Conflict ALREADY_TAKEN.
    """
    said = {key: choices[key] for key in _CHOICES if choices.get(key)}
    with house.read() as session:
        row = _open_row(session, received_id)
        rate = show.rate_of(show.row(session, Film, row.film_id))
        kept = dict(row.choices) | said
        data, language = house.blobs.read(row.sha256), row.asked["language"]
    try:
        _read(data, _said(kept), rate, language)
    except BadInput as error:
        if error.code not in {"FRAME_RATE", "FORMAT"} or "frame_rate" in said:
            raise
    with house.write() as session:
        _open_row(session, received_id).choices = kept
    return received_view(house, received_id)


def _said(choices: Mapping[str, Any]) -> Reading:
    return Reading(
        choices.get("encoding"), _rate(choices.get("frame_rate")), tuple(choices.get("columns", ()))
    )


def _open_row(session: Session, received_id: str) -> ReceivedFile:
    row: ReceivedFile = show.row(session, ReceivedFile, received_id)
    if row.state != "open":
        raise Conflict(
            "ALREADY_TAKEN",
            "This file was taken or dropped already.",
            advice="Upload it again if you need it once more.",
            details={"state": row.state, "track": row.track_id},
        )
    return row


def received_view(house: House, received_id: str) -> ReceivedView:
    """The file as far as it is understood, and the next question about it. Raises Conflict ALREADY_TAKEN."""
    with house.read() as session:
        row = _open_row(session, received_id)
        session.expunge(row)
        film_rate = show.rate_of(show.row(session, Film, row.film_id))
        draft = draft_row(session, row.track_id) if row.track_id else None
        etag = draft.document if draft else ""
    data, language = house.blobs.read(row.sha256), row.asked["language"]
    said = _said(row.choices)
    problem: dict[str, Any] | None = None
    imported: Imported | None = None
    try:
        imported, _ = _read(data, said, film_rate, language)
    except BadInput as error:
        problem = error.to_json()
    question = _question(row, data, said, imported, problem)
    difference = None
    if imported and not question and row.track_id:
        difference = _difference(house, row.track_id, etag, load_cues(house, etag), data, imported)
    unsaid = (
        read_subtitles(data, frame_rate=said.frame_rate or film_rate, uid=new_uid)
        if question == "encoding"
        else None
    )
    return ReceivedView(
        id=row.id,
        project_id=row.project_id,
        film_id=row.film_id,
        track_id=row.track_id,
        name=row.name,
        language=language,
        question=question,
        sure=imported.report.sure if imported else False,
        encoding=imported.report.encoding if imported else "",
        encodings=list(CHOICES),
        previews=previews(data, unsaid, said.frame_rate or film_rate) if unsaid else [],
        columns=columns_of(data, said.encoding) if question == "columns" else [],
        format=imported.report.format if imported else "",
        cue_count=len(imported.cues) if imported else 0,
        report=imported.report.to_json() if imported else None,
        difference=difference,
        etag=etag,
        problem=problem,
        stated_rate=_stated_rate(imported) if question == "frame_rate" else "",
    )


_STATED = re.compile(r"The file says ([\d./]+) frames a second; read with ")


def _stated_rate(imported: Imported | None) -> str:
    """A rate that the file names and that is not the one it was read with."""
    remarks = (*imported.report.repairs, *imported.report.losses) if imported else ()
    told = (_STATED.match(remark.message) for remark in remarks if remark.code == "FRAME_RATE")
    return next((found[1] for found in told if found), "")


def waiting_files(house: House, actor: Actor, project_id: str) -> list[tuple[str, str, int]]:
    """Id, name and time of the files that this person sent and said nothing more about, newest first."""
    with house.read() as session:
        rows = session.execute(
            select(ReceivedFile.id, ReceivedFile.name, ReceivedFile.created_at)
            .where(
                ReceivedFile.project_id == project_id,
                ReceivedFile.person_id == actor.user_id,
                ReceivedFile.state == "open",
            )
            .order_by(ReceivedFile.created_at.desc())
            .limit(20)
        )
        return [(row.id, row.name, row.created_at) for row in rows]


def _question(
    row: ReceivedFile,
    data: bytes,
    said: Reading,
    imported: Imported | None,
    problem: dict[str, Any] | None,
) -> str:
    if imported is None:
        return "frame_rate" if problem and problem["code"] == "FRAME_RATE" else "columns"
    if is_eight_bit(imported) and said.encoding is None and not said.columns:
        return "encoding"
    if said.frame_rate is None and _stated_rate(imported):
        return "frame_rate"
    if imported.report.format not in {"csv", "xlsx"} or said.columns:
        return ""
    if row.choices.get("columns_as_found") or draft_named_in(data):
        return ""
    return "columns" if is_unclear(data, row.asked["language"], said.encoding) else ""


def take_received(
    house: House,
    actor: Actor,
    received_id: str,
    *,
    etag: str = "",
    clashes: str = "draft",
) -> TrackView:
    """Import a file that waited: a new track, or into the draft named *etag*.

    Raises Conflict ALREADY_TAKEN, DRAFT_CHANGED; BadInput QUESTION_OPEN and as `read_subtitles`.
    """
    view = received_view(house, received_id)
    if view.question:
        raise BadInput("QUESTION_OPEN", "Something about this file has to be said first.")
    with house.read() as session:
        row = _open_row(session, received_id)
        session.expunge(row)
        film_rate = show.rate_of(show.row(session, Film, row.film_id))
    data = house.blobs.read(row.sha256)
    imported, _ = _read(data, _said(row.choices), film_rate, row.asked["language"])
    if row.track_id:
        _take_into(house, actor, row.track_id, data, imported, row.name, clashes, etag)
        taken = track_view(house, row.track_id, actor)
        _settle(house, actor, received_id, "taken")
        return taken
    _settle(house, actor, received_id, "taken")  # first: two clicks make one track
    return _new_track(
        house,
        actor,
        row.film_id,
        imported,
        row.asked["kind"],
        row.asked["language"],
        row.asked["title"] or row.name,
        row.name,
    )


def drop_received(house: House, actor: Actor, received_id: str) -> None:
    """The file is not wanted after all. Raises Conflict ALREADY_TAKEN."""
    _settle(house, actor, received_id, "dropped")


@in_whole
def _settle(house: House, actor: Actor, received_id: str, state: str) -> None:
    with house.write() as session:
        _open_row(session, received_id)
        if not rows_changed(
            session,
            update(ReceivedFile)
            .where(ReceivedFile.id == received_id, ReceivedFile.state == "open")
            .values(state=state),
        ):
            raise Conflict("ALREADY_TAKEN", "This file was taken or dropped already.")
        audit.note(session, actor.user_id, f"file.{state}", "received", received_id)
