"""People, and the one place where a request's rights are checked."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.errors import BadInput, Conflict, NotAllowed, NotFound
from workflow.people import Action, Actor, Role, may
from workflow.stages import show
from workflow.stages.views import PersonView
from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.tables import (
    Build,
    Comment,
    Film,
    Job,
    Membership,
    Package,
    Person,
    Project,
    Proposal,
    ReceivedFile,
    Recording,
    Render,
    Take,
    Track,
    TrackVersion,
    Upload,
    Verdict,
)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_CHANGEABLE = {"name", "locale", "active", "is_admin", "may_create_projects", "password_hash"}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A person with their roles in the project that the object belongs to."""

    actor: Actor
    project_id: str


@in_whole
def create_person(
    house: House,
    *,
    email: str,
    name: str,
    password_hash: str | None,
    is_admin: bool = False,
    may_create_projects: bool = False,
    locale: str = "en",
) -> PersonView:
    """A new person who may sign in. Raises BadInput EMAIL, NAME; Conflict EMAIL_TAKEN."""
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address) or len(address) > 254:
        raise BadInput("EMAIL", "That is not an e-mail address.", where=email[:60])
    with house.write() as session:
        if session.scalar(select(Person.id).where(Person.email == address)):
            raise Conflict("EMAIL_TAKEN", "Somebody with this address is here already.")
        person = Person(
            email=address,
            name=show.short_text(name, 120, "NAME", "The name"),
            password=password_hash,
            fs_uniquifier=secrets.token_hex(32),
            locale=locale,
            is_admin=is_admin,
            may_create_projects=may_create_projects,
        )
        session.add(person)
        session.flush()
        audit.note(session, None, "person.create", "person", person.id, email=address)
        return show.person_view(person)


def people(house: House) -> list[PersonView]:
    """Everybody, by name."""
    with house.read() as session:
        rows = session.scalars(select(Person).order_by(Person.name, Person.email))
        return [show.person_view(row) for row in rows]


@in_whole
def change_person(house: House, actor: Actor, person_id: str, **fields: Any) -> PersonView:
    """Change name, locale, active, is_admin, may_create_projects or password_hash of a person.

    For admins; a person may change their own name, locale and password. Losing a right, leaving or a
    new password ends that person's sessions. Raises NotAllowed, NotFound; Conflict LAST_ADMIN.
    """
    unknown = set(fields) - _CHANGEABLE
    if unknown:
        raise BadInput("FIELD", f"A person has no {', '.join(sorted(unknown))} to change.")
    own = actor.user_id == person_id and set(fields) <= {"name", "locale", "password_hash"}
    if not (actor.is_admin or own):
        raise NotAllowed("NOT_ALLOWED", "Only an administrator may change other people.")
    with house.write() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise NotFound("NOT_FOUND", "There is no such person.")
        was_admin = person.is_admin and person.active
        for name, value in fields.items():
            column = "password" if name == "password_hash" else name
            setattr(
                person,
                column,
                show.short_text(value, 120, "NAME", "The name") if name == "name" else value,
            )
        if was_admin and not (person.is_admin and person.active):
            _keep_an_admin(session, person_id)
        if not person.active or "password_hash" in fields or "is_admin" in fields:
            person.fs_uniquifier = secrets.token_hex(32)
        told = {key: value for key, value in fields.items() if key != "password_hash"}
        if "password_hash" in fields:
            told["password"] = "changed"  # noqa: S105  says that it was, not what it is
        audit.note(session, actor.user_id, "person.change", "person", person_id, **told)
        return show.person_view(person)


def _keep_an_admin(session: Session, leaving: str) -> None:
    others = select(Person.id).where(Person.is_admin, Person.active, Person.id != leaving)
    if session.scalar(others.limit(1)) is None:
        raise Conflict("LAST_ADMIN", "Somebody must remain who manages people.")


_PROJECT_OF = {
    "project": select(Project.id).select_from(Project),
    "film": select(Film.project_id).select_from(Film),
    "track": select(Track.project_id).select_from(Track),
    "job": select(Job.project_id).select_from(Job),
    "upload": select(Upload.project_id).select_from(Upload),
    "version": select(Track.project_id).select_from(TrackVersion).join(Track),
    "proposal": select(Track.project_id).select_from(Proposal).join(Track),
    "comment": select(Track.project_id)
    .select_from(Comment)
    .join(Track, Track.id == Comment.track_id),
    "build": select(Track.project_id).select_from(Build).join(TrackVersion).join(Track),
    "render": select(Track.project_id).select_from(Render).join(TrackVersion).join(Track),
    "received": select(ReceivedFile.project_id).select_from(ReceivedFile),
    "package": select(Track.project_id).select_from(Package).join(TrackVersion).join(Track),
    "verdict": select(Track.project_id).select_from(Verdict).join(TrackVersion).join(Track),
    "recording": select(Track.project_id).select_from(Recording).join(Track),
    "take": select(Track.project_id).select_from(Take).join(Track),
}
_TABLE_OF = {
    "project": Project,
    "film": Film,
    "track": Track,
    "job": Job,
    "upload": Upload,
    "version": TrackVersion,
    "proposal": Proposal,
    "comment": Comment,
    "build": Build,
    "render": Render,
    "received": ReceivedFile,
    "package": Package,
    "verdict": Verdict,
    "recording": Recording,
    "take": Take,
}


def admit(house: House, person_id: str, action: Action, kind: str, object_id: str) -> Admitted:
    """Let a person do *action* to an object, or refuse: the one check of rights there is.

    kind    project | film | track | version | build | proposal | render | comment | job | upload | received |
            package | verdict | recording | take

    The project is found through the object's own row. Raises NotFound NOT_FOUND when the object does not
    exist or the person is not of its project (the two look alike), NotAllowed NOT_ALLOWED when their
    roles do not allow the action.
    """
    with house.read() as session:
        table: Any = _TABLE_OF[kind]
        project_id = session.scalar(_PROJECT_OF[kind].where(table.id == object_id))
        actor = _actor_in(session, person_id, project_id) if project_id else None
        foreign = kind == "upload" and not session.scalar(
            select(Upload.id).where(Upload.id == object_id, Upload.person_id == person_id)
        )
    if project_id is None or actor is None:
        raise _nothing_there()
    if foreign or not (actor.roles or actor.is_admin):
        _note_denial(house, person_id, action, kind, object_id)
        raise _nothing_there()
    if not may(actor, action):
        _note_denial(house, person_id, action, kind, object_id)
        raise NotAllowed(
            "NOT_ALLOWED",
            "Your roles in this project do not allow that.",
            advice="A producer of the project can give you another role.",
            details={"action": str(action), "roles": sorted(actor.roles)},
        )
    return Admitted(actor, project_id)


def _actor_in(session: Session, person_id: str, project_id: str | None) -> Actor | None:
    person = session.get(Person, person_id)
    if person is None or not person.active:
        return None
    roles = session.scalars(
        select(Membership.role).where(
            Membership.person_id == person_id, Membership.project_id == project_id
        )
    )
    return Actor(
        user_id=person.id,
        name=person.name,
        is_admin=person.is_admin,
        may_create_projects=person.may_create_projects,
        roles=frozenset(Role(role) for role in roles),
    )


def _nothing_there() -> NotFound:
    return NotFound(
        "NOT_FOUND",
        "There is nothing here, or nothing that you may see.",
        advice="Check the address, or ask a producer to add you to the project.",
    )


def _note_denial(house: House, person_id: str, action: Action, kind: str, object_id: str) -> None:
    with house.write() as session:
        audit.note(session, person_id, "denied", kind, object_id, action=str(action))
