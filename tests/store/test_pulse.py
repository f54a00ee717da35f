"""Whether anybody listens to the queues."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.builders import Team, a_job, claimed
from workflow.store import pulse
from workflow.store.tables import Pulse

pytestmark = pytest.mark.database


def ask(people: Team) -> list[str]:
    asked: list[str] = []
    pulse.ask_queues(people.house, asked.append)
    return asked


def pass_time(people: Team, seconds: float, *columns: str) -> None:
    with people.house.write() as session:
        earlier = {name: getattr(Pulse, name) - seconds for name in columns}
        session.execute(update(Pulse).values(**earlier))


def silent(people: Team) -> list[str]:
    return [queue.queue for queue in pulse.pulses(people.house) if queue.silent]


def test_each_queue_is_asked_once_a_minute(people: Team) -> None:
    assert ask(people) == ["fast", "render"]
    assert ask(people) == []
    pass_time(people, 61, "asked_at")
    assert ask(people) == ["fast", "render"]


def test_a_queue_that_nobody_answers_for_three_minutes_is_silent(people: Team) -> None:
    ask(people)
    pass_time(people, 181, "heard_at")
    assert silent(people) == ["fast", "render"]
    pulse.heard(people.house, "fast", "here")
    assert silent(people) == ["render"]


def test_a_worker_that_is_busy_counts_as_heard(people: Team) -> None:
    ask(people)
    pass_time(people, 181, "heard_at")
    claimed(people, a_job(people, queue="render"))
    assert silent(people) == ["fast"]


def test_a_house_that_was_stopped_has_a_while_to_answer(people: Team) -> None:
    ask(people)
    pass_time(people, 5000, "heard_at", "asked_at")
    assert silent(people) == []
    ask(people)
    assert silent(people) == []
