"""Workers, queue and broker are killed and cut off; work is lost never, done twice never, and the same.

Numbers F… are those of the fault list in the reliability rules.
"""

from __future__ import annotations

import os
import signal

import psutil
import pytest
from sqlalchemy import func, select

from tests.processes import wait_until
from tests.workers.conftest import Site
from workers.app import app
from workflow import stages
from workflow.store.tables import Film, FilmFile, Outbox

pytestmark = pytest.mark.timeout(120)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_job_is_done_by_a_worker_that_only_got_its_id(site: Site, undisturbed: str) -> None:
    site.gate.open()
    site.workers.start()
    film = site.add_film()
    done = site.wait_for(film, "done")
    assert (done.attempt, done.permille, done.output) == (1, 1000, film.id)
    assert site.mezzanine(film) == undisturbed
    assert list(site.house.settings.work_dir.iterdir()) == []


@pytest.mark.database
def test_f1_a_killed_pool_process_is_noticed_and_the_film_comes_out_the_same(
    site: Site, undisturbed: str
) -> None:
    site.workers.start()
    film = site.add_film()
    site.wait_at_the_gate(film)
    victim = site.pool_process(film)
    os.kill(victim, signal.SIGKILL)
    site.wait_at_the_gate(film, attempt=2)
    assert is_gone(victim)
    assert len(site.gate.processes()) == 1  # the second attempt's; the first one's died with it
    site.gate.open()
    assert site.wait_for(film, "done").attempt == 2
    assert site.mezzanine(film) == undisturbed
    with site.house.read() as session:
        assert session.scalar(select(func.count()).where(FilmFile.role == "mezzanine")) == 1
    assert list(site.house.settings.work_dir.iterdir()) == []


def test_f2_a_killed_worker_tree_is_replaced_and_nothing_of_it_goes_on(
    site: Site, undisturbed: str
) -> None:
    site.workers.start()
    film = site.add_film()
    site.wait_at_the_gate(film)
    site.workers.kill_tree("worker-1")
    wait_until(lambda: site.gate.processes() == [], what="ffmpeg died with its worker")
    site.gate.open()
    site.workers.start(
        "worker-2"
    )  # another name: nothing but the lease tells that the first is gone
    assert site.wait_for(film, "done").attempt == 2
    assert site.mezzanine(film) == undisturbed


def test_f2_a_worker_that_starts_again_knows_at_once_what_it_had(site: Site) -> None:
    site.workers.start()
    film = site.add_film()
    site.wait_at_the_gate(film)
    site.workers.kill_tree("worker-1")
    site.gate.open()
    site.workers.start("worker-1")
    assert site.wait_for(film, "done").attempt == 2


def test_f3_a_job_that_kills_its_worker_is_given_up_after_three_attempts_and_may_be_tried_again(
    site: Site,
) -> None:
    site.gate.deadly(True)
    site.workers.start()
    film = site.add_film()
    failed = site.wait_for(film, "failed")
    assert failed.attempt == 3
    assert failed.error is not None
    assert failed.error["code"] == "POISON"
    assert stages.film_view(site.house, film.id).state == "failed"
    site.gate.deadly(False)
    site.gate.open()
    stages.retry_job(site.house, site.people.producer, failed.id)
    site.wait_for(film, "done")
    assert stages.film_view(site.house, film.id).state == "ready"


def test_f4_a_job_made_while_there_is_no_broker_is_done_when_it_is_back(site: Site) -> None:
    site.gate.open()
    site.workers.start()
    site.broker.kill()
    film = site.add_film()
    assert site.job(film).state == "queued"
    site.broker.start()
    assert site.wait_for(film, "done").attempt == 1


