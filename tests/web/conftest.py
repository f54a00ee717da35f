"""A real server over a real house, and people at its door."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from web.app import create_app
from web.auth import SignedIn, token_for
from web.guard import house_of
from workflow.people import Role
from workflow.settings import Settings
from workflow.store.accounts import account_by_email
from workflow.store.house import House, open_house
from workflow.store.tables import Membership, Person, Project, new_id

PASSWORD = "correct horse battery"
#: The cheapest argon2 there is: a test signs in many times, and what it proves does not need the work.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def settings_in(folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder}/terjime.db",
        redis_url="",
        ffmpeg="",
        secret_key="a key for tests that nobody else knows",
    )


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all its tables, to begin each test with: making one takes longer than most tests."""
    folder = tmp_path_factory.mktemp("new")
    open_house(settings_in(folder)).close()
    return folder / "terjime.db"


@pytest.fixture
def settings(tmp_path: Path, new_database: Path) -> Settings:
    shutil.copy(new_database, tmp_path)
    return settings_in(tmp_path)


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    house = open_house(settings)
    yield house
    house.close()


@pytest.fixture
def app(settings: Settings, house: House) -> Flask:
    return create_app(settings, house)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@dataclass(frozen=True)
class Somebody:
    id: str
    email: str


def add_person(house: House, name: str, **fields: Any) -> Somebody:
    row = Person(
        id=new_id(),
        email=f"{name}@example.org",
        name=name.title(),
        password=HASH,
        fs_uniquifier=new_id(),
        **fields,
    )
    with house.write() as session:
        session.add(row)
    return Somebody(row.id, row.email)


def add_project(
    house: House, producer: Somebody, members: dict[Somebody, Role] | None = None
) -> str:
    row = Project(id=new_id(), title="Rights", created_by=producer.id)
    roles = {producer: Role.PRODUCER} | (members or {})
    with house.write() as session:
        session.add(row)
        session.flush()
        for who, role in roles.items():
            session.add(Membership(project_id=row.id, person_id=who.id, role=role.value))
    return row.id


def token_of(app: Flask, who: Somebody) -> str:
    account = account_by_email(house_of(app), who.email)
    assert account is not None
    with app.test_request_context():
        return token_for(SignedIn(account))


@pytest.fixture
def person(house: House) -> Callable[..., Somebody]:
    """Make a person: person("ayna", is_admin=True)."""
    return partial(add_person, house)


@pytest.fixture
def project(house: House) -> Callable[..., str]:
    """Make a project: project(producer, {somebody: Role.TRANSLATOR}) → its id."""
    return partial(add_project, house)


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, **form: str) -> TestResponse:
    """As the sign-in page posts it, its CSRF token included."""
    given = {"email": email, "password": password, "csrf_token": csrf_of(client)}
    return client.post("/sign-in", data=given | form)


def csrf_of(client: FlaskClient) -> str:
    """The CSRF token of this browser's session, as a page would carry it."""
    with client.session_transaction() as session:
        session.setdefault("csrf_token", "0" * 40)
        secret = session["csrf_token"]
    app = client.application
    return str(URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(secret))


def csrf_in(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, "the page has no CSRF token"
    return found[1]


@dataclass
class Script:
    """A script with a token: script.get("/projects") asks /api/v1/projects."""

    client: FlaskClient
    token: str

    def __getattr__(self, method: str) -> Callable[..., TestResponse]:
        def send(path: str, **options: Any) -> TestResponse:
            headers = {"Authentication-Token": self.token} | dict(options.pop("headers", {}))
            call = getattr(self.client, method)
            return call(f"/api/v1{path}", headers=headers, **options)

        return send


@pytest.fixture
def script(app: Flask) -> Callable[[Somebody], Script]:
    def make(who: Somebody) -> Script:
        return Script(app.test_client(use_cookies=False), token_of(app, who))

    return make
