"""People, projects and the one check of rights."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.builders import (
    Team,
    a_job,
    built,
    person_named,
    ready_film,
    submitted,
    track_on,
)
from workflow import stages
from workflow.errors import BadInput, Conflict, NotAllowed, NotFound
from workflow.people import Action, Actor, Role
from workflow.store.house import House
from workflow.store.tables import Audit, Person


def test_an_address_is_one_person_however_it_is_written(house: House) -> None:
    person_named(house, "ayna")
    with pytest.raises(Conflict, match="EMAIL_TAKEN"):
        stages.create_person(house, email=" AYNA@example.org", name="A", password_hash=None)


@pytest.mark.parametrize("email", ["", "ayna", "a b@c", "x" * 250 + "@example.org"])
def test_what_is_no_address_is_refused(house: House, email: str) -> None:
    with pytest.raises(BadInput, match="EMAIL"):
        stages.create_person(house, email=email, name="A", password_hash=None)


def test_only_those_who_may_start_projects_do(house: House) -> None:
    with pytest.raises(NotAllowed):
        stages.create_project(house, Actor(person_named(house, "ayna")), "Film")


@pytest.mark.parametrize("title", ["", "   ", "x" * 121, "\x00"])
def test_a_project_needs_a_title_of_1_to_120_characters(house: House, title: str) -> None:
    producer = Actor(person_named(house, "jeren"), may_create_projects=True)
    with pytest.raises(BadInput, match="TITLE"):
        stages.create_project(house, producer, title)


def objects_of(team: Team) -> dict[str, str]:
    """One object of every kind, all of one project."""
    film = ready_film(team)
    track = track_on(team, film).summary.id
    version = built(team, submitted(team, track))
    comment = stages.add_comment(team.house, team.reviewer, version.id, text="Hm.", frame=1)
    upload = stages.open_upload(team.house, team.producer, team.project_id, name="a.mp4", length=9)
    return {
        "project": team.project_id,
        "film": film,
        "track": track,
        "version": version.id,
        "build": version.builds[0].id,
        "comment": comment.id,
        "job": a_job(team),
        "upload": upload.id,
    }


def test_t6_nobody_outside_the_project_sees_that_anything_of_it_exists(people: Team) -> None:
    stranger = person_named(people.house, "stranger")
    for kind, object_id in objects_of(people).items():
        for action in Action:
            with pytest.raises(NotFound, match="NOT_FOUND"):
                stages.admit(people.house, stranger, action, kind, object_id)


def test_t6_an_object_that_does_not_exist_looks_like_one_of_others(people: Team) -> None:
    for kind in objects_of(people):
        with pytest.raises(NotFound, match="NOT_FOUND"):
            stages.admit(people.house, people.producer_id, Action.VIEW, kind, "no such id")


def test_members_see_everything_and_do_what_their_roles_allow(people: Team) -> None:
    objects = objects_of(people)
    objects.pop("upload")
    for kind, object_id in objects.items():
        admitted = stages.admit(people.house, people.translator_id, Action.VIEW, kind, object_id)
        assert admitted.project_id == people.project_id
        assert admitted.actor.roles == {Role.TRANSLATOR}
        with pytest.raises(NotAllowed, match="NOT_ALLOWED"):
            stages.admit(people.house, people.translator_id, Action.RENDER_FINAL, kind, object_id)


def test_81_an_upload_is_its_owners_alone(people: Team) -> None:
    upload = objects_of(people)["upload"]
    stages.admit(people.house, people.producer_id, Action.UPLOAD_FILM, "upload", upload)
    other = people.add("second", "producer")
    with pytest.raises(NotFound, match="NOT_FOUND"):
        stages.admit(people.house, other.user_id, Action.UPLOAD_FILM, "upload", upload)


def test_79_somebody_who_left_is_let_in_nowhere(people: Team) -> None:
    admin = Actor(person_named(people.house, "admin", is_admin=True), is_admin=True)
    stages.change_person(people.house, admin, people.reviewer_id, active=False)
    with pytest.raises(NotFound):
        stages.admit(people.house, people.reviewer_id, Action.VIEW, "project", people.project_id)


def test_an_admin_manages_but_gives_no_verdicts(people: Team) -> None:
    admin = person_named(people.house, "admin", is_admin=True)
    stages.admit(people.house, admin, Action.MANAGE_PROJECT, "project", people.project_id)
    with pytest.raises(NotAllowed):
        stages.admit(people.house, admin, Action.GIVE_VERDICT, "project", people.project_id)


def test_t17_a_refusal_is_written_down(people: Team) -> None:
    with pytest.raises(NotAllowed):
        stages.admit(
            people.house, people.reviewer_id, Action.EDIT_TRACK, "project", people.project_id
        )
    with people.house.read() as session:
        row = session.scalars(select(Audit).where(Audit.action == "denied")).one()
    assert (row.person_id, row.object_id) == (people.reviewer_id, people.project_id)


def test_a_role_taken_away_is_gone_with_the_next_request(people: Team) -> None:
    stages.remove_member(
        people.house, people.producer, people.project_id, people.reviewer_id, "reviewer"
    )
    with pytest.raises(NotFound):
        stages.admit(people.house, people.reviewer_id, Action.VIEW, "project", people.project_id)


def test_a_project_keeps_a_producer(people: Team) -> None:
    with pytest.raises(Conflict, match="LAST_PRODUCER"):
        stages.remove_member(
            people.house, people.producer, people.project_id, people.producer_id, "producer"
        )


def test_a_role_that_there_is_not_and_a_person_who_is_not_here_are_refused(people: Team) -> None:
    add = lambda email, role: stages.add_member(  # noqa: E731
        people.house, people.producer, people.project_id, email, role
    )
    with pytest.raises(BadInput, match="ROLE"):
        add("ayna@example.org", "owner")
    with pytest.raises(NotFound, match="NO_SUCH_PERSON"):
        add("nobody@example.org", "reviewer")


def test_somebody_always_remains_who_manages_people(house: House) -> None:
    admin = Actor(person_named(house, "admin", is_admin=True), is_admin=True)
    with pytest.raises(Conflict, match="LAST_ADMIN"):
        stages.change_person(house, admin, admin.user_id, is_admin=False)


def test_a_person_changes_their_own_name_and_not_their_rights(people: Team) -> None:
    actor = people.translator
    assert (
        stages.change_person(people.house, actor, actor.user_id, name="Aýna B.").name == "Aýna B."
    )
    with pytest.raises(NotAllowed):
        stages.change_person(people.house, actor, actor.user_id, is_admin=True)
    with pytest.raises(NotAllowed):
        stages.change_person(people.house, actor, people.reviewer_id, name="Other")


def test_a_new_password_ends_the_sessions_there_were(people: Team) -> None:
    def uniquifier() -> str:
        with people.house.read() as session:
            return session.get_one(Person, people.translator_id).fs_uniquifier

    before = uniquifier()
    stages.change_person(
        people.house, people.translator, people.translator_id, password_hash="hash"
    )
    assert uniquifier() != before


def test_my_work_puts_first_what_waits_for_me(people: Team) -> None:
    film = ready_film(people)
    waits_for_verdict = track_on(people, film).summary.id
    built(people, submitted(people, waits_for_verdict))
    still_edited = track_on(people, film).summary.id

    def work(actor: Actor) -> list[tuple[str, str, bool]]:
        items = stages.my_work(people.house, actor)
        return [(item.track.id, item.track.next_step, item.mine) for item in items]

    assert work(people.reviewer) == [
        (waits_for_verdict, "verdict", True),
        (still_edited, "align", False),
    ]
    assert work(people.translator) == [
        (still_edited, "align", True),
        (waits_for_verdict, "verdict", False),
    ]
