"""What every request and answer gets, whoever asks."""

from __future__ import annotations

import io
import json
import logging
import uuid
from collections.abc import Callable

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient

from tests.web.conftest import Script, Somebody, csrf_of, sign_in
from web import security
from web.app import create_app
from web.errors import OneLine
from web.guard import public, signed_in_only
from workflow.errors import BadInput, Conflict, NotAllowed, NotFound, ToolFailed, ToolMissing
from workflow.people import Role
from workflow.settings import Settings
from workflow.store.house import House

Make = Callable[..., Somebody]
Scripts = Callable[[Somebody], Script]


@pytest.mark.parametrize(
    "path", ["/healthz", "/sign-in", "/api/v1/me", "/nothing", "/static/no.css"]
)
def test_t05_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=(), microphone=()" in headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert "Strict-Transport-Security" not in headers  # plain http is for localhost


@pytest.mark.parametrize(
    ("place", "allowed"), [("studio", "(self)"), ("confirm", "()"), ("", "()")]
)
def test_only_the_studio_may_ask_for_the_microphone(
    client: FlaskClient, place: str, allowed: str
) -> None:
    headers = client.get(f"/tracks/{uuid.uuid4()}/{place}").headers
    assert f"microphone={allowed}," in headers["Permissions-Policy"]


def test_answers_that_are_somebodys_are_not_stored(client: FlaskClient) -> None:
    assert client.get("/api/v1/me").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:8001"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 204),
        ({"Origin": "http://localhost"}, 204),
        ({"Origin": "null"}, 204),  # our own form on plain http, with no-referrer
        ({}, 204),
    ],
)
def test_t07_another_site_cannot_change_anything_here(
    client: FlaskClient, person: Make, headers: dict[str, str], status: int
) -> None:
    sign_in(client, person("ayna").email)
    told = {"X-CSRFToken": csrf_of(client)} | headers
    assert client.post("/api/v1/sign-out", headers=told).status_code == status


def test_another_site_may_link_to_us_but_not_show_us(client: FlaskClient) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/healthz", headers=link | {"Sec-Fetch-Dest": "document"}).status_code == 200
    assert client.get("/healthz", headers=link | {"Sec-Fetch-Dest": "iframe"}).status_code == 403
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "video"}
    assert client.get("/healthz", headers=embedded).status_code == 403


def test_t07_a_session_needs_its_csrf_token_and_a_token_does_not(
    client: FlaskClient, person: Make, script: Scripts
) -> None:
    who = person("ayna", may_create_projects=True)
    sign_in(client, who.email)
    body = {"title": "Rights"}
    refused = client.post("/api/v1/projects", json=body)
    assert (refused.status_code, refused.json["error"]["code"]) == (400, "CSRF_FAILED")
    other = {"X-CSRFToken": csrf_of(client.application.test_client())}
    assert client.post("/api/v1/projects", json=body, headers=other).status_code == 400
    mine = {"X-CSRFToken": csrf_of(client)}
    assert client.post("/api/v1/projects", json=body, headers=mine).status_code == 201
    assert script(who).post("/projects", json=body).status_code == 201


def test_t07_a_token_beside_a_session_does_not_spare_the_csrf_token(
    client: FlaskClient, person: Make, script: Scripts
) -> None:
    who = person("ayna", may_create_projects=True)
    sign_in(client, who.email)
    headers = {"Authentication-Token": script(who).token}
    assert client.post("/api/v1/projects", json={"title": "R"}, headers=headers).status_code == 400


@pytest.mark.parametrize("method", ["get", "head"])
def test_reading_changes_nothing_signing_out_included(
    client: FlaskClient, person: Make, method: str
) -> None:
    sign_in(client, person("ayna").email)
    assert getattr(client, method)("/sign-out").status_code == 405
    assert client.get("/api/v1/me").status_code == 200


def test_78_a_method_override_is_ignored_but_on_uploads(
    person: Make, project: Callable[..., str], script: Scripts
) -> None:
    who = person("ayna")
    path = f"/projects/{project(who)}"
    answer = script(who).get(path, headers={"X-HTTP-Method-Override": "DELETE"})
    assert (answer.status_code, answer.json["title"]) == (200, "Rights")


