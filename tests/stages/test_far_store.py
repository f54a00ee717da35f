"""A film's way with its blobs in S3 and a worker whose folders are empty; and when the store goes away."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from sqlalchemy import select, update

from tests.builders import (
    edit,
    settings_in,
    sha256_of,
    srt,
    submitted,
    team,
    track_on,
    verdict_on,
)
from tests.s3 import S3Server, s3_server
from workflow import stages
from workflow.dub.sound import RATE, write_wav
from workflow.errors import ToolMissing
from workflow.store.house import House, open_house
from workflow.store.s3 import S3Blobs
from workflow.store.tables import FilmFile, Job, Segment
from workflow.timebase import FLICKS_PER_SECOND

LINES = srt((0.5, 1.6, "Salam!"), (8.2, 11.4, "Ýagdaýlaryňyz nähili?"), (20.4, 21.6, "Sag boluň."))


@pytest.fixture(scope="module")
def noisy_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 s at 25 frames a second that compress badly, so that a part of it is worth fetching alone."""
    path = tmp_path_factory.mktemp("noisy") / "film.mp4"
    picture = "testsrc2=size=160x120:rate=25:duration=30,noise=alls=60:allf=t"
    subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", picture),
            *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=30"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"),
            *("-shortest", str(path)),
        ],
        check=True,
    )
    return path


def empty_worker(house: House, folder: Path) -> House:
    """The same house, seen from another machine: of its folders nothing is there."""
    folder.mkdir()
    settings = replace(house.settings, data_dir=folder)
    return open_house(settings)


def fetched(house: House, sha256: str) -> int:
    """Bytes of a blob that are on this machine."""
    assert isinstance(house.blobs, S3Blobs)
    return sum(
        file.stat().st_blocks * 512 for file in house.blobs.cache.folder.glob(f"*/*/{sha256}")
    )


def test_a_film_goes_its_whole_way_over_s3_with_workers_that_have_nothing_of_it(
    s3: S3Server, noisy_film: Path, tmp_path: Path
) -> None:
    web = open_house(settings_in(tmp_path / "web", blobs=s3.url("journey")))
    people = team(web)
    film = stages.add_film_file(web, people.producer, people.project_id, noisy_film, "film.mp4")
    ingester = empty_worker(web, tmp_path / "ingester")
    stages.run_waiting(ingester)
    assert stages.film_view(web, film.id).state == "ready"
    track_id = track_on(people, film.id, LINES).summary.id
    version = submitted(people, track_id)
    builder = empty_worker(web, tmp_path / "builder")
    stages.run_waiting(builder)
    watched = stages.review_view(web, version.id, people.reviewer).version
    approved = verdict_on(people, watched)
    render = stages.start_render(web, people.producer, approved.id, None)
    renderer = empty_worker(web, tmp_path / "renderer")
    stages.run_waiting(renderer)
    done = stages.render_view(web, render.id)
    assert (done.job.error, done.job.state) == (None, "done")
    file = stages.render_file(web, render.id)
    out = tmp_path / "final.mp4"
    out.write_bytes(b"".join(web.blobs.stream(file.sha256, 0, file.size)))
    assert sha256_of(out) == done.sha256

    # One line is changed: another machine that has nothing encodes it from a small part of the film.
    edit(people, track_id, _3="Hoş!")
    version = submitted(people, track_id)
    stages.run_waiting(builder)
    watched = stages.review_view(web, version.id, people.reviewer).version
    again = stages.start_render(web, people.producer, verdict_on(people, watched).id, None)
    other = empty_worker(web, tmp_path / "other")
    stages.run_waiting(other)
    report = stages.render_view(web, again.id).report
    assert report is not None
    assert report["encoded_frames"] == 50
    with web.read() as session:
        rows = session.execute(
            select(FilmFile.role, FilmFile.sha256).where(FilmFile.film_id == film.id)
        ).all()
        files = {row.role: row.sha256 for row in rows}
    size = web.blobs.size(files["mezzanine"])
    assert size is not None
    assert 0 < fetched(other, files["mezzanine"]) < size / 2
    assert fetched(other, film.hash) == fetched(other, files["sound"]) == 0
    for house in (web, ingester, builder, renderer, other):
        assert not house.blobs.held_folders()
        house.close()


