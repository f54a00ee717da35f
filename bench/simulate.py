"""How one long render spreads over many workers: the real ledger on a real database, encoding made up.

    python -m bench simulate
    python bench/simulate.py [--workers 1,2,5,…,200] [--databases postgresql,sqlite] [--minutes 60]

A film's parts are claimed (`claim_next`), told of, kept segment by segment and finished by the functions
that workers call, against a real PostgreSQL and a real SQLite on this machine. Only the encoding is not
done: a worker is an event on a clock of our own, and its part takes what a part was measured to take. What
each transaction took is measured, one after the other, and then put on that clock: the database serves so
many at once as the machine has cores (SQLite: one writer), and who comes when it is busy waits. So the
figures are those of this machine's database serving that many workers that are elsewhere.

Every claim, split and finish is done; of heartbeats, progress and kept segments the first forty of each
kind in each run. A transaction costs what the median of the faster half of the last fifty of its kind took:
what is slower waited for other programs of this machine, which a database server has none of. The file
has the plain medians beside them.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sqlalchemy import update  # noqa: E402

from tests.builders import Team, a_job, settings_in, team  # noqa: E402
from tests.processes import postgresql  # noqa: E402
from workflow.stages import segments  # noqa: E402
from workflow.stages.parts import stretch  # noqa: E402
from workflow.store import ledger  # noqa: E402
from workflow.store.house import House, open_house  # noqa: E402
from workflow.store.ledger import Claimed, Part  # noqa: E402
from workflow.store.tables import Job  # noqa: E402

RATE = 24
GOP = 48  # frames: a segment
# Measured (bench/results/render.json, 560x420, preset fast): CPU seconds of one core.
ENCODE_SECONDS_A_FRAME = 0.0178
START_SECONDS = 0.25  # of ffmpeg, once a part
# Stitch and measure, once a film: the sample windows cost 0.8 s, and 20 min of small film 0.5 s more.
JOIN_SECONDS, JOIN_SECONDS_A_MINUTE = 1.0, 0.06
SPREAD = 0.25  # of a part's time, either way: some scenes are harder
SAMPLED = 40
LAST = 50
LOOK_SECONDS, TELL_SECONDS, BEAT_SECONDS = 1.0, 2.0, 10.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--workers", default="1,2,5,10,20,50,100,200")
    arguments.add_argument("--databases", default="postgresql,sqlite")
    arguments.add_argument("--minutes", type=float, default=60)
    arguments.add_argument("--out", type=Path, default=ROOT / "bench/results/simulate.json")
    given = arguments.parse_args()
    counts = [int(count) for count in given.workers.split(",")]
    result: dict[str, Any] = {
        "command": " ".join(["python", "bench/simulate.py", *sys.argv[1:]]),
        "film": {
            "minutes": given.minutes,
            "rate": RATE,
            "parts": len(parts_of(round(given.minutes * 60 * RATE))),
        },
        "measured": {
            "encode_s_a_frame": ENCODE_SECONDS_A_FRAME,
            "start_s_a_part": START_SECONDS,
            "join_s": JOIN_SECONDS,
            "join_s_a_minute": JOIN_SECONDS_A_MINUTE,
        },
        "machine": {"cpus": os.cpu_count(), "load": round(os.getloadavg()[0], 1)},
    }
    for database in given.databases.split(","):
        rows: list[dict[str, Any]] = []
        for count in counts:
            with a_house(database) as house:
                row = Simulation(house, count, given.minutes).run()
            row["speed_up"] = round(rows[0]["wall_s"] / row["wall_s"], 1) if rows else 1.0
            rows.append(row)
            result[database] = rows
            given.out.write_text(json.dumps(result, indent=2) + "\n")
            print(
                f"{database:11} {count:4} workers {row['wall_s']:9.1f} s  x{row['speed_up']:<6}"
                f" {row['writes_a_s']:7.1f} writes/s {row['reads_a_s']:7.1f} reads/s"
                f" claim {row['claim_ms_median']:6.1f} ms, p99 {row['claim_ms_p99']:7.1f} ms"
                f" busy {row['database_busy']:.1%}",
                flush=True,
            )


@contextmanager
def a_house(database: str) -> Iterator[House]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if database == "sqlite":
            house = open_house(settings_in(folder))
            yield house
            house.close()
            return
        with postgresql(fsync=True) as server:
            house = open_house(replace(settings_in(folder), database_url=server.create()))
            yield house
            house.close()


@dataclass
class Database:
    """When its servers are free again, on the simulation's clock; SQLite has one that writes."""

    servers: list[float]
    readers: list[float]
    writes: int = 0
    reads: int = 0
    busy: float = 0.0

    def serve(self, now: float, took: float, *, writing: bool) -> float:
        """When a transaction that arrives *now* is over."""
        free = self.servers if writing else self.readers
        index = min(range(len(free)), key=free.__getitem__)
        free[index] = max(now, free[index]) + took
        self.writes += writing
        self.reads += not writing
        self.busy += took if writing else 0.0
        return free[index]


