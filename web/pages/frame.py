"""What every page shares: its frame, its live pieces, and how a refusal is shown in place.

A page that changes while work runs marks a piece of itself with
``<!--piece:name-->…<!--/piece:name-->`` and puts `live(…)` on the element inside.
The piece then asks for itself by ``?piece=name`` every few seconds, and stops
when it comes back without that wish.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from flask import Response, current_app, g, make_response, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from flask_babel import get_locale, gettext
from markupsafe import Markup

from web.error_words import told
from web.errors import status_of
from web.guard import actor, signed_in
from web.pages import assets, catalogues, pages, words
from web.pages.film_words import film_note
from web.pages.script_words import script_words
from workflow.errors import BadInput, Conflict, NotFound, TerjimeError
from workflow.people import Action, may

SOURCE_LANGUAGES = ("en", "ru", "tk", "tr", "fa", "uz", "de", "fr")
TRACK_LANGUAGES = ("tk", "ru", "en", "tk-Cyrl", "uz", "fa", "tr")
PAGE_LANGUAGES = (("en", "English"), ("tk", "Türkmençe"), ("ru", "Русский"))
ENCODINGS = (
    ("windows-1250", "Windows-1250"),
    ("windows-1251", "Windows-1251"),
    ("windows-1252", "Windows-1252"),
    ("windows-1254", "Windows-1254"),
    ("iso8859-2", "ISO 8859-2"),
    ("ptcp154", "PTCP154"),
    ("koi8-r", "KOI8-R"),
    ("utf-8", "UTF-8"),
    ("utf-16", "UTF-16"),
)

SUBTITLE_ENDINGS = (
    ".srt,.vtt,.ass,.ssa,.ttml,.dfxp,.itt,.xml,.stl,.sbv,.sub,.txt,.lrc,.csv,.tsv,.xlsx,.docx,.xlf,"
    ".xliff,.tmx,.scc,.mpl"
)

# What a person can mend on the spot is shown on the page they were on; anything else is an error page.
SHOWN_IN_PLACE = (BadInput, Conflict)
LIVE_EVERY = "3s"


def page(template: str, *, problem: TerjimeError | None = None, **values: Any) -> Response:
    """The page, or the one piece of it that the request asks for. *problem* stands above the content."""
    html = render_template(template, problem=problem.to_json() if problem else None, **values)
    name = request.args.get("piece")
    if name and request.headers.get("HX-Request"):
        return _piece(html, name)
    response = make_response(html)
    response.status_code = status_of(problem) if problem else 200
    return response


def _piece(html: str, name: str) -> Response:
    _, found, rest = html.partition(f"<!--piece:{name}-->")
    if not found:
        raise NotFound("NOT_FOUND", "This page has no such piece.")
    response = make_response(rest.partition(f"<!--/piece:{name}-->")[0].strip())
    if request.args.get("reload") and not g.get("piece_is_live"):
        response.headers["HX-Refresh"] = "true"
    return response


def see(address: str) -> Response:
    """After something was done: the page that shows it."""
    return make_response(redirect(address, 303))


def live(running: Iterable[Any], name: str, reload: bool = False) -> Markup:
    """Attributes of a piece that asks for itself again while anything in *running* is not finished.

    reload    the whole page is loaded anew when the last has finished
    """
    if not any(True for _ in running):
        return Markup("")
    g.piece_is_live = True
    query = {"piece": name} | ({"reload": 1} if reload else {})
    return Markup('hx-get="{}?{}" hx-trigger="every {}" hx-swap="outerHTML"').format(
        request.path, urlencode(query), LIVE_EVERY
    )


def is_live(job: Any) -> bool:
    return job is not None and job.state in ("queued", "running")


def page_path() -> str:
    """Path of the page that the person looks at, also when only a piece of it is asked for."""
    shown = request.headers.get("HX-Current-URL")
    return urlsplit(shown).path if shown else request.path


def safe_back(address: str, otherwise: str) -> str:
    """*address* if it is a plain path of ours."""
    plain = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if plain and address.isprintable() else otherwise


def api(*parts: str) -> str:
    return "/api/v1/" + "/".join(quote(part) for part in parts)


def film_file(film_id: str, role: str) -> str:
    return api("films", film_id, "files", role)


def proxies(film: Any) -> list[dict[str, str]]:
    """The watchable sizes of a film, the lightest first."""
    return [
        {"name": f"{height}p", "href": film_file(film.id, f"proxy{height}")}
        for height in (240, 480)
        if f"proxy{height}" in film.files
    ]


def poster(film: Any) -> str:
    return film_file(film.id, "poster") if "poster" in film.files else ""


def can(action: Action) -> bool:
    return may(actor(), action)


def rail_places() -> list[tuple[str, str, str]]:
    places = [
        ("pages.work", "work", gettext("My work")),
        ("pages.projects", "projects", gettext("Projects")),
        ("pages.jobs", "jobs", gettext("Jobs")),
        ("pages.help_page", "help", gettext("Help")),
    ]
    person = signed_in()
    if person and person.is_admin:
        places.append(("pages.people", "people", gettext("People")))
    return places


def encoding_field(field_id: str) -> Markup:
    """A choice of encodings, "found by itself" first."""
    options = Markup("").join(
        Markup('<option value="{}">{}</option>').format(code, name) for code, name in ENCODINGS
    )
    return Markup(
        '<div class="field"><label for="{id}">{label}</label><select id="{id}" name="encoding">'
        '<option value="">{found}</option>{options}</select></div>'
    ).format(
        id=field_id,
        label=gettext("Encoding"),
        found=gettext("Found by itself"),
        options=options,
    )


def _static(name: str) -> str:
    return f"{current_app.static_url_path}/{name}"


def _built_styles() -> list[str]:
    return [_static(name) for name in assets.styles(_static_folder())]


def _built_script() -> str:
    return _static(assets.script(_static_folder()))


def _static_folder() -> Path:
    return Path(current_app.static_folder or "")


def _language() -> str:
    return str(get_locale() or "en").replace("_", "-")


@pages.record_once
def _install(state: BlueprintSetupState) -> None:
    catalogues.compile_stale(Path(state.app.root_path) / "translations")
    env = state.app.jinja_env
    env.trim_blocks = env.lstrip_blocks = True
    env.filters.update(words.filters())
    env.globals.update(words.tables())
    env.globals.update(
        me=signed_in,
        told=told,
        film_note=film_note,
        rail_places=rail_places,
        live=live,
        page_path=page_path,
        api=api,
        film_file=film_file,
        encoding_field=encoding_field,
        built_styles=_built_styles,
        built_script=_built_script,
        script_words=script_words,
        page_language=_language,
        SOURCE_LANGUAGES=SOURCE_LANGUAGES,
        TRACK_LANGUAGES=TRACK_LANGUAGES,
        PAGE_LANGUAGES=PAGE_LANGUAGES,
        SUBTITLE_ENDINGS=SUBTITLE_ENDINGS,
    )


@pages.after_app_request
def _keep_built_files(response: Response) -> Response:
    """Built files carry their hash in their name: a browser need never ask for one twice."""
    if request.endpoint == "static" and request.path.startswith(_static("built/assets/")):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
