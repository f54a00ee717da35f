"""What a project and the house know: words, names, terms, memory; and the rules a project is checked by."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext, lazy_gettext

from web.guard import actor, admin_only, guarded, house, signed_in_only
from web.pages import pages
from web.pages.frame import SHOWN_IN_PLACE, can, page, see
from workflow import stages
from workflow.errors import BadInput, TerjimeError
from workflow.language.glossary import COLUMNS, CONFIDENCES, STATUSES
from workflow.people import Action
from workflow.stages.checks import GRAVITY

UPLOAD_BYTES = 20 * 1024 * 1024
CONFIDENCE_WORDS = {
    "A": lazy_gettext("stands in a published law"),
    "H": lazy_gettext("sure"),
    "M": lazy_gettext("likely; a linguist should look"),
    "L": lazy_gettext("a proposal; a linguist should look"),
}
STATUS_WORDS = {"proposed": lazy_gettext("Proposed"), "approved": lazy_gettext("Approved")}


@pages.get("/projects/<project_id>/words")
@guarded(Action.VIEW, "project")
def project_words(project_id: str) -> Response:
    return _words(project_id)


@pages.post("/projects/<project_id>/words")
@guarded(Action.EDIT_WORDS, "project")
def change_project_words(project_id: str) -> Response:
    return _change(project_id)


@pages.get("/house/words")
@signed_in_only
def house_words() -> Response:
    return _words(None)


@pages.post("/house/words")
@admin_only
def change_house_words() -> Response:
    return _change(None)


def _words(project_id: str | None, problem: TerjimeError | None = None, told: str = "") -> Response:
    view = stages.words_view(house(), project_id, request.args.get("search", ""))
    return page(
        "words.html",
        problem=problem,
        told=told,
        view=view,
        may_edit=can(Action.EDIT_WORDS) if project_id else actor().is_admin,
        search=request.args.get("search", ""),
        scope="project" if project_id else "house",
        here=_address(project_id),
        CONFIDENCES=CONFIDENCES,
        CONFIDENCE_WORDS=CONFIDENCE_WORDS,
        STATUSES=STATUSES,
        STATUS_WORDS=STATUS_WORDS,
    )


def _address(project_id: str | None) -> str:
    return (
        url_for("pages.project_words", project_id=project_id)
        if project_id
        else url_for("pages.house_words")
    )


def _change(project_id: str | None) -> Response:
    form, who = request.form, actor()
    told = ""
    try:
        match form.get("do", ""):
            case "add-word":
                stages.add_word(
                    house(),
                    who,
                    project_id,
                    text=form.get("text", ""),
                    kind=form.get("kind", "word"),
                    source=form.get("source", ""),
                )
            case "remove-word":
                stages.remove_word(house(), who, project_id, form.get("id", ""))
            case "save-term":
                cells = {name: form[name] for name in COLUMNS if name in form}
                stages.save_term(house(), who, project_id, form.get("id") or None, cells)
            case "remove-term":
                stages.remove_term(house(), who, project_id, form.get("id", ""))
            case "remove-unit":
                stages.remove_unit(house(), who, project_id, form.get("id", ""))
            case "import-terms":
                count = stages.import_terms(house(), who, project_id, _file()[0])
                told = gettext("%(n)s terms were read in.", n=count)
            case "import-memory":
                data, name = _file()
                count = stages.import_memory(
                    house(),
                    who,
                    project_id,
                    data,
                    name=name,
                    source_language=form.get("source_language", "en"),
                )
                told = gettext("%(n)s units were read in.", n=count)
            case _:
                raise BadInput("FIELD", gettext("There is nothing of that name to change."))
    except SHOWN_IN_PLACE as error:
        return _words(project_id, error)
    if told:
        return _words(project_id, told=told)
    return see(_address(project_id))


def _file() -> tuple[bytes, str]:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise BadInput("NO_FILE", gettext("Choose a file first."))
    return file.stream.read(UPLOAD_BYTES + 1), file.filename


# --- rules --------------------------------------------------------------------------------------

PROFILE_WORDS = {
    "training-film": lazy_gettext("Training film"),
    "kids": lazy_gettext("For children"),
    "netflix-general": lazy_gettext("As Netflix has it"),
    "bbc": lazy_gettext("As the BBC has it"),
}
GRAVITY_WORDS = {
    "none": lazy_gettext("Nothing"),
    "hint": lazy_gettext("Hints"),
    "warning": lazy_gettext("Hints and warnings"),
    "error": lazy_gettext("Everything, errors too"),
}
SEVERITY_WORDS = {
    "error": lazy_gettext("Error"),
    "warning": lazy_gettext("Warning"),
    "hint": lazy_gettext("Hint"),
    "off": lazy_gettext("Off"),
}
#: The numbers on the page, in groups: field → label. Whole numbers unless they are in _TEXT.
NUMBERS = {
    "cps": lazy_gettext("Characters a second: warning above"),
    "hard_cps": lazy_gettext("Characters a second: error above"),
    "wpm": lazy_gettext("Words a minute: hint above"),
    "line_characters": lazy_gettext("Characters in a line: warning above"),
    "hard_line_characters": lazy_gettext("Characters in a line: error above"),
    "max_lines": lazy_gettext("Lines in a cue"),
    "min_duration": lazy_gettext("Shortest cue, seconds: warning below"),
    "hard_min_duration": lazy_gettext("Shortest cue, seconds: error below"),
    "max_duration": lazy_gettext("Longest cue, seconds"),
    "min_gap_frames": lazy_gettext("Gap before the next cue, frames"),
    "cut_out_frames": lazy_gettext("Frames between a cue's end and the shot change"),
    "in_early": lazy_gettext("May come before the speech, frames (3f) or seconds"),
    "in_late": lazy_gettext("May come after the speech began, frames (6f) or seconds"),
    "out_late": lazy_gettext("May stand after the speech, frames or seconds"),
}
_TEXT = ("min_duration", "hard_min_duration", "max_duration", "in_early", "in_late", "out_late")


@pages.get("/projects/<project_id>/rules")
@guarded(Action.VIEW, "project")
def project_rules(project_id: str) -> Response:
    return _rules(project_id)


@pages.post("/projects/<project_id>/rules")
@guarded(Action.MANAGE_PROJECT, "project")
def save_project_rules(project_id: str) -> Response:
    form = request.form
    try:
        stages.save_rules(
            house(),
            actor(),
            project_id,
            profile=_profile(form),
            may_ignore=form.get("may_ignore", "warning"),
            shares_memory=form.get("shares_memory") == "1",
        )
    except SHOWN_IN_PLACE as error:
        return _rules(project_id, error, dict(form))
    return see(url_for("pages.project_rules", project_id=project_id))


def _profile(form: Any) -> dict[str, Any]:
    """Only what differs from the chosen profile: when that profile changes, the rest follows it."""
    base = form.get("base", "")
    body: dict[str, Any] = {"base": base}
    standard = stages.standard_numbers(base)
    for name in NUMBERS:
        given = form.get(name, "").strip()
        if name not in form or given == _shown(standard[name]):
            continue
        if name in _TEXT:
            body[name] = given.replace(",", ".")
        else:
            body[name] = int(given) if given.isdecimal() else given or None
    severities = {
        key.removeprefix("severity-"): value
        for key, value in form.items()
        if key.startswith("severity-") and value
    }
    changed = {
        rule: value
        for rule, value in severities.items()
        if standard["severities"].get(rule) != value
    }
    return body | ({"severities": changed} if changed else {})


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _rules(
    project_id: str, problem: TerjimeError | None = None, sent: dict[str, Any] | None = None
) -> Response:
    view = stages.rules_view(house(), project_id)
    project = stages.project_view(house(), project_id, actor())
    return page(
        "rules.html",
        problem=problem,
        project=project,
        view=view,
        sent=sent or {},
        may_manage=can(Action.MANAGE_PROJECT),
        NUMBERS=NUMBERS,
        PROFILE_WORDS=PROFILE_WORDS,
        GRAVITY=list(GRAVITY),
        GRAVITY_WORDS=GRAVITY_WORDS,
        SEVERITY_WORDS=SEVERITY_WORDS,
        shown=_shown,
        standards={name: stages.standard_numbers(name) for name in view.profiles},
    )
