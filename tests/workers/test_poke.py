"""The settings that the faults were tested with, and a poke that never troubles who pokes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from kombu.exceptions import OperationalError
from sqlalchemy import func, select

from tests.builders import Team, a_job, settings_in
from tests.processes import Broker
from workers import lease, poke
from workers.app import app
from workers.broker import main, server_command
from workflow.store.tables import Outbox


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poke, "_quiet_until", 0.0)


def waiting(people: Team) -> int:
    with people.house.read() as session:
        query = select(func.count()).where(Outbox.published_at.is_(None))
        return session.scalar(query) or 0


def test_f4_a_poke_without_a_broker_says_nothing_and_the_message_waits(
    people: Team, quiet: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    def away(queue: str, job_id: str) -> None:
        nonlocal tried
        tried += 1
        raise OperationalError("no broker")

    monkeypatch.setattr(poke, "publish", away)
    a_job(people)
    for _ in range(3):
        poke.poke(people.house)
    assert tried == 1  # after a failure it is quiet for a while
    assert waiting(people) == 1


def test_a_poke_sends_what_waits(
    people: Team, quiet: None, redis_server: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(queue: str, job_id: str) -> None:
        with app.connection_for_write(redis_server.url) as link:
            app.send_task(f"terjime.{queue}", args=[job_id], queue=queue, connection=link)

    monkeypatch.setattr(poke, "publish", publish)
    for _ in range(2):
        a_job(people)
    poke.poke(people.house)
    assert waiting(people) == 0
    assert redis_server.length("fast") == 2


def test_the_queue_is_used_as_the_faults_were_tested() -> None:
    """Each of these has a measured reason; see the module."""
    wanted = {
        "task_acks_late": False,
        "task_reject_on_worker_lost": False,
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "task_ignore_result": True,
        "result_backend": None,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_connection_max_retries": None,
        "broker_connection_retry_on_startup": True,
    }
    assert {name: app.conf[name] for name in wanted} == wanted
    assert app.conf.broker_transport_options["visibility_timeout"] == 3600


def test_the_broker_listens_on_its_socket_alone_and_never_evicts(tmp_path: Path) -> None:
    command = server_command(tmp_path / "redis.sock", tmp_path)
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--port"] == "0"
    assert options["--maxmemory-policy"] == "noeviction"
    assert (options["--appendonly"], options["--appendfsync"]) == ("yes", "everysec")


def test_the_broker_of_a_house_with_a_redis_of_its_own_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(settings_in(tmp_path), redis_url="redis://elsewhere:6379/0")
    monkeypatch.setattr("workers.broker.Settings.from_env", lambda data: settings)
    with pytest.raises(SystemExit, match="not needed"):
        main()


def test_f17_a_worker_whose_clock_is_wrong_does_not_start(
    people: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "SETTINGS", people.house.settings)
    monkeypatch.setattr(lease.ledger, "clock_difference", lambda house: 7200.0)
    with pytest.raises(SystemExit, match="CLOCK"):
        lease._look_before_work(SimpleNamespace(hostname="worker-1@here"))
