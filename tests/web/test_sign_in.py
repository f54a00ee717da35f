"""Signing in, staying signed in, and being kept out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.web.conftest import PASSWORD, Script, Somebody, csrf_of, sign_in
from web.app import create_app
from workflow.settings import Settings
from workflow.store.accounts import LOCKED_FOR_MS
from workflow.store.house import House
from workflow.store.passwords import hash_password
from workflow.store.tables import Audit, Person

Make = Callable[..., Somebody]
Scripts = Callable[[Somebody], Script]


def test_the_right_password_lets_one_in_and_the_session_cookie_is_out_of_reach_of_scripts(
    client: FlaskClient, person: Make
) -> None:
    answer = sign_in(client, person("ayna").email)
    assert (answer.status_code, answer.location) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert re.match(r"terjime=.*HttpOnly; Path=/; SameSite=Lax", cookie)
    assert client.get("/api/v1/me").json["name"] == "Ayna"


def test_behind_tls_the_cookie_is_secure_and_bound_to_this_host(
    settings: Settings, house: House, person: Make
) -> None:
    client = create_app(replace(settings, secure_cookies=True), house).test_client()
    answer = client.get("/sign-in", base_url="https://localhost")
    [(name, morsel)] = SimpleCookie(answer.headers["Set-Cookie"]).items()
    assert name == "__Host-terjime"
    assert morsel["secure"]
    assert morsel["path"] == "/"
    assert not morsel["domain"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_unknown_address_wrong_password_locked_and_deactivated_get_one_and_the_same_answer(
    client: FlaskClient, person: Make, house: House
) -> None:
    person("ayna")
    locked = person("locked", locked_until=2**45)
    gone = person("gone", active=False)
    tries = [("nobody@example.org", PASSWORD), ("ayna@example.org", "wrong")]
    tries += [(locked.email, PASSWORD), (gone.email, PASSWORD)]
    answers = [
        client.post("/api/v1/sign-in", json={"email": email, "password": password})
        for email, password in tries
    ]
    assert {a.status_code for a in answers} == {401}
    assert len({a.data for a in answers}) == 1
    assert answers[0].json["error"]["code"] == "SIGN_IN_FAILED"


def test_ten_wrong_passwords_lock_an_account_for_fifteen_minutes(
    app: Flask, client: FlaskClient, person: Make, house: House
) -> None:
    who = person("ayna")
    for attempt in range(10):
        # Another address each time, as an attacker with many would: the rate by address does not bite.
        answer = client.post(
            "/api/v1/sign-in",
            json={"email": who.email, "password": f"wrong {attempt}"},
            environ_base={"REMOTE_ADDR": f"198.51.100.{attempt}"},
        )
        assert answer.status_code == 401
    right = {"email": who.email, "password": PASSWORD}
    assert client.post("/api/v1/sign-in", json=right).status_code == 401
    with house.write() as session:
        row = session.get_one(Person, who.id)
        row.locked_until -= LOCKED_FOR_MS
    assert client.post("/api/v1/sign-in", json=right).status_code == 200


def test_a_right_password_forgets_the_wrong_ones_before_it(
    client: FlaskClient, person: Make, house: House
) -> None:
    who = person("ayna", failed_sign_ins=9)
    body = {"email": who.email, "password": PASSWORD}
    assert client.post("/api/v1/sign-in", json=body).status_code == 200
    with house.read() as session:
        assert session.get_one(Person, who.id).failed_sign_ins == 0


def test_the_sixth_failure_in_a_minute_from_one_address_has_to_wait_but_others_do_not(
    client: FlaskClient, person: Make
) -> None:
    who = person("ayna")
    body = {"email": who.email, "password": "wrong"}
    for _ in range(5):
        assert client.post("/api/v1/sign-in", json=body).status_code == 401
    answer = client.post("/api/v1/sign-in", json=body)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    right = body | {"password": PASSWORD}
    assert client.post("/api/v1/sign-in", json=right, environ_base=elsewhere).status_code == 200


def test_t08_without_its_redis_the_rate_still_holds_and_nobody_is_kept_out(
    settings: Settings, house: House, person: Make
) -> None:
    away = replace(settings, redis_url=f"redis+socket://{settings.data_dir}/no-broker.sock")
    client = create_app(away, house).test_client()
    right = {"email": person("ayna").email, "password": PASSWORD}
    assert client.post("/api/v1/sign-in", json=right).status_code == 200
    wrong = right | {"password": "wrong"}
    answers = [client.post("/api/v1/sign-in", json=wrong).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]


def test_t08_a_forwarded_address_does_not_reset_the_rate(client: FlaskClient, person: Make) -> None:
    """Case 78: X-Forwarded-For is what a client says, and is not believed."""
    body = {"email": person("ayna").email, "password": "wrong"}
    answers = [
        client.post(
            "/api/v1/sign-in", json=body, headers={"X-Forwarded-For": f"203.0.113.{n}"}
        ).status_code
        for n in range(6)
    ]
    assert answers == [401] * 5 + [429]


def test_the_password_of_the_command_line_is_the_password_of_the_web(
    client: FlaskClient, person: Make, house: House
) -> None:
    who = person("ayna")
    with house.write() as session:
        session.get_one(Person, who.id).password = hash_password("another password")
    body = {"email": who.email, "password": "another password"}
    assert client.post("/api/v1/sign-in", json=body).status_code == 200


def test_an_unused_session_ends_after_twelve_hours_and_a_used_one_after_seven_days(
    app: Flask, client: FlaskClient, person: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, person("ayna").email)
    assert app.permanent_session_lifetime.total_seconds() == 12 * 3600
    with client.session_transaction() as session:
        session["fs_paa"] -= 7 * 24 * 3600 + 1
    assert client.get("/api/v1/me").status_code == 401


def test_signing_out_ends_a_copied_cookie_and_a_token_too(
    app: Flask, client: FlaskClient, person: Make, script: Scripts
) -> None:
    who = person("ayna")
    sign_in(client, who.email)
    token = script(who)
    thief = app.test_client()
    copied = client.get_cookie("terjime")
    assert copied is not None
    thief.set_cookie("terjime", copied.value)
    assert thief.get("/api/v1/me").status_code == 200
    answer = client.post("/api/v1/sign-out", headers={"X-CSRFToken": csrf_of(client)})
    assert answer.status_code == 204
    assert client.get("/api/v1/me").status_code == 401
    assert thief.get("/api/v1/me").status_code == 401
    assert token.get("/me").status_code == 401


def test_the_session_before_signing_in_is_not_the_session_after(
    client: FlaskClient, person: Make
) -> None:
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    sign_in(client, person("ayna").email)
    with client.session_transaction() as session:
        assert "planted" not in session


def test_deactivation_is_effective_with_the_next_request(
    client: FlaskClient, person: Make, script: Scripts, house: House
) -> None:
    """Case 79: what somebody does after deactivation is 401."""
    who = person("ayna")
    sign_in(client, who.email)
    token = script(who)
    with house.write() as session:
        session.get_one(Person, who.id).active = False
    assert client.get("/api/v1/me").status_code == 401
    assert token.get("/me").status_code == 401


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "/sign-in?next=/sign-in",
        "",
    ],
)
def test_next_leads_nowhere_but_into_this_site(
    client: FlaskClient, person: Make, target: str
) -> None:
    answer = sign_in(client, person("ayna").email, next=target)
    assert answer.location == "/"


def test_next_leads_to_the_page_that_asked(client: FlaskClient, person: Make) -> None:
    answer = sign_in(client, person("ayna").email, next="/tracks/1?cue=2")
    assert answer.location == "/tracks/1?cue=2"


def test_a_sign_in_form_without_its_csrf_token_is_refused(
    client: FlaskClient, person: Make
) -> None:
    body = {"email": person("ayna").email, "password": PASSWORD}
    assert client.post("/sign-in", data=body).status_code == 400


@pytest.mark.parametrize("body", [[], "text", 1, None, {"email": {"$ne": ""}, "password": ["a"]}])
def test_75_a_sign_in_of_the_wrong_shape_is_refused_and_breaks_nothing(
    client: FlaskClient, body: object
) -> None:
    assert client.post("/api/v1/sign-in", json=body).status_code in {400, 422}


@pytest.mark.parametrize("token", ["", "x", "eyJ2ZXIiOiI1In0.aa.bb", "é", "[]"])
def test_a_token_that_is_not_ours_is_nobody(client: FlaskClient, token: str) -> None:
    answer = client.get("/api/v1/me", headers={"Authentication-Token": token.encode()})
    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "NOT_SIGNED_IN"


def test_a_token_in_an_address_is_not_taken(person: Make, script: Scripts) -> None:
    known = script(person("ayna"))
    assert known.client.get(f"/api/v1/me?auth_token={known.token}").status_code == 401


def test_sign_ins_and_failures_are_in_the_audit_log(
    client: FlaskClient, person: Make, house: House
) -> None:
    who = person("ayna")
    for password in ("wrong", PASSWORD):
        client.post("/api/v1/sign-in", json={"email": who.email, "password": password})
    with house.read() as session:
        told = [(row.action, row.person_id) for row in session.scalars(select(Audit))]
    assert told == [("sign_in_failed", who.id), ("sign_in", who.id)]
