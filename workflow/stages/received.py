"""Files that wait for a person: received, asked about, shown, then taken or dropped.

A page first receives a file: its bytes are kept, what only a person knows is asked (which encoding, which
frame rate, which column), and what would change in a draft is shown. Nothing is imported before they said so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow.errors import BadInput, Conflict
from workflow.people import Actor
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.drafts import draft_row, new_uid
from workflow.stages.encodings import CHOICES, Preview, is_eight_bit, previews
from workflow.stages.imports import (
    Reading,
    language_and_rate,
    new_track,
    read_file,
    refuse_kind,
    take_into,
)
from workflow.stages.merging import Difference, difference
from workflow.stages.tracks import track_view
from workflow.stages.views import TrackView
from workflow.store import audit
from workflow.store.database import in_whole, rows_changed
from workflow.store.house import House, remember_blob
from workflow.store.tables import Film, ReceivedFile, new_id
from workflow.tracks.formats import Imported, read_subtitles
from workflow.tracks.table_heads import Column, columns_of, is_unclear
from workflow.tracks.workbook import draft_named_in


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
    refuse_kind(kind)
    tag = show.language_tag(language)
    clean = show.one_line(name, 255)
    if track_id is not None:
        tag, film_rate = language_and_rate(house, track_id)
    else:
        with house.read() as session:
            film_rate = show.rate_of(show.row(session, Film, film_id))
    try:
        read_file(data, Reading(encoding or None), film_rate, tag)
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
        read_file(data, _said(kept), rate, language)
    except BadInput as error:
        if error.code not in {"FRAME_RATE", "FORMAT"} or "frame_rate" in said:
            raise
    with house.write() as session:
        _open_row(session, received_id).choices = kept
    return received_view(house, received_id)


def _said(choices: Mapping[str, Any]) -> Reading:
    return Reading(
        choices.get("encoding"),
        show.written_rate(choices.get("frame_rate")),
        tuple(choices.get("columns", ())),
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
        imported = read_file(data, said, film_rate, language)
    except BadInput as error:
        problem = error.to_json()
    question = _question(row, data, said, imported, problem)
    changed = None
    if imported and not question and row.track_id:
        changed = difference(house, row.track_id, etag, load_cues(house, etag), data, imported)
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
        difference=changed,
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
    imported = read_file(data, _said(row.choices), film_rate, row.asked["language"])
    if row.track_id:
        take_into(house, actor, row.track_id, data, imported, row.name, clashes, etag)
        taken = track_view(house, row.track_id, actor)
        _settle(house, actor, received_id, "taken")
        return taken
    _settle(house, actor, received_id, "taken")  # first: two clicks make one track
    return new_track(
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
