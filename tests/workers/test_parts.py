"""One film made by two workers: whatever is killed at whatever moment, its bytes are the same.

Real queue, workers and ffmpeg; where ffmpeg must hang or write nonsense, a program does so in its place.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import imageio_ffmpeg
import psutil
import pytest
from sqlalchemy import delete, select, update

from tests.builders import Team, a_job, claimed, ready_film, srt, submitted, track_on
from tests.processes import Broker, Workers, wait_until
from tests.small_disk import small_disk
from tests.workers.conftest import Site
from workers.app import app
from workflow import stages
from workflow.stages.views import JobView
from workflow.store import ledger
from workflow.store.house import remember_blob
from workflow.store.tables import Build, Film, FilmFile, Job, Segment

pytestmark = pytest.mark.timeout(240)
SECONDS = 76  # 1900 frames: ten parts
KILLS = 20


@pytest.fixture(scope="session")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Mezzanine and sound of a small film, as ingest would make them."""
    folder = tmp_path_factory.mktemp("long")
    picture, sound = folder / "m.mp4", folder / "s.flac"
    ffmpeg = (imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i")
    source = f"testsrc2=size=320x240:rate=25:duration={SECONDS}"
    closed = ("-g", "50", "-sc_threshold", "0", "-flags", "+cgop", "-pix_fmt", "yuv420p")
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", *closed)
    subprocess.run([*ffmpeg, source, *x264, "-movflags", "+faststart", str(picture)], check=True)
    subprocess.run([*ffmpeg, f"sine=duration={SECONDS}:sample_rate=48000", str(sound)], check=True)
    return {"mezzanine": picture.read_bytes(), "sound": sound.read_bytes()}


@dataclass(frozen=True)
class Review:
    """The review build of the long film, waiting to be made."""

    site: Site
    build_id: str
    job_id: str

    @property
    def job(self) -> JobView:
        return stages.job_view(self.site.house, self.job_id)

    @property
    def output(self) -> str:
        with self.site.house.read() as session:
            return session.get_one(Build, self.build_id).output or ""

    def poke(self) -> None:
        """As the web does once it has queued something."""
        with app.connection_for_write(self.site.broker.url) as link:
            ledger.drain(
                self.site.house,
                lambda queue, job_id: app.send_task(
                    f"terjime.{queue}", args=[job_id], queue=queue, connection=link
                ),
            )

    def wait_for(self, state: str) -> JobView:
        def over() -> JobView | None:
            job = self.job
            return job if job.state in {"done", "failed", "cancelled"} else None

        job: JobView = wait_until(over, 120, what=f"{state}: {self.job}")
        assert job.state == state, job
        return job

    def forget(self) -> None:
        """Everything that was made, so that it is made again from nothing."""
        with self.site.house.write() as session:
            session.execute(delete(Segment))
            session.execute(update(Build).values(output=None, report=None))
            session.execute(update(Job).where(Job.id == self.job_id).values(state="cancelled"))
        stages.retry_job(self.site.house, self.site.people.producer, self.job_id)

    def parts(self) -> list[Job]:
        with self.site.house.read() as session:
            return list(session.scalars(select(Job).where(Job.kind == "encode")))

    def files(self) -> list[Path]:
        return list(self.site.house.settings.work_dir.iterdir())


@pytest.fixture
def review(site: Site, long_film: dict[str, bytes]) -> Review:
    people, house = site.people, site.house
    film_id = ready_film(people, seconds=SECONDS)
    kept = {role: house.blobs.put_bytes(data) for role, data in long_film.items()}
    with house.write() as session:
        for role, (sha256, size) in kept.items():
            remember_blob(session, sha256, size, "application/octet-stream")
            session.get_one(FilmFile, {"film_id": film_id, "role": role}).sha256 = sha256
        session.get_one(Film, film_id).original = kept["mezzanine"][0]  # without sound of its own
    cues = [(3.0 * n + 0.5, 3.0 * n + 2.5, f"Salam, {n}!") for n in range(SECONDS // 3)]
    version = submitted(people, track_on(people, film_id, srt(*cues)).summary.id)
    build = version.builds[0]
    return Review(site, build.id, build.job.id)


class Killer:
    """Kills a worker's pool process, or the worker with all that it started, which then starts again.

    Never one that has a job for its third time: that would be the end of the job, and rightly.
    """

    def __init__(self, review: Review, rng: random.Random) -> None:
        self.review, self.rng = review, rng
        self.workers = review.site.workers
        self.hits: list[str] = []

    def strike(self) -> None:
        name = self.rng.choice(["worker-1", "worker-2"])
        whole = self.rng.random() < 0.25
        children = psutil.Process(self.workers.processes[name].pid).children()
        pool = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
        if not pool or self._is_last_attempt(pool[0].pid):
            return
        if whole:
            self.workers.kill_tree(name)
            self.workers.start(name, wait=False)
        else:
            pool[0].kill()
        self.hits.append("tree" if whole else "process")

    def start_the_dead(self) -> None:
        """As a supervisor does: Celery gives up if its pool process dies while the worker starts."""
        for name in ("worker-1", "worker-2"):
            if self.workers.processes[name].poll() is not None:
                self.workers.start(name, wait=False)

    def _is_last_attempt(self, pid: int) -> bool:
        with self.review.site.house.read() as session:
            had = select(Job.attempt).where(
                Job.state == "running", Job.lease_owner.endswith(f"/{pid}")
            )
            return (session.scalar(had) or 0) >= 3


def test_twenty_kills_of_two_workers_change_no_byte(review: Review) -> None:
    site = review.site
    site.gate.open()
    site.workers.start("worker-1", "render")
    site.workers.start("worker-2", "render")
    review.poke()
    review.wait_for("done")
    undisturbed = review.output
    assert len(review.parts()) == 11  # ten of the picture, one of the sound
    assert {owner_of(site, part) for part in review.parts()} == {"worker-1", "worker-2"}

    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    killer = Killer(review, random.Random(seed))
    renders = 0
    while len(killer.hits) < KILLS:
        review.forget()
        review.poke()
        renders += 1
        while review.job.state not in {"done", "failed"}:
            time.sleep(killer.rng.uniform(0.2, 1.2))
            killer.start_the_dead()
            if len(killer.hits) < KILLS and review.job.state in {"queued", "running"}:
                killer.strike()
        assert review.wait_for("done").output == review.build_id
        assert review.output == undisturbed, f"seed {seed}, render {renders}"
    print(f"{killer.hits} in {renders} renders")
    wait_until(lambda: not site.gate.processes(), what="no ffmpeg is left")
    wait_until(lambda: not review.files(), what="no files are left")


def owner_of(site: Site, part: Job) -> str:
    """Which worker did it, by the worker's own log."""
    for name in ("worker-1", "worker-2"):
        if f"job {part.id} (encode)" in (site.workers.logs / f"{name}.log").read_text():
            return name
    return ""


def swap_ffmpeg(site: Site, for_the_picture: str) -> None:
    """Another program in ffmpeg's place where it draws frames into a pipe, the last argument."""
    site.gate.program.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *"-f rawvideo"*) for last; do :; done; {for_the_picture};; esac\n'
        f'exec {imageio_ffmpeg.get_ffmpeg_exe()} "$@"\n'
    )


def test_f24_frames_that_are_none_fail_the_film_and_not_its_workers(review: Review) -> None:
    site = review.site
    swap_ffmpeg(site, 'head -c 9999999 /dev/urandom > "${last#file:}"; exit 0')
    site.workers.start("worker-1", "render")
    review.poke()
    failed = review.wait_for("failed")
    assert failed.error is not None
    assert failed.error["code"] == "OUTPUT_INVALID"
    wait_until(lambda: {part.state for part in review.parts()} <= {"failed", "cancelled", "done"})
    swap_ffmpeg(site, ":")
    stages.retry_job(site.house, site.people.producer, review.job_id)
    review.poke()
    review.wait_for("done")
    wait_until(lambda: not review.files(), what="no files are left")


def test_f23_an_ffmpeg_that_hangs_is_stopped_and_its_part_is_made_by_another(
    review: Review,
) -> None:
    site = review.site
    hung = site.gate.folder / "hung"
    swap_ffmpeg(site, f"! mkdir {hung} 2>/dev/null || exec sleep 600")  # one of the two alone hangs
    site.workers.settings = replace(site.workers.settings, stall_seconds=5.0)
    site.workers.start("worker-1", "render")
    site.workers.start("worker-2", "render")
    review.poke()
    review.wait_for("done")
    assert sorted(part.attempt for part in review.parts())[-2:] == [1, 2]


def test_f9_a_full_disk_fails_the_film_by_its_name_and_a_retry_goes_on(review: Review) -> None:
    site = review.site
    swap_ffmpeg(site, 'echo "No space left on device" >&2; exit 0')
    site.workers.start("worker-1", "render")
    review.poke()
    failed = review.wait_for("failed")
    assert failed.error is not None
    assert failed.error["code"] == "DISK_FULL"
    swap_ffmpeg(site, ":")
    stages.retry_job(site.house, site.people.producer, review.job_id)
    review.poke()
    assert review.wait_for("done").attempt == 1


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 4 MB with almost nothing free."""
    with small_disk(tmp_path / "disk") as folder:
        (folder / "filler").write_bytes(bytes(4_050_000))
        yield folder


def test_f9_a_machine_without_room_leaves_the_parts_to_another(
    review: Review, full_disk: Path
) -> None:
    site = review.site
    site.gate.open()
    site.workers.start("worker-1", "render")
    home = site.workers.settings
    site.workers.settings = replace(home, data_dir=full_disk, blobs=str(home.blob_dir))
    site.workers.start("full@elsewhere", "render")
    review.poke()
    review.wait_for("done")
    assert {owner_of(site, part) for part in review.parts()} == {"worker-1"}


def test_a_worker_that_starts_clears_away_what_a_dead_one_left_on_its_machine(
    people: Team, redis_server: Broker, celery_workers: Workers
) -> None:
    work = people.house.settings.work_dir
    (work / "gone.1").mkdir()
    (work / "gone.1" / "out.mp4").write_bytes(b"half")
    held = claimed(people, a_job(people))
    (work / f"{held.id}.{held.fence}").mkdir()
    celery_workers.start()  # and no sweeper
    assert [path.name for path in work.iterdir()] == [f"{held.id}.{held.fence}"]
