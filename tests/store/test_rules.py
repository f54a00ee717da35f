"""What the database itself refuses, whoever asks and whatever the code above it forgot."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, text, update

from tests.builders import (
    Team,
    approved,
    built,
    ready_film,
    submitted,
    track_on,
)
from workflow.errors import Conflict, NotAllowed
from workflow.stages.versions import move
from workflow.stages.views import VersionView
from workflow.store.tables import Render, TrackVersion, Verdict

pytestmark = pytest.mark.database


@pytest.fixture
def version(people: Team) -> VersionView:
    """A version in review, with its build."""
    return built(people, submitted(people, track_on(people, ready_film(people)).summary.id))


def verdict_row(version: VersionView, reviewer_id: str, **other: str) -> Verdict:
    values = {
        "version_id": version.id,
        "build_id": version.builds[0].id,
        "track_hash": version.track_hash,
        "film_hash": "f" * 64,
        "recipe_hash": version.builds[0].recipe_hash,
        "build_hash": version.builds[0].build_hash or "",
        "reviewer_id": reviewer_id,
        "verdict": "approved",
        "idempotency_key": "a key",
    }
    return Verdict(**(values | other))


def test_the_database_refuses_the_approval_of_one_who_changed_a_cue(
    people: Team, version: VersionView
) -> None:
    with pytest.raises(NotAllowed, match="OWN_CUES"), people.house.write() as session:
        session.add(verdict_row(version, people.translator_id))


def test_one_who_changed_a_cue_may_still_request_changes(
    people: Team, version: VersionView
) -> None:
    with people.house.write() as session:
        session.add(verdict_row(version, people.translator_id, verdict="changes_requested"))


@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_verdict_is_never_changed(people: Team, version: VersionView, change: str) -> None:
    with people.house.write() as session:
        session.add(verdict_row(version, people.reviewer_id))
    statement = update(Verdict).values(reason="other") if change == "update" else delete(Verdict)
    with pytest.raises(Exception, match="APPEND_ONLY"), people.house.write() as session:
        session.execute(statement)


def test_a_version_is_not_approved_without_a_verdict_over_its_hash(
    people: Team, version: VersionView
) -> None:
    with people.house.write() as session:
        session.add(verdict_row(version, people.reviewer_id, track_hash="0" * 64))
    with pytest.raises(Exception, match="NO_VERDICT"), people.house.write() as session:
        session.execute(update(TrackVersion).values(state="approved"))


@pytest.mark.parametrize(
    "values", [{"track_hash": "0" * 64}, {"number": 7}], ids=lambda v: next(iter(v))
)
def test_what_a_version_is_never_changes(people: Team, version: VersionView, values) -> None:
    with pytest.raises(Exception, match="IMMUTABLE"), people.house.write() as session:
        session.execute(update(TrackVersion).values(**values))


def test_a_version_does_not_take_a_step_that_is_not_in_the_state_machine(
    people: Team, version: VersionView
) -> None:
    with pytest.raises(Conflict, match="WRONG_STATE"), people.house.write() as session:
        session.execute(update(TrackVersion).values(state="stale"))


def test_a_step_from_a_state_that_is_past_names_the_present_one(
    people: Team, version: VersionView
) -> None:
    with people.house.write() as session:
        row = session.get_one(TrackVersion, version.id)
        with pytest.raises(Conflict) as refused:
            move(session, row, "submitted", "withdrawn", people.translator_id)
    assert refused.value.details["state"] == "in_review"


def test_the_database_refuses_a_render_of_what_is_not_approved(
    people: Team, version: VersionView
) -> None:
    with people.house.write() as session:
        given = verdict_row(version, people.reviewer_id)
        session.add(given)
        session.flush()
        verdict_id = given.id
    with pytest.raises(Conflict, match="NOT_APPROVED"), people.house.write() as session:
        session.add(
            Render(
                version_id=version.id,
                verdict_id=verdict_id,
                job_id=version.builds[0].job.id,
                recipe={},
                recipe_hash="",
                file_name="",
                created_by=people.producer_id,
            )
        )


def state_of(people: Team, track_id: str) -> str:
    with people.house.read() as session:
        return session.execute(
            text("SELECT state FROM assignment_state WHERE track_id = :id"), {"id": track_id}
        ).scalar_one()


def test_the_state_of_an_assignment_follows_from_its_versions(people: Team) -> None:
    track_id = track_on(people, ready_film(people)).summary.id
    assert state_of(people, track_id) == "in_progress"
    version = submitted(people, track_id)
    assert state_of(people, track_id) == "in_review"
    built(people, version)
    assert state_of(people, track_id) == "in_review"


def test_an_approved_track_is_approved_until_it_is_rendered(people: Team) -> None:
    track_id = track_on(people, ready_film(people)).summary.id
    approved(people, track_id)
    assert state_of(people, track_id) == "approved"
