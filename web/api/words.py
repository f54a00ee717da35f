"""A project's words, names, terms and memory, those of the house, and the rules a project is checked by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apiflask import Schema, fields, validators
from flask import Response, request

from web.api import api
from web.api.schemas import STORED_FILE, Body, answer, some_text
from web.guard import actor, admin_only, guarded, house, signed_in_only
from workflow import stages
from workflow.language.glossary import CONFIDENCES, STATUSES
from workflow.media.names import attachment_header
from workflow.people import Action
from workflow.stages.checks import GRAVITY, RulesView
from workflow.stages.words import TermView, WordsView, WordView

UPLOAD_BYTES = 20 * 1024 * 1024


class NewWord(Body):
    text = some_text(120, metadata={"example": "prezumpsiýa"})
    kind = fields.String(load_default="word", validate=validators.OneOf(["word", "name"]))
    source = some_text(
        120,
        least=0,
        required=False,
        load_default="",
        metadata={"description": "a name's form in the source"},
    )


class TermCells(Body):
    """As in a glossary's file: `;` between alternatives."""

    en = some_text(2000, least=0, required=False)
    ru = some_text(2000, least=0, required=False)
    tk = some_text(2000, least=0, required=False)
    forbidden = some_text(2000, least=0, required=False)
    confidence = fields.String(validate=validators.OneOf(CONFIDENCES))
    status = fields.String(validate=validators.OneOf(STATUSES))
    owner = some_text(120, least=0, required=False)
    evidence = some_text(2000, least=0, required=False)
    note = some_text(2000, least=0, required=False)


class TableFile(Body):
    file = fields.File(required=True, metadata={"description": "CSV, or TSV; TMX for a memory"})  # type: ignore[no-untyped-call]


class MemoryFile(TableFile):
    source_language = some_text(35, required=False, load_default="en")


class Counted(Schema):
    count = fields.Integer(required=True)


class Rules(Body):
    profile = fields.Dict(
        required=True,
        metadata={
            "description": "fields over a built-in profile",
            "example": {"base": "kids", "cps": 12},
        },
    )
    may_ignore = fields.String(load_default="warning", validate=validators.OneOf(list(GRAVITY)))
    shares_memory = fields.Boolean(load_default=True)


@api.get("/projects/<project_id>/rules")
@guarded(Action.VIEW, "project")
@api.output(answer(RulesView))
def get_rules(project_id: str) -> RulesView:
    """What the project is checked by"""
    return stages.rules_view(house(), project_id)


@api.put("/projects/<project_id>/rules")
@guarded(Action.MANAGE_PROJECT, "project")
@api.input(Rules)
@api.output(answer(RulesView))
def put_rules(project_id: str, json_data: dict[str, Any]) -> RulesView:
    """Check the project by a profile, or by its own numbers"""
    return stages.save_rules(house(), actor(), project_id, **json_data)


