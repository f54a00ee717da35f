"""Uploads become films; what is no film is refused and leaves nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.builders import Team, ready_film, sha256_of
from workflow import stages
from workflow.errors import BadInput, Conflict, NotFound, ToolFailed
from workflow.people import Actor
from workflow.stages import films
from workflow.stages.views import UploadView
from workflow.store.tables import Blob, Job, Upload


def opened(people: Team, file: Path, **options: str) -> UploadView:
    """An upload whose bytes are all here."""
    size = file.stat().st_size
    upload = stages.open_upload(
        people.house,
        people.producer,
        people.project_id,
        **{"name": "film.mp4", "length": size, **options},
    )
    shutil.copyfile(file, people.house.settings.upload_dir / upload.id)
    stages.commit_offset(people.house, upload.id, size)
    return upload


def leftovers(people: Team) -> list[Path]:
    settings = people.house.settings
    return [*settings.upload_dir.iterdir(), *settings.work_dir.iterdir()]


def test_a_finished_upload_is_a_film_with_its_ingest_queued(people: Team, film_file: Path) -> None:
    upload = opened(people, film_file, sha256=sha256_of(film_file))
    film = stages.finish_upload(people.house, people.producer, upload.id)
    assert (film.state, film.hash, film.name) == ("ingesting", sha256_of(film_file), "film.mp4")
    assert film.job is not None
    assert film.job.state == "queued"
    assert stages.upload_view(people.house, upload.id).film_id == film.id
    assert leftovers(people) == []


def test_finishing_twice_is_as_finishing_once(people: Team, film_file: Path) -> None:
    upload = opened(people, film_file)
    first = stages.finish_upload(people.house, people.producer, upload.id)
    assert stages.finish_upload(people.house, people.producer, upload.id).id == first.id


def test_43_the_same_film_again_is_stored_once_and_is_the_same_film(
    people: Team, film_file: Path
) -> None:
    ids = {
        stages.finish_upload(people.house, people.producer, opened(people, film_file).id).id
        for _ in range(2)
    }
    assert len(ids) == 1
    with people.house.read() as session:
        assert len(session.scalars(select(Job)).all()) == 1


def test_43_the_same_film_in_another_project_is_another_film_over_one_blob(
    people: Team, film_file: Path
) -> None:
    producer = Actor(people.producer_id, may_create_projects=True)
    other = stages.create_project(people.house, producer, "Other")
    first = stages.add_film_file(
        people.house, people.producer, people.project_id, film_file, "a.mp4"
    )
    second = stages.add_film_file(people.house, people.producer, other.id, film_file, "b.mp4")
    assert first.id != second.id
    with people.house.read() as session:
        assert len(session.scalars(select(Blob)).all()) == 1


def test_42_a_file_that_changed_on_its_way_is_refused(people: Team, film_file: Path) -> None:
    upload = opened(people, film_file, sha256="0" * 64)
    with pytest.raises(BadInput, match="HASH_MISMATCH"):
        stages.finish_upload(people.house, people.producer, upload.id)
    now = stages.upload_view(people.house, upload.id)
    assert now.state == "refused"
    assert now.error is not None
    assert now.error["code"] == "HASH_MISMATCH"
    assert leftovers(people) == []


def test_01_an_hls_playlist_named_mp4_is_refused_and_no_film_is_made(
    people: Team, tmp_path: Path
) -> None:
    canary = tmp_path / "canary.mp4"
    canary.write_bytes(b"secret")
    file = tmp_path / "playlist"
    file.write_text(f"#EXTM3U\n#EXTINF:10,\nfile://{canary}\n#EXT-X-ENDLIST\n")
    upload = opened(people, file)
    with pytest.raises(BadInput, match="NOT_A_VIDEO_CONTAINER"):
        stages.finish_upload(people.house, people.producer, upload.id)
    with people.house.read() as session:
        assert session.scalars(select(Job)).all() == []
        assert session.scalars(select(Blob)).all() == []
    assert leftovers(people) == []


def test_13_an_empty_file_is_refused_before_it_is_sent(people: Team) -> None:
    with pytest.raises(BadInput, match="EMPTY"):
        stages.open_upload(people.house, people.producer, people.project_id, name="a.mp4", length=0)


def test_a_film_of_more_than_twelve_gib_is_refused_before_it_is_sent(people: Team) -> None:
    with pytest.raises(BadInput, match="TOO_LARGE"):
        stages.open_upload(
            people.house, people.producer, people.project_id, name="a.mp4", length=13 << 30
        )


def test_45_a_name_with_a_path_is_shown_without_it(people: Team) -> None:
    upload = stages.open_upload(
        people.house, people.producer, people.project_id, name="../../x.mp4", length=5
    )
    assert upload.name == "x.mp4"


def test_an_upload_with_bytes_missing_is_not_finished(people: Team, film_file: Path) -> None:
    upload = opened(people, film_file)
    stages.commit_offset(people.house, upload.id, 5)
    with pytest.raises(Conflict, match="UPLOAD_INCOMPLETE"):
        stages.finish_upload(people.house, people.producer, upload.id)


def test_a_dropped_upload_is_gone_with_its_bytes(people: Team, film_file: Path) -> None:
    upload = opened(people, film_file)
    stages.drop_upload(people.house, people.producer, upload.id)
    assert leftovers(people) == []
    with pytest.raises(Conflict, match="UPLOAD_CLOSED"):
        stages.commit_offset(people.house, upload.id, 0)
    with pytest.raises(Conflict, match="UPLOAD_CLOSED"):
        stages.finish_upload(people.house, people.producer, upload.id)


def test_an_upload_without_a_byte_for_a_week_is_gone(people: Team, film_file: Path) -> None:
    old, fresh = opened(people, film_file), opened(people, film_file)
    with people.house.write() as session:
        session.execute(update(Upload).where(Upload.id == old.id).values(expires_at=1))
    assert films.drop_expired_uploads(people.house) == 1
    assert stages.upload_view(people.house, old.id).state == "gone"
    assert [path.name for path in leftovers(people)] == [fresh.id]


def test_a_full_disk_refuses_new_films(people: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "_LEAST_FREE", 1 << 60)
    total = shutil.disk_usage(people.house.settings.upload_dir).total
    usage = shutil._ntuple_diskusage(total, total, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ToolFailed, match="DISK_LOW"):
        stages.open_upload(people.house, people.producer, people.project_id, name="a.mp4", length=5)


def test_t19_a_project_has_room_for_so_many_films(
    people: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_film(people)
    monkeypatch.setattr(films, "PROJECT_BYTES", 60)
    with pytest.raises(Conflict, match="QUOTA"):
        stages.open_upload(
            people.house, people.producer, people.project_id, name="a.mp4", length=50
        )


def test_a_file_of_a_film_is_had_by_its_role(people: Team) -> None:
    film = ready_film(people)
    found = stages.film_file(people.house, film, "proxy240")
    assert people.house.blobs.size(found.sha256) == found.size
    assert found.name == "film.proxy240.mp4"
    with pytest.raises(NotFound, match="NOT_FOUND"):
        stages.film_file(people.house, film, "proxy480")


def test_f25_a_lost_file_is_said_to_be_missing_and_comes_back_when_it_does(people: Team) -> None:
    film = ready_film(people)
    file = people.house.blobs.path(stages.film_file(people.house, film, "poster").sha256)
    aside = file.rename(file.with_name("aside"))
    stages.sweep(people.house, lambda queue, job_id: None)
    assert "poster" not in stages.film_view(people.house, film).files
    with pytest.raises(NotFound, match="BLOB_MISSING"):
        stages.film_file(people.house, film, "poster")
    aside.rename(file)
    stages.sweep(people.house, lambda queue, job_id: None)
    assert "poster" in stages.film_view(people.house, film).files
