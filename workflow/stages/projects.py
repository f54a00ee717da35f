"""Projects: who is in them, and what each of them has to do next."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.errors import BadInput, Conflict, NotAllowed, NotFound
from workflow.people import Actor, Role
from workflow.stages import journey, show
from workflow.stages.views import MemberView, ProjectView, WorkItem
from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.tables import Assignment, Film, Membership, Person, Project, Track


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
        return _view(session, project, actor.user_id)


def project_view(house: House, project_id: str, actor: Actor) -> ProjectView:
    with house.read() as session:
        project = show.row(session, Project, project_id)
        return _view(session, project, actor.user_id)


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
        return [_view(session, row, actor.user_id) for row in projects]


@in_whole
def add_member(house: House, actor: Actor, project_id: str, email: str, role: str) -> ProjectView:
    """Give a person a role in the project; twice is as once. Raises NotFound NO_SUCH_PERSON, BadInput ROLE.

    The first translator and the first reviewer of a project are assigned to tracks that have none.
    """
    given = _role(role)
    with house.write() as session:
        project = show.row(session, Project, project_id)
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
        return _view(session, project, actor.user_id)


@in_whole
def remove_member(
    house: House, actor: Actor, project_id: str, person_id: str, role: str
) -> ProjectView:
    """Take a role away; effective with the person's next request. Raises Conflict LAST_PRODUCER."""
    taken = _role(role)
    with house.write() as session:
        project = show.row(session, Project, project_id)
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
        return _view(session, project, actor.user_id)


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
            for summary in journey.track_summaries(session, tracks)
        ]
    return sorted(items, key=lambda item: not item.mine)


def _view(session: Session, project: Project, person_id: str) -> ProjectView:
    members: dict[str, MemberView] = {}
    for person, role in session.execute(
        select(Person, Membership.role)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.project_id == project.id)
        .order_by(Person.name, Membership.role)
    ):
        member = members.setdefault(person.id, MemberView(person.id, person.name, person.email, []))
        member.roles.append(role)
    films = session.scalars(
        select(Film).where(Film.project_id == project.id).order_by(Film.created_at, Film.id)
    )
    tracks = session.scalars(
        select(Track).where(Track.project_id == project.id).order_by(Track.created_at, Track.id)
    )
    return ProjectView(
        id=project.id,
        title=project.title,
        source_language=project.source_language,
        created_at=project.created_at,
        films=[show.film_view(session, film) for film in films],
        tracks=journey.track_summaries(session, list(tracks)),
        members=list(members.values()),
        my_roles=show.roles_in(session, project.id, person_id),
    )


def _assign_where_nobody_is(session: Session, project_id: str, person_id: str, role: Role) -> None:
    column = {Role.TRANSLATOR: "translator_id", Role.REVIEWER: "reviewer_id"}.get(role)
    if column is None:
        return
    for assignment in session.scalars(
        select(Assignment).join(Track).where(Track.project_id == project_id)
    ):
        if getattr(assignment, column) is None:
            setattr(assignment, column, person_id)


def _role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError as error:
        raise BadInput(
            "ROLE",
            f"There is no role {role[:40]!r}.",
            advice=f"The roles are {', '.join(Role)}.",
        ) from error
