"""The jobs page tells an operator, and nobody else, how the house is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.web.conftest import Somebody, sign_in
from web.pages import jobs
from workflow import stages
from workflow.stages.jobs import house_state
from workflow.store import pulse
from workflow.store.house import House
from workflow.store.tables import Pulse


def test_an_operator_reads_of_silent_workers_a_full_disk_and_the_storage(
    client: FlaskClient,
    house: House,
    person: Callable[..., Somebody],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sign_in(client, person("admin", is_admin=True).email)
    page = client.get("/jobs").text
    assert "Storage: 0" in page
    assert "No worker answers" not in page
    assert "must be freed" not in page
    pulse.ask_queues(house, lambda queue: None)
    with house.write() as session:
        session.execute(
            update(Pulse).where(Pulse.queue == "render").values(heard_at=Pulse.heard_at - 300)
        )
    full = replace(house_state(house), bytes_wanting=3 << 30)
    monkeypatch.setattr(jobs.stages, "house_state", lambda house: full)
    page = client.get("/jobs").text
    assert "No worker answers on the queue “render”" in page
    assert "queue “fast”" not in page
    assert "3.2 GB must be freed" in page


def test_others_see_their_jobs_alone(
    client: FlaskClient, house: House, person: Callable[..., Somebody]
) -> None:
    sign_in(client, person("ayna").email)
    assert "Storage:" not in client.get("/jobs").text
    assert stages.house_state(house).silent == []
