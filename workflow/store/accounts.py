"""What sign-in needs to know of a person, and what it writes down. Everything else about people is in `stages`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select

from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.tables import Person, now_ms

FAILED_SIGN_INS_TO_LOCK = 10
LOCKED_FOR_MS = 15 * 60 * 1000


@dataclass(frozen=True)
class Account:
    """A person as sign-in sees them.

    fs_uniquifier    what sessions and tokens name; a new one ends them all
    locked_until     milliseconds since 1970 UTC; 0 when never locked
    """

    id: str
    email: str
    name: str
    password: str | None
    active: bool
    fs_uniquifier: str
    locale: str
    is_admin: bool
    may_create_projects: bool
    locked_until: int

    def is_locked(self, now: int) -> bool:
        return now < self.locked_until


def account_by_email(house: House, email: str) -> Account | None:
    return _account(house, Person.email == email.strip().lower())


def account_by_uniquifier(house: House, uniquifier: str) -> Account | None:
    return _account(house, Person.fs_uniquifier == uniquifier)


@in_whole
def count_failed_sign_in(house: House, person_id: str, **where: Any) -> None:
    """One more wrong password. The tenth in a row locks the account for 15 minutes and counting starts anew."""
    with house.write() as session:
        person = session.get_one(Person, person_id)
        person.failed_sign_ins += 1
        locked = person.failed_sign_ins >= FAILED_SIGN_INS_TO_LOCK
        if locked:
            person.failed_sign_ins = 0
            person.locked_until = now_ms() + LOCKED_FOR_MS
        audit.note(
            session, person_id, "sign_in_failed", "person", person_id, locked=locked, **where
        )


@in_whole
def note_sign_in(house: House, person_id: str, **where: Any) -> None:
    """A right password: earlier wrong ones no longer count."""
    with house.write() as session:
        session.get_one(Person, person_id).failed_sign_ins = 0
        audit.note(session, person_id, "sign_in", "person", person_id, **where)


@in_whole
def set_password_hash(house: House, person_id: str, password_hash: str) -> None:
    """The same password, hashed by newer parameters."""
    with house.write() as session:
        session.get_one(Person, person_id).password = password_hash


@in_whole
def end_sessions(house: House, person_id: str, **where: Any) -> None:
    """Every session and token of this person stops working now."""
    with house.write() as session:
        session.get_one(Person, person_id).fs_uniquifier = uuid.uuid4().hex
        audit.note(session, person_id, "sign_out", "person", person_id, **where)


@in_whole
def note_event(
    house: House, person_id: str | None, action: str, kind: str, object_id: str, **details: Any
) -> None:
    """One audit row for something that changes nothing: a film viewed, a file downloaded, access denied."""
    with house.write() as session:
        audit.note(session, person_id, action, kind, object_id, **details)


def _account(house: House, condition: ColumnElement[bool]) -> Account | None:
    with house.read() as session:
        row = session.scalars(select(Person).where(condition)).one_or_none()
        if row is None:
            return None
        return Account(
            id=row.id,
            email=row.email,
            name=row.name,
            password=row.password,
            active=row.active,
            fs_uniquifier=row.fs_uniquifier,
            locale=row.locale,
            is_admin=row.is_admin,
            may_create_projects=row.may_create_projects,
            locked_until=row.locked_until,
        )