@pytest.mark.parametrize(
    "body",
    [
        "[" * 10_000 + "]" * 10_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        '{"title": "a", "title": "b"}',
        '{"title": NaN}',
        '{"title": Infinity}',
        '{"title": 1e999}',
        '{"title": 99999999999999999999}',
        '{"title": "\\u0000"}',
        '{"title": "\\ud800"}',
        '{"title": "a"',
        "",
        b"\xff\xfe",
        "9" * 5000,
    ],
    ids=[
        *(
            "lists in lists",
            "objects in objects",
            "key twice",
            "NaN",
            "infinity",
            "too large float",
        ),
        *("too large integer", "NUL", "half a surrogate pair", "cut off", "empty", "not UTF-8"),
        "five thousand digits",
    ],
)
def test_75_json_that_two_readers_could_read_differently_is_refused(
    person: Make, script: Scripts, body: str | bytes
) -> None:
    who = person("ayna", may_create_projects=True)
    answer = script(who).post("/projects", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "BAD_JSON")


@pytest.mark.parametrize("title", [{"a": 1}, ["a"], 1, 1e308, None, True, "", "x" * 121])
def test_75_a_value_of_another_shape_is_named(person: Make, script: Scripts, title: object) -> None:
    who = person("ayna", may_create_projects=True)
    answer = script(who).post("/projects", json={"title": title})
    assert (answer.status_code, answer.json["error"]["code"]) == (422, answer.json["error"]["code"])
    assert "title" in json.dumps(answer.json["error"]).lower()


def test_a_field_that_nobody_knows_is_refused_not_ignored(person: Make, script: Scripts) -> None:
    who = person("ayna", may_create_projects=True)
    answer = script(who).post("/projects", json={"title": "R", "is_admin": True})
    assert answer.status_code == 422
    assert answer.json["error"]["where"] == "json.is_admin"