def _routes(path: str, of: str, may_see: Callable[..., Any], may_edit: Callable[..., Any]) -> None:
    """The same routes for a project and, without an id, for the house."""

    @api.get(f"{path}/words", endpoint=f"get_words_{of}")
    @may_see
    @api.output(answer(WordsView))
    @api.doc(summary=f"Words, names, terms and memory of {_whose(of)}; `search` narrows them")
    def get_words(project_id: str | None = None) -> WordsView:
        return stages.words_view(house(), project_id, request.args.get("search", ""))

    @api.post(f"{path}/words", endpoint=f"add_word_{of}")
    @may_edit
    @api.input(NewWord)
    @api.output(answer(WordView), status_code=201)
    @api.doc(summary=f"Add a word or name to {_whose(of)}")
    def add_word(json_data: dict[str, str], project_id: str | None = None) -> WordView:
        return stages.add_word(house(), actor(), project_id, **json_data)

    @api.delete(f"{path}/words/<word_id>", endpoint=f"remove_word_{of}")
    @may_edit
    @api.output({}, status_code=204)
    @api.doc(summary=f"Take a word out of {_whose(of)}")
    def remove_word(word_id: str, project_id: str | None = None) -> str:
        stages.remove_word(house(), actor(), project_id, word_id)
        return ""

    @api.post(f"{path}/terms", endpoint=f"add_term_{of}")
    @may_edit
    @api.input(TermCells)
    @api.output(answer(TermView), status_code=201)
    @api.doc(summary=f"Add a term to {_whose(of)}")
    def add_term(json_data: dict[str, str], project_id: str | None = None) -> TermView:
        return stages.save_term(house(), actor(), project_id, None, json_data)

    @api.put(f"{path}/terms/<term_id>", endpoint=f"save_term_{of}")
    @may_edit
    @api.input(TermCells)
    @api.output(answer(TermView))
    @api.doc(summary=f"Change a term of {_whose(of)}")
    def save_term(
        term_id: str, json_data: dict[str, str], project_id: str | None = None
    ) -> TermView:
        return stages.save_term(house(), actor(), project_id, term_id, json_data)

    @api.delete(f"{path}/terms/<term_id>", endpoint=f"remove_term_{of}")
    @may_edit
    @api.output({}, status_code=204)
    @api.doc(summary=f"Take a term out of {_whose(of)}")
    def remove_term(term_id: str, project_id: str | None = None) -> str:
        stages.remove_term(house(), actor(), project_id, term_id)
        return ""

    @api.post(f"{path}/terms/import", endpoint=f"import_terms_{of}")
    @may_edit
    @api.input(TableFile, location="form_and_files")
    @api.output(Counted)
    @api.doc(summary=f"Terms of a CSV file into {_whose(of)}")
    def import_terms(
        form_and_files_data: dict[str, Any], project_id: str | None = None
    ) -> dict[str, int]:
        data = form_and_files_data["file"].stream.read(UPLOAD_BYTES + 1)
        return {"count": stages.import_terms(house(), actor(), project_id, data)}

    @api.get(f"{path}/terms.csv", endpoint=f"export_terms_{of}")
    @may_see
    @api.output(STORED_FILE, content_type="text/csv")
    @api.doc(summary=f"The terms of {_whose(of)} as CSV")
    def export_terms(project_id: str | None = None) -> Response:
        return download(stages.export_terms(house(), project_id), "text/csv", f"terms-{of}.csv")

    @api.post(f"{path}/memory/import", endpoint=f"import_memory_{of}")
    @may_edit
    @api.input(MemoryFile, location="form_and_files")
    @api.output(Counted)
    @api.doc(summary=f"Units of a TMX file into {_whose(of)}")
    def import_memory(
        form_and_files_data: dict[str, Any], project_id: str | None = None
    ) -> dict[str, int]:
        file = form_and_files_data["file"]
        count = stages.import_memory(
            house(),
            actor(),
            project_id,
            file.stream.read(UPLOAD_BYTES + 1),
            name=file.filename or "",
            source_language=form_and_files_data["source_language"],
        )
        return {"count": count}

    @api.get(f"{path}/memory.tmx", endpoint=f"export_memory_{of}")
    @may_see
    @api.output(STORED_FILE, content_type="application/x-tmx+xml")
    @api.doc(summary=f"The memory of {_whose(of)} as TMX")
    def export_memory(project_id: str | None = None) -> Response:
        data = stages.export_memory(house(), project_id)
        return download(data, "application/x-tmx+xml", f"memory-{of}.tmx")

    @api.delete(f"{path}/memory/<unit_id>", endpoint=f"remove_unit_{of}")
    @may_edit
    @api.output({}, status_code=204)
    @api.doc(summary=f"Take a unit out of the memory of {_whose(of)}")
    def remove_unit(unit_id: str, project_id: str | None = None) -> str:
        stages.remove_unit(house(), actor(), project_id, unit_id)
        return ""


def _whose(of: str) -> str:
    return "a project" if of == "project" else "the house"


def download(data: bytes, media_type: str, name: str) -> Response:
    """A file that is made for this answer."""
    return Response(
        data,
        mimetype=media_type,
        headers={"Content-Disposition": attachment_header(name), "Cache-Control": "no-store"},
    )


_routes(
    "/projects/<project_id>",
    "project",
    guarded(Action.VIEW, "project"),
    guarded(Action.EDIT_WORDS, "project"),
)
_routes("/house", "house", signed_in_only, admin_only)