def test_f5_a_broker_killed_while_a_job_runs_disturbs_neither_it_nor_the_next(
    site: Site,
) -> None:
    site.workers.start()
    first = site.add_film()
    site.wait_at_the_gate(first)
    site.broker.kill()
    site.gate.open()
    assert site.wait_for(first, "done").attempt == 1
    site.broker.start()
    with site.house.write() as session:
        session.get_one(Film, first.id).state = "failed"  # so that the same file is a new film
    second = site.add_film()
    assert site.wait_for(second, "done").attempt == 1


def test_f6_a_queue_that_was_emptied_is_filled_again(site: Site) -> None:
    site.gate.open()
    film = site.add_film()
    wait_until(lambda: everything_is_sent(site), what="the message was sent")
    site.broker.flush()
    site.workers.start()
    assert site.wait_for(film, "done").attempt == 1


def everything_is_sent(site: Site) -> bool:
    with site.house.read() as session:
        waiting = select(func.count()).where(Outbox.published_at.is_(None))
        return session.scalar(waiting) == 0


def test_f7_five_messages_for_one_job_are_one_claim(site: Site) -> None:
    site.gate.open()
    film = site.add_film()
    assert film.job is not None
    for _ in range(5):
        with app.connection_for_write(site.broker.url) as link:
            app.send_task("terjime.render", args=[film.job.id], queue="render", connection=link)
    site.workers.start("worker-1")
    site.workers.start("worker-2")
    done = site.wait_for(film, "done")
    assert done.attempt == 1
    wait_until(lambda: everything_is_sent(site))
    assert site.job(film) == done


@pytest.mark.database
def test_f8_a_worker_that_was_frozen_past_its_lease_changes_nothing_when_it_wakes(
    site: Site, undisturbed: str
) -> None:
    site.workers.start("worker-1")
    film = site.add_film()
    site.wait_at_the_gate(film)
    frozen = site.pool_process(film)
    (its_ffmpeg,) = site.gate.processes()
    os.kill(frozen, signal.SIGSTOP)
    try:
        site.workers.start("worker-2")
        site.wait_at_the_gate(film, attempt=2)
    finally:
        os.kill(frozen, signal.SIGCONT)
    wait_until(lambda: is_gone(its_ffmpeg.pid), what="the woken worker stopped its ffmpeg")
    site.gate.open()
    assert site.wait_for(film, "done").attempt == 2
    assert site.mezzanine(film) == undisturbed


def test_f13_a_job_whose_maker_died_before_it_could_tell_the_queue_is_done(site: Site) -> None:
    site.gate.open()
    site.workers.start()
    film = site.add_film()  # committed, and nobody pokes
    assert site.wait_for(film, "done").attempt == 1


def test_f21_a_running_job_that_is_cancelled_ends_with_its_ffmpeg_and_leaves_nothing(
    site: Site,
) -> None:
    site.workers.start()
    film = site.add_film()
    job = site.wait_at_the_gate(film)
    stages.cancel_job(site.house, site.people.producer, job.id)
    site.wait_for(film, "cancelled")
    wait_until(lambda: site.gate.processes() == [], what="ffmpeg was stopped")
    assert list(site.house.settings.work_dir.iterdir()) == []
    site.gate.open()
    stages.retry_job(site.house, site.people.producer, job.id)
    assert site.wait_for(film, "done").attempt == 1


def test_f22_a_worker_told_to_stop_hands_its_job_back_and_ends(
    site: Site, undisturbed: str
) -> None:
    process = site.workers.start("worker-1")
    film = site.add_film()
    site.wait_at_the_gate(film)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(90) == 0
    back = site.wait_for(film, "queued")
    assert (back.attempt, back.doing) == (0, "Paused for an update")
    assert site.gate.processes() == []
    site.gate.open()
    site.workers.start("worker-2")
    assert site.wait_for(film, "done").attempt == 1
    assert site.mezzanine(film) == undisturbed


def test_an_idle_worker_and_a_sweeper_end_when_they_are_told(site: Site) -> None:
    worker = site.workers.start()
    sweeper = site.workers.processes["sweeper"]
    for process in (worker, sweeper):
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(90) == 0