def test_76_a_large_body_is_refused_by_its_declared_and_by_its_real_length(
    person: Make, script: Scripts
) -> None:
    who = person("ayna", may_create_projects=True)
    large = json.dumps({"title": "x" * security.JSON_BYTES})
    known = script(who)
    answer = known.post("/projects", data=large, content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "TOO_LARGE")
    chunked = known.client.post(
        "/api/v1/projects",
        input_stream=io.BytesIO(large.encode()),
        content_type="application/json",
        headers={"Authentication-Token": known.token, "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert chunked.status_code == 413


def test_76_a_form_that_is_too_large_is_refused(app: Flask, person: Make, script: Scripts) -> None:
    read = signed_in_only(lambda: str(len(request.files)))
    app.add_url_rule("/form", "form", read, methods=["POST"])
    known = script(person("ayna"))
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.srt"\r\n\r\n'
    answer = known.client.post(
        "/form",
        data=part + b"x" * security.FORM_BYTES + b"\r\n--b--\r\n",
        content_type="multipart/form-data; boundary=b",
        headers={"Authentication-Token": known.token},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("how", ["path", "query", "form"])
def test_47_a_nul_character_reaches_no_database(client: FlaskClient, how: str) -> None:
    if how == "path":
        answer = client.get("/tracks/%00")
    elif how == "query":
        answer = client.get("/sign-in?next=%00")
    else:
        given = {"email": "a\0@b", "password": "x", "csrf_token": csrf_of(client)}
        answer = client.post("/sign-in", data=given)
    assert answer.status_code == 400


@pytest.fixture
def failing(settings: Settings, house: House) -> Callable[[Exception], FlaskClient]:
    def make(error: Exception) -> FlaskClient:
        app = create_app(settings, house)

        def fail() -> Response:
            raise error

        app.add_url_rule("/api/fail", "fail", public(fail))
        return app.test_client()

    return make


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadInput("OVERLAP", "Two cues.", where="line 12", advice="Mend."), 422),
        (BadInput("TOO_MANY_BYTES", "Too big."), 413),
        (NotAllowed("OWN_CUES", "Yours."), 403),
        (NotFound("NOT_FOUND", "No."), 404),
        (Conflict("STALE_VERSION", "Moved.", details={"changed": [1]}), 409),
        (ToolMissing("DATABASE_BUSY", "Busy."), 503),
        (ToolFailed("DISK_LOW", "Full."), 507),
    ],
)
def test_our_refusals_become_their_status_with_code_place_and_advice(
    failing: Callable[[Exception], FlaskClient],
    error: BadInput | NotAllowed | Conflict,
    status: int,
) -> None:
    answer = failing(error).get("/api/fail")
    assert (answer.status_code, answer.json) == (status, {"error": error.to_json()})
    assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    "error", [ValueError("secret /data/path"), ToolFailed("FFMPEG", "It failed.")]
)
def test_t21_a_failure_shows_a_reference_and_the_log_has_the_rest(
    failing: Callable[[Exception], FlaskClient],
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    logging.getLogger("terjime.web").propagate = True
    answer = failing(error).get("/api/fail")
    logging.getLogger("terjime.web").propagate = False
    assert answer.status_code == 500
    reference = answer.json["error"]["reference"]
    assert "secret" not in answer.get_data(as_text=True)
    assert reference in caplog.text
    assert str(error) in caplog.text


def test_t21_a_name_cannot_write_lines_into_the_log() -> None:
    record = logging.LogRecord("n", 20, "f", 1, "%s", ("a\r\nINFO forged\x1b[2J\u202e",), None)
    line = OneLine("%(message)s").format(record)
    assert line == "a\\r\\nINFO forged\\x1b[2J\\u202e"


def test_an_unknown_address_is_json_for_the_api_and_a_page_for_a_person(
    client: FlaskClient,
) -> None:
    api = client.get("/api/v1/nothing")
    assert (api.status_code, api.json["error"]["code"]) == (404, "NOT_FOUND")
    page = client.get("/nothing", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (404, "text/html")


def test_a_page_piece_asked_for_after_sign_in_ended_leads_to_sign_in(app: Flask) -> None:
    app.add_url_rule("/piece", "piece", signed_in_only(lambda: "piece"))
    client = app.test_client()
    answer = client.get("/piece", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")
    whole = client.get("/piece?a=1")
    assert (whole.status_code, whole.location) == (302, "/sign-in?next=/piece?a%3D1")


def test_a_script_has_the_type_that_a_browser_runs(app: Flask) -> None:
    import mimetypes

    assert mimetypes.guess_type("a.js")[0] == "text/javascript"
    assert mimetypes.guess_type("a.wasm")[0] == "application/wasm"


def test_a_person_reads_in_their_own_language_and_a_stranger_in_the_browsers(
    app: Flask, person: Make, script: Scripts
) -> None:
    from flask_babel import get_locale

    app.add_url_rule("/tongue", "tongue", signed_in_only(lambda: str(get_locale())))
    app.add_url_rule("/hello", "hello", public(lambda: str(get_locale())))
    known = script(person("ayna", locale="tk"))
    told = {"Authentication-Token": known.token, "Accept-Language": "ru"}
    assert known.client.get("/tongue", headers=told).text == "tk"
    assert known.client.get("/hello", headers={"Accept-Language": "fr, ru;q=0.5"}).text == "ru"
    assert known.client.get("/hello", headers={"Accept-Language": "fr"}).text == "en"


def test_a_person_may_be_a_member_with_several_roles(
    person: Make, project: Callable[..., str], script: Scripts
) -> None:
    producer, other = person("merdan"), person("ayna")
    path = f"/projects/{project(producer, {other: Role.TRANSLATOR})}"
    known = script(producer)
    added = known.post(f"{path}/members", json={"email": other.email, "role": "reviewer"})
    assert added.status_code == 201
    assert script(other).get(path).json["my_roles"] == ["reviewer", "translator"]
    gone = known.delete(f"{path}/members/{other.id}/translator")
    assert gone.status_code == 200
    assert script(other).get(path).json["my_roles"] == ["reviewer"]
