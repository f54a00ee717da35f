"""Parts are killed in the middle of the demo; the demo ends with the same file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import sqlite3
import threading
import time
from pathlib import Path

import psutil
import pytest

from workflow.cli.demo import journey

pytestmark = [pytest.mark.system, pytest.mark.timeout(290)]


def render_workers(house) -> list[str]:
    return [path.stem for path in (house.data / "run").glob("render-*.pid")]


def kill_render_worker(house) -> None:
    """The processes that do the work: the workers' pool children, and what they started dies with them."""
    for part in render_workers(house):
        for child in psutil.Process(house.pid(part)).children():
            child.kill()


def kill_worker_tree(house) -> None:
    for part in (*render_workers(house), "fast-1"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(house.pid(part), signal.SIGKILL)


def kill_redis(house) -> None:
    os.kill(house.pid("redis"), signal.SIGKILL)


def kill_web(house) -> None:
    os.killpg(house.pid("web"), signal.SIGKILL)


def render_is_under_way(database: Path) -> bool:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as link:
        # Rank 2: a part of a final. Some of them are finished, some are not.
        query = "SELECT 1 FROM job WHERE kind='encode' AND rank=2 AND state='running'"
        return link.execute(query).fetchone() is not None


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, str]:
    """SHA-256 of the film by journeys, the first of which nobody disturbs."""
    return {}


def test_a_journey_that_nobody_disturbs_ends(
    undisturbed, running_house, short_samples, tmp_path
) -> None:
    final = journey(running_house.base, running_house.passwords, short_samples, tmp_path)
    undisturbed["sha256"] = hashlib.sha256(final.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "kill", [kill_render_worker, kill_worker_tree, kill_redis, kill_web], ids=lambda f: f.__name__
)
def test_the_demo_ends_with_the_same_film_after(
    kill, undisturbed, running_house, short_samples, tmp_path
) -> None:
    killed = threading.Event()
    over = threading.Event()

    def wait_and_kill() -> None:
        while not over.is_set():
            with contextlib.suppress(sqlite3.OperationalError):
                if render_is_under_way(running_house.data / "terjime.db"):
                    kill(running_house)
                    killed.set()
                    return
            time.sleep(0.05)

    killer = threading.Thread(target=wait_and_kill, daemon=True)
    killer.start()
    try:
        final = journey(running_house.base, running_house.passwords, short_samples, tmp_path)
    finally:
        over.set()
        killer.join()
    assert killed.is_set(), "the render was over before it could be hit"
    assert hashlib.sha256(final.read_bytes()).hexdigest() == undisturbed["sha256"]


def test_ctrl_c_leaves_nothing_running(running_house) -> None:
    tree = psutil.Process(running_house.pid("web")).parent()
    assert tree is not None
    everything = [tree, *tree.children(recursive=True)]
    assert len(everything) >= 6
    tree.send_signal(signal.SIGINT)
    _, alive = psutil.wait_procs(everything, timeout=25)
    assert alive == []


def test_a_part_that_dies_is_started_again(running_house) -> None:
    before = running_house.pid("sweeper")
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while running_house.pid("sweeper") == before:
        assert time.monotonic() < deadline
        time.sleep(0.1)