def test_a_spoilt_segment_is_made_anew_when_the_film_is_put_together(
    s3: S3Server, film_file: Path, tmp_path: Path
) -> None:
    house = open_house(settings_in(tmp_path / "web", blobs=s3.url("spoilt")))
    people = team(house)
    film = stages.add_film_file(house, people.producer, people.project_id, film_file, "film.mp4")
    stages.run_waiting(house)
    version = submitted(people, track_on(people, film.id, srt((0.5, 1.6, "Salam!"))).summary.id)
    stages.run_waiting(house)
    approved = verdict_on(people, stages.review_view(house, version.id, people.reviewer).version)
    first = stages.start_render(house, people.producer, approved.id, None)
    stages.run_waiting(house)
    whole = stages.render_view(house, first.id).sha256
    with house.read() as session:
        names = set(session.scalars(select(Segment.sha256)))
    assert isinstance(house.blobs, S3Blobs)
    for name in names:
        size = house.blobs.size(name)
        house.blobs._client.put_object(Body=b"x" * (size or 0), **house.blobs._named(name))
    other = empty_worker(house, tmp_path / "other")
    with house.write() as session:
        session.execute(update(Job).where(Job.id == first.job.id).values(state="failed"))
    stages.retry_job(house, people.producer, first.job.id)
    stages.run_waiting(other)
    done = stages.render_view(house, first.id)
    assert (done.job.state, done.job.error, done.sha256) == ("done", None, whole)
    assert done.report is not None
    assert done.report["encoded_frames"] == 50
    house.close()
    other.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_dub_is_recorded_heard_and_built_over_postgresql_and_s3(
    s3: S3Server, database_url: str, film_file: Path, tmp_path: Path
) -> None:
    place = settings_in(tmp_path / "web", database_url=database_url, blobs=s3.url("dub"))
    web = open_house(place)
    people = team(web)
    film = stages.add_film_file(web, people.producer, people.project_id, film_file, "film.mp4")
    stages.run_waiting(web)
    script = track_on(people, film.id, srt((0.2, 0.9, "Salam,"), (1.0, 1.7, "dostlar!")))
    track = stages.create_dub(web, people.translator, film.id, script.summary.id).track
    seen = stages.dub_view(web, track)
    uids = [line.uid for line in seen.lines]
    joined = stages.merge_lines(web, people.translator, track, uids, seen.etag)
    again = stages.undo_change(web, people.translator, track, seen.etag, joined.etag)
    stages.undo_change(web, people.translator, track, joined.etag, again.etag)
    with stages.scratch(web) as file:
        time = np.arange(RATE) / RATE
        write_wav(file, (0.2 * np.sin(2 * np.pi * 300 * time)).astype(np.float32))
        stages.receive_line(web, people.translator, track, file, line=uids[0])

    far = empty_worker(web, tmp_path / "far")
    sound, start = stages.preview_mix(far, track, uids[0], 0.1, 0.1)
    assert (start, len(sound)) == (FLICKS_PER_SECOND // 10, round(1.7 * RATE))
    version = submitted(people, track)
    stages.run_waiting(far)
    build = stages.review_view(web, version.id, people.reviewer).version.builds[0]
    assert build.report is not None, build
    assert (build.report["dub"]["missing"], build.report["has_sound"]) == ([], True)
    for house in (far, web):
        assert not house.blobs.held_folders()
        house.close()


def test_f26_a_store_that_goes_away_fails_the_upload_and_takes_it_when_it_is_back(
    s3: S3Server, film_file: Path, tmp_path: Path
) -> None:
    with s3_server(tmp_path / "s3") as server:
        house = open_house(settings_in(tmp_path / "web", blobs=server.url("away")))
        people = team(house)
        server.kill()
        with pytest.raises(ToolMissing, match="STORAGE_AWAY"):
            stages.add_film_file(house, people.producer, people.project_id, film_file, "film.mp4")
        assert not stages.project_view(house, people.project_id, people.producer).films
        assert not list(house.settings.work_dir.iterdir())
        server.start()
        film = stages.add_film_file(
            house, people.producer, people.project_id, film_file, "film.mp4"
        )
        assert house.blobs.size(film.hash) == film_file.stat().st_size

        # A job whose store is away is tried again by itself, then by a person; nothing half made is shown.
        server.kill()
        stages.run_waiting(house)
        failed = stages.film_view(house, film.id)
        assert failed.job is not None
        assert failed.job.error is not None
        assert (failed.job.error["code"], failed.job.attempt) == ("STORAGE_AWAY", 3)
        server.start()
        stages.retry_job(house, people.producer, failed.job.id)
        stages.run_waiting(house)
        assert stages.film_view(house, film.id).state == "ready"
        house.close()
