"""People, projects, and the one place where a request's rights are checked."""

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
from workflow.stages.views import PersonView, ProjectView, WorkItem
from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.tables import (
    Assignment,
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


@in_whole
def create_project(
    house: House, actor: Actor, title: str, source_language: str = "en"
) -> ProjectView:
    """A new project with *actor* as its producer. Raises NotAllowed, BadInput TITLE."""
    if not (actor.may_create_projects or actor.is_admin):
        raise NotAllowed(
            "NOT_ALLOWED",
            "You may not start projects.",
            advice="An administrator can allow it.",
        )
    with house.write() as session:
        project = Project(
            title=show.short_text(title, 120, "TITLE", "The title"),
            source_language=show.language_tag(source_language),
            created_by=actor.user_id,
        )
        session.add(project)
        session.flush()
        session.add(
            Membership(project_id=project.id, person_id=actor.user_id, role=Role.PRODUCER.value)
        )
        session.flush()
        audit.note(session, actor.user_id, "project.create", "project", project.id)
        return show.project_view(house, session, project, actor.user_id)


def project_view(house: House, project_id: str, actor: Actor) -> ProjectView:
    with house.read() as session:
        project = _project(session, project_id)
        return show.project_view(house, session, project, actor.user_id)


def projects_of(house: House, actor: Actor) -> list[ProjectView]:
    """The projects *actor* is a member of, newest first; all of them for an admin."""
    query = select(Project).where(Project.archived_at.is_(None)).order_by(Project.created_at.desc())
    if not actor.is_admin:
        query = query.where(
            Project.id.in_(
                select(Membership.project_id).where(Membership.person_id == actor.user_id)
            )
        )
    with house.read() as session:
        projects = list(session.scalars(query))
        return [show.project_view(house, session, row, actor.user_id) for row in projects]


@in_whole
def add_member(house: House, actor: Actor, project_id: str, email: str, role: str) -> ProjectView:
    """Give a person a role in the project; twice is as once. Raises NotFound NO_SUCH_PERSON, BadInput ROLE.

    The first translator and the first reviewer of a project are assigned to tracks that have none.
    """
    given = _role(role)
    with house.write() as session:
        project = _project(session, project_id)
        person = session.scalar(
            select(Person).where(Person.email == email.strip().lower(), Person.active)
        )
        if person is None:
            raise NotFound(
                "NO_SUCH_PERSON",
                "Nobody with this address may sign in here.",
                where=email[:60],
                advice="An administrator can add them first.",
            )
        key = {"project_id": project_id, "person_id": person.id, "role": given.value}
        if session.get(Membership, key) is None:
            session.add(Membership(**key))
            _assign_where_nobody_is(session, project_id, person.id, given)
            session.flush()
            audit.note(
                session,
                actor.user_id or None,
                "member.add",
                "project",
                project_id,
                person=person.id,
                role=given.value,
            )
        return show.project_view(house, session, project, actor.user_id)


@in_whole
def remove_member(
    house: House, actor: Actor, project_id: str, person_id: str, role: str
) -> ProjectView:
    """Take a role away; effective with the person's next request. Raises Conflict LAST_PRODUCER."""
    taken = _role(role)
    with house.write() as session:
        project = _project(session, project_id)
        membership = session.get(
            Membership, {"project_id": project_id, "person_id": person_id, "role": taken.value}
        )
        if membership is None:
            raise NotFound("NOT_FOUND", "This person does not have that role here.")
        producers = session.scalars(
            select(Membership.person_id).where(
                Membership.project_id == project_id, Membership.role == Role.PRODUCER.value
            )
        ).all()
        if taken is Role.PRODUCER and len(producers) == 1:
            raise Conflict(
                "LAST_PRODUCER",
                "A project keeps at least one producer.",
                advice="Make somebody else producer first.",
            )
        session.delete(membership)
        for assignment in session.scalars(
            select(Assignment).join(Track).where(Track.project_id == project_id)
        ):
            if taken is Role.TRANSLATOR and assignment.translator_id == person_id:
                assignment.translator_id = None
            if taken is Role.REVIEWER and assignment.reviewer_id == person_id:
                assignment.reviewer_id = None
        session.flush()
        audit.note(
            session,
            actor.user_id or None,
            "member.remove",
            "project",
            project_id,
            person=person_id,
            role=taken.value,
        )
        return show.project_view(house, session, project, actor.user_id)


_STEP_IS_FOR = {
    "upload": Role.TRANSLATOR,
    "align": Role.TRANSLATOR,
    "decide": Role.TRANSLATOR,
    "edit": Role.TRANSLATOR,
    "submit": Role.TRANSLATOR,
    "build": Role.REVIEWER,
    "verdict": Role.REVIEWER,
    "render": Role.PRODUCER,
    "download": Role.PRODUCER,
}


def my_work(house: House, actor: Actor) -> list[WorkItem]:
    """The tracks of *actor*'s projects: first those whose next step is theirs, newest first in each part."""
    with house.read() as session:
        memberships = session.execute(
            select(Membership.project_id, Membership.role).where(
                Membership.person_id == actor.user_id
            )
        ).all()
        roles: dict[str, set[Role]] = {}
        for project_id, role in memberships:
            roles.setdefault(project_id, set()).add(Role(role))
        tracks = list(
            session.scalars(
                select(Track)
                .join(Project)
                .where(
                    Track.project_id.in_(roles),
                    Track.kind != "reference",
                    Project.archived_at.is_(None),
                )
                .order_by(Track.created_at.desc())
            )
        )
        titles = dict(
            session.execute(select(Project.id, Project.title).where(Project.id.in_(roles))).all()
        )
        films = dict(
            session.execute(
                select(Film.id, Film.name).where(Film.id.in_({t.film_id for t in tracks}))
            ).all()
        )
        items = [
            WorkItem(
                project_id=summary.project_id,
                project_title=titles[summary.project_id],
                film_name=films[summary.film_id],
                track=summary,
                mine=_STEP_IS_FOR.get(summary.next_step) in roles[summary.project_id],
            )
            for summary in show.track_summaries(session, tracks)
        ]
    return sorted(items, key=lambda item: not item.mine)


def _assign_where_nobody_is(session: Session, project_id: str, person_id: str, role: Role) -> None:
    column = {Role.TRANSLATOR: "translator_id", Role.REVIEWER: "reviewer_id"}.get(role)
    if column is None:
        return
    for assignment in session.scalars(
        select(Assignment).join(Track).where(Track.project_id == project_id)
    ):
        if getattr(assignment, column) is None:
            setattr(assignment, column, person_id)


def _project(session: Session, project_id: str) -> Project:
    project = session.get(Project, project_id)
    if project is None:
        raise _nothing_there()
    return project


def _role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError as error:
        raise BadInput(
            "ROLE",
            f"There is no role {role[:40]!r}.",
            advice=f"The roles are {', '.join(Role)}.",
        ) from error
