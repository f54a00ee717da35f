"""Every route × everybody: what one may not see is 404, what one may not do is 403, a stranger signs in first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.web.conftest import Somebody, token_of
from web import guard
from workflow.people import ADMIN_MAY, ALLOWED, Action, Role
from workflow.store.house import House
from workflow.store.tables import (
    Blob,
    Build,
    Comment,
    Film,
    Job,
    Membership,
    Package,
    Proposal,
    ReceivedFile,
    Recording,
    Render,
    Take,
    Track,
    TrackVersion,
    Upload,
    Verdict,
    new_id,
    now_ms,
)

ROLES = {r.value: r for r in Role}


@dataclass(frozen=True)
class World:
    """One project with one of everything, and people who are to it what their names say."""

    ids: dict[str, str]
    people: dict[str, Somebody]


@pytest.fixture
def world(house: House, person: Callable[..., Somebody], project: Callable[..., str]) -> World:
    people = {name: person(name) for name in ("translator", "reviewer", "producer", "stranger")}
    people["admin"] = person("admin", is_admin=True)
    here = project(
        people["producer"],
        {people["translator"]: Role.TRANSLATOR, people["reviewer"]: Role.REVIEWER},
    )
    project(people["stranger"])
    return World(one_of_everything(house, here, people["producer"], people["reviewer"]), people)


def one_of_everything(
    house: House, project_id: str, who: Somebody, reviewer: Somebody
) -> dict[str, str]:
    """Rows as they are after a whole journey; enough for rights, whose check reads nothing else."""
    blob, _ = house.blobs.put_bytes(b"a blob")
    document, _ = house.blobs.put_bytes(
        b'{"cues":[],"film_hash":"","form":"terjime-track/1","language":"tk","number":1}'
    )
    ids = {kind: new_id() for kind in ("film", "track", "version", "proposal", "build")}
    ids |= {kind: new_id() for kind in ("render", "comment", "job", "upload", "verdict", "package")}
    ids |= {"project": project_id, "person": who.id, "received": new_id()}
    ids |= {"recording": new_id(), "take": new_id()}
    ids |= {kind: new_id() for kind in ("word", "term", "unit")}  # reached through their project
    job = {"project_id": project_id, "created_by": who.id, "state": "done", "params": {}}
    hashes = {"track_hash": "0" * 64, "film_hash": blob, "recipe_hash": "0" * 64}
    rows: list[Any] = [
        Blob(sha256=blob, size=6, media_type="video/mp4"),
        Blob(sha256=document, size=80, media_type="application/json"),
        Film(
            id=ids["film"],
            project_id=project_id,
            name="film.mp4",
            original=blob,
            state="ready",
            rate_num=25,
            rate_den=1,
            frames=50,
            created_by=who.id,
        ),
        Upload(
            id=ids["upload"],
            project_id=project_id,
            person_id=who.id,
            name="film.mp4",
            length=6,
            expires_at=now_ms() + 10**9,
        ),
        Job(
            id=ids["job"],
            kind="ingest",
            queue="render",
            content_key=ids["job"],
            subject=ids["film"],
            **job,
        ),
        Track(
            id=ids["track"],
            project_id=project_id,
            film_id=ids["film"],
            kind="subtitle",
            language="tk",
            created_by=who.id,
        ),
        TrackVersion(
            id=ids["version"],
            track_id=ids["track"],
            number=1,
            track_hash="0" * 64,
            document=document,
            cue_count=0,
            state="approved",
            author_id=who.id,
        ),
        Proposal(
            id=ids["proposal"],
            track_id=ids["track"],
            job_id=ids["job"],
            base_document=document,
            reference={"speech": True},
            alignment=document,
        ),
        Build(
            id=ids["build"],
            version_id=ids["version"],
            job_id=ids["job"],
            height=240,
            recipe={},
            recipe_hash="0" * 64,
            output=blob,
        ),
        Verdict(
            id=ids["verdict"],
            version_id=ids["version"],
            build_id=ids["build"],
            reviewer_id=reviewer.id,
            verdict="approved",
            build_hash=blob,
            idempotency_key=new_id(),
            **hashes,
        ),
        ReceivedFile(
            id=ids["received"],
            project_id=project_id,
            film_id=ids["film"],
            person_id=who.id,
            name="tk.srt",
            sha256=blob,
            asked={"language": "tk", "kind": "subtitle", "title": ""},
            choices={},
        ),
        Comment(
            id=ids["comment"],
            track_id=ids["track"],
            version_id=ids["version"],
            anchor={"frame": 0, "rate": [25, 1], "film_hash": blob, "track_hash": "0" * 64},
            text="Hello",
            author_id=who.id,
        ),
        Render(
            id=ids["render"],
            version_id=ids["version"],
            verdict_id=ids["verdict"],
            job_id=ids["job"],
            recipe={"form": "burned"},
            recipe_hash="0" * 64,
            file_name="film.tk.mp4",
            output=blob,
            manifest=document,
            created_by=who.id,
        ),
        Recording(
            id=ids["recording"],
            track_id=ids["track"],
            sha256=blob,
            name="line.wav",
            kind="line",
            seconds=1.0,
            findings=[],
            state="received",
            created_by=who.id,
        ),
        Take(
            id=ids["take"],
            track_id=ids["track"],
            line_uid="one",
            text_hash="0" * 64,
            recording_id=ids["recording"],
            sha256=blob,
            start=0,
            end=1,
            flags=[],
            state="accepted",
            created_by=who.id,
        ),
        Package(
            id=ids["package"],
            version_id=ids["version"],
            job_id=ids["job"],
            kind="delivery",
            choice={"formats": []},
            choice_hash="0" * 64,
            file_name="film.zip",
            made=now_ms(),
            sha256="0" * 64,
            size=22,
            created_by=who.id,
        ),
    ]
    with house.write() as session:
        for row in rows:
            session.merge(row)  # a second world has the same blobs
            session.flush()
    return ids


def requests_of(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD"}):
            if method != "OPTIONS" or rule.endpoint == "api.upload_options":
                yield rule, method


def outcome(status: int, location: str | None) -> str:
    if status == 302 and location and location.startswith("/sign-in?next="):
        return "sign in"
    return {200: "in", 401: "sign in", 403: "not your role", 404: "not there"}[status]


def expected(need: guard.Need, who: str) -> str:
    """Worked out from the table of rights alone."""
    if need.who == "public":
        return "in"
    if who == "nobody":
        return "sign in"
    if need.who == "signed_in":
        return "in"
    if need.who == "admin":
        return "in" if who == "admin" else "not your role"
    assert need.action is not None
    if who == "stranger" or (need.kind == "upload" and who != "producer"):
        return "not there"
    if who == "admin":
        return "in" if need.action in ADMIN_MAY else "not your role"
    return "in" if ROLES[who] in ALLOWED[need.action] else "not your role"


@pytest.fixture
def doors(app: Flask) -> Flask:
    """The server with every view replaced by one that says that it was reached: what is left is the guard."""
    for endpoint, view in app.view_functions.items():
        need = view.need  # type: ignore[attr-defined]

        def reached(**_: str) -> str:
            return "reached"

        reached.need = need  # type: ignore[attr-defined]
        app.view_functions[endpoint] = reached
    return app


@pytest.mark.parametrize(
    "who", ["nobody", "translator", "reviewer", "producer", "admin", "stranger"]
)
def test_t06_every_route_lets_in_whom_it_should_and_nobody_else(
    doors: Flask, house: House, world: World, who: str
) -> None:
    client = doors.test_client(use_cookies=False)
    headers = {}
    if who != "nobody":
        headers["Authentication-Token"] = token_of(doors, world.people[who])
    wrong = []
    for rule, method in requests_of(doors):
        need = guard.need_of(doors, rule)
        assert need is not None
        csrf_first = need.who == "public" and need.csrf and method == "POST"
        if csrf_first:
            continue  # the sign-in form, which test_sign_in is about
        _, path = rule.build({name: value_of(name, world) for name in rule.arguments})
        answer = client.open(path, method=method, headers=headers)
        told = outcome(answer.status_code, answer.location)
        if told != (want := expected(need, who)):
            wrong.append(f"{method} {path}: {told}, not {want}")
    assert not wrong, "\n".join(wrong)


def test_what_is_not_there_looks_like_what_one_may_not_see(
    doors: Flask, house: House, world: World
) -> None:
    client = doors.test_client(use_cookies=False)
    headers = {"Authentication-Token": token_of(doors, world.people["stranger"])}
    foreign = client.get(f"/api/v1/tracks/{world.ids['track']}", headers=headers)
    missing = client.get(f"/api/v1/tracks/{new_id()}", headers=headers)
    assert (foreign.status_code, foreign.data) == (missing.status_code, missing.data)
    assert foreign.status_code == 404


@pytest.mark.parametrize("odd", ["1", "..%2f..", "' OR 1=1", "a" * 4000, "%F0%9F%92%A3"])
def test_an_id_that_is_no_id_is_not_there(
    doors: Flask, house: House, world: World, odd: str
) -> None:
    client = doors.test_client(use_cookies=False)
    headers = {"Authentication-Token": token_of(doors, world.people["admin"])}
    assert client.get(f"/api/v1/tracks/{odd}", headers=headers).status_code == 404


def test_an_upload_is_only_its_own_persons(doors: Flask, house: House, world: World) -> None:
    """Case 81: a PATCH to another user's upload is 404, also for another producer of the project."""
    other = world.people["translator"]
    with house.write() as session:
        session.add(
            Membership(project_id=world.ids["project"], person_id=other.id, role="producer")
        )
    client = doors.test_client(use_cookies=False)
    path = f"/api/v1/uploads/{world.ids['upload']}"
    for who, status in ((other, 404), (world.people["producer"], 200)):
        headers = {"Authentication-Token": token_of(doors, who)}
        assert client.patch(path, headers=headers).status_code == status