@dataclass(order=True)
class Event:
    at: float
    order: int
    do: Callable[[float], None] = field(compare=False)


def parts_of(frames: int) -> list[tuple[int, int]]:
    """First frame and frames of each part of a film, as a render divides it."""
    parts = []
    for _, firsts in groupby(range(0, frames, GOP), key=lambda first: stretch(first, frames)):
        segments = list(firsts)
        parts.append((segments[0], min(segments[-1] + GOP, frames) - segments[0]))
    return parts


class Simulation:
    def __init__(self, house: House, workers: int, minutes: float) -> None:
        self.house, self.workers = house, workers
        self.frames = round(minutes * 60 * RATE)
        self.minutes = minutes
        cores = os.cpu_count() or 1
        one = [0.0] * (1 if house.db.is_sqlite else cores)
        # Readers of SQLite wait for nobody; PostgreSQL's share its servers.
        self.database = Database(one, [0.0] * cores if house.db.is_sqlite else one)
        self.events: list[Event] = []
        self.rng = random.Random(workers)
        self.claims: list[float] = []
        self.samples: dict[str, list[float]] = {}
        self.idle: list[int] = []
        self.order = 0
        self.ended = 0.0
        self.blob = 0

    def run(self) -> dict[str, Any]:
        people = team(self.house)
        self.job_id = a_job(people, kind="render", queue="render")
        self._other_work(people)
        self.at(0.0, self._split)
        while self.events:
            event = heapq.heappop(self.events)
            event.do(event.at)
        wall = self.ended
        database = self.database
        ordered = sorted(self.claims)
        return {
            "workers": self.workers,
            "wall_s": round(wall, 1),
            "writes_a_s": round(database.writes / wall, 1),
            "reads_a_s": round(database.reads / wall, 1),
            "database_busy": round(database.busy / wall / len(database.servers), 4),
            "transaction_ms_median": {
                kind: round(1000 * statistics.median(seen), 1)
                for kind, seen in self.samples.items()
            },
            "claim_ms_median": round(1000 * statistics.median(ordered), 2),
            "claim_ms_p99": round(1000 * ordered[int(len(ordered) * 0.99)], 2),
        }

    def _other_work(self, people: Team) -> None:
        """A ledger with a history: what a house has done in some weeks."""
        for _ in range(3):
            for _ in range(30):
                a_job(people, kind="ingest", queue="render")
            with self.house.write() as session:
                old = update(Job).where(Job.kind == "ingest")
                session.execute(old.values(state="done", finished_at=1, started_at=1.0))

    def at(self, when: float, do: Callable[[float], None]) -> None:
        self.order += 1
        heapq.heappush(self.events, Event(when, self.order, do))

    def transaction(
        self,
        now: float,
        kind: str,
        work: Callable[[], Any],
        *,
        writing: bool = True,
        sampled: bool = False,
    ) -> tuple[float, Any]:
        """Do *work* for real, and put the time that it took on our clock. When it is over, and its result.

        kind       of transaction
        sampled    a sample of this kind is enough: nobody needs what it does
        """
        seen = self.samples.setdefault(kind, [])
        found = None
        if not sampled or len(seen) < SAMPLED:
            began = time.perf_counter()
            found = work()
            seen.append(time.perf_counter() - began)
        last = sorted(seen[-LAST:])
        took = statistics.median(last[: max(1, len(last) // 2)])
        return self.database.serve(now, took, writing=writing), found

    def _split(self, now: float) -> None:
        mine = claimed_by(self.house, self.job_id)
        parts = [
            Part(
                [f"segments {first}"],
                {"frames": frames, "captions": ["x" * 60] * 12},
                frames,
            )
            for first, frames in parts_of(self.frames)
        ]

        def split() -> None:
            with self.house.write() as session:
                ledger.wait_for_parts(session, mine, parts, 2, "Encoding the picture")

        over, _ = self.transaction(now, "split", split)
        for worker in range(self.workers):
            self.at(over + self.rng.uniform(0, 0.05), lambda t, w=worker: self._claim(t, w))

    def _claim(self, now: float, worker: int) -> None:
        over, job = self.transaction(
            now, "claim", lambda: ledger.claim_next(self.house, "render", f"w{worker}@there/1")
        )
        self.claims.append(over - now)
        if job is None:
            self.idle.append(worker)
        elif job.id == self.job_id:
            join = JOIN_SECONDS + JOIN_SECONDS_A_MINUTE * self.minutes
            self.at(over + join, lambda t: self._joined(t, job))
        else:
            self._encode(over, worker, job)

    def _encode(self, now: float, worker: int, job: Claimed) -> None:
        frames = int(job.params["frames"])
        speed = self.rng.uniform(1 - SPREAD, 1 + SPREAD)
        done = now + START_SECONDS
        for segment in range(-(-frames // GOP)):
            done += GOP * ENCODE_SECONDS_A_FRAME * speed
            self.at(done, lambda t, s=segment: self._keep(t, job, s))
        for name, every, work, writing in (
            ("look", LOOK_SECONDS, lambda: ledger.look(self.house, job), False),
            ("tell", TELL_SECONDS, lambda: ledger.tell(self.house, job, 500, "Encoding"), True),
            ("beat", BEAT_SECONDS, lambda: ledger.beat(self.house, job), True),
        ):
            when = now + every
            while when < done:
                self.at(
                    when,
                    lambda t, n=name, w=work, x=writing: self.transaction(
                        t, n, w, writing=x, sampled=True
                    ),
                )
                when += every
        self.at(done + 0.001, lambda t: self._finish(t, worker, job))

    def _keep(self, now: float, job: Claimed, segment: int) -> None:
        self.blob += 1
        key = f"{self.blob:064x}"
        keep = lambda: segments._record(self.house, key, key, 1000)  # noqa: E731
        self.transaction(now, "keep", keep, sampled=True)

    def _finish(self, now: float, worker: int, job: Claimed) -> None:
        def finish() -> None:
            with self.house.write() as session:
                ledger.finish(session, job, "film")

        over, _ = self.transaction(now, "finish", finish)
        over, _ = self.transaction(
            over, "drain", lambda: ledger.drain(self.house, lambda q, j: None), writing=False
        )
        self.at(over, lambda t: self._claim(t, worker))
        if self.idle:  # the parent's message wakes one
            waiting = self.idle.pop()
            self.at(over, lambda t: self._claim(t, waiting))

    def _joined(self, now: float, job: Claimed) -> None:
        def finish() -> None:
            with self.house.write() as session:
                ledger.finish(session, job, "render")

        self.ended, _ = self.transaction(now, "finish", finish)


def claimed_by(house: House, job_id: str) -> Claimed:
    found = ledger.claim(house, job_id, "w0@there/1")
    assert found is not None
    return found


if __name__ == "__main__":
    main()