def test_a_server_with_a_route_that_declares_nothing_does_not_start(app: Flask) -> None:
    app.add_url_rule("/open-to-all", "open_to_all", lambda: "everything")
    with pytest.raises(RuntimeError, match=r"/open-to-all .* does not say who may use it"):
        guard.check_declarations(app)


def test_a_route_guarded_by_an_id_it_does_not_have_does_not_start(app: Flask) -> None:
    view = guard.guarded(Action.VIEW, "film")(lambda track_id: track_id)
    app.add_url_rule("/t/<track_id>", "odd", view)
    with pytest.raises(RuntimeError, match="film_id"):
        guard.check_declarations(app)


def test_only_the_doors_are_public(app: Flask) -> None:
    public = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if guard.need_of(app, rule) == guard.Need("public")
        or guard.need_of(app, rule) == guard.Need("public", csrf=False)
    }
    assert public == {
        "static",
        "healthz",
        "auth.sign_in",
        "api.api_sign_in",
        "api.upload_options",
    }


def value_of(argument: str, world: World) -> str:
    plain = {
        "number": "1",
        "filename": "nothing.css",
        "role": "translator",
        "form": "srt",
        "uid": "a",
        "tag": "0" * 64,
    }
    return plain.get(argument) or world.ids[argument.removesuffix("_id")]
