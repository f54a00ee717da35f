"""Uploads become films; what is no film is refused and leaves nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from sqlalchemy import select, update

from tests.builders import Team, ready_film, sha256_of, submitted, track_on
from workflow import stages
from workflow.errors import BadInput, Conflict, NotFound, ToolFailed
from workflow.media.ffmpeg import find_ffmpeg
from workflow.people import Actor
from workflow.stages import films, uploads
from workflow.stages.views import UploadView
from workflow.store.collect import look_after
from workflow.store.tables import Blob, Film, FilmFile, Job, Upload


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
    assert uploads.drop_expired_uploads(people.house) == 1
    assert stages.upload_view(people.house, old.id).state == "gone"
    assert [path.name for path in leftovers(people)] == [fresh.id]


def test_a_full_disk_refuses_new_films(people: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    total = shutil.disk_usage(people.house.settings.upload_dir).total
    usage = shutil._ntuple_diskusage(total, total, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ToolFailed, match="DISK_LOW"):
        stages.open_upload(people.house, people.producer, people.project_id, name="a.mp4", length=5)


def test_t19_a_project_has_room_for_so_many_films(
    people: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_film(people)
    monkeypatch.setattr(uploads, "PROJECT_BYTES", 60)
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
    poster = stages.film_file(people.house, film, "poster").sha256
    file = people.house.blobs.existing(poster)
    aside = file.rename(file.with_name("aside"))
    look_after(people.house, poster[:2])
    assert "poster" not in stages.film_view(people.house, film).files
    with pytest.raises(NotFound, match="BLOB_MISSING"):
        stages.film_file(people.house, film, "poster")
    aside.rename(file)
    look_after(people.house, poster[:2])
    assert "poster" in stages.film_view(people.house, film).files


# Several sounds


def film_of_three_sounds(people: Team, tmp_path: Path) -> str:
    """Two seconds, tones of 300, 600 and 900 Hz in Russian, English and a language not said; ingested."""
    file = tmp_path / "three.mkv"
    tones = [part for hz in (300, 600, 900) for part in ("-f", "lavfi", "-i", f"sine={hz}:d=2")]
    maps = [part for n in range(4) for part in ("-map", str(n))]
    arguments = ["-f", "lavfi", "-i", "testsrc=s=128x96:r=25:d=2", *tones, *maps]
    arguments += ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    arguments += ["-metadata:s:a:0", "language=rus", "-metadata:s:a:1", "language=eng"]
    command = [find_ffmpeg(), "-nostdin", "-v", "error", *arguments, str(file)]
    subprocess.run(command, check=True)
    film = stages.add_film_file(people.house, people.producer, people.project_id, file, "f.mkv")
    stages.run_waiting(people.house)
    return film.id


def pitch(people: Team, film_id: str, role: str) -> int:
    with people.house.read() as session:
        sha256 = session.get(FilmFile, {"film_id": film_id, "role": role}).sha256
    with av.open(str(people.house.blobs.existing(sha256))) as media:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48000)
        parts = [p.to_ndarray() for f in media.decode(audio=0) for p in resampler.resample(f)]
    sound = np.concatenate(parts, axis=1)[0][:48000]
    return int(np.argmax(np.abs(np.fft.rfft(sound))))


def test_33_the_sound_in_the_source_language_is_used_until_somebody_chooses_another(
    people: Team, tmp_path: Path
) -> None:
    film = film_of_three_sounds(people, tmp_path)
    view = stages.film_view(people.house, film)
    assert [(s.number, s.language, s.used) for s in view.sounds] == [
        (0, "ru", False),
        (1, "en", True),
        (2, None, False),
    ]
    assert {pitch(people, film, role) for role in ("sound", "proxy240")} == {600}
    with people.house.read() as session:
        picture = session.get(FilmFile, {"film_id": film, "role": "mezzanine"}).sha256

    queued = stages.start_choosing_sound(people.house, people.producer, film, 2)
    assert queued.job is not None
    with pytest.raises(Conflict, match="SOUND_BUSY"):
        stages.start_choosing_sound(people.house, people.producer, film, 0)
    stages.run_waiting(people.house)
    after = stages.film_view(people.house, film)
    assert [sound.used for sound in after.sounds] == [False, False, True]
    assert after.job is None
    assert {pitch(people, film, role) for role in ("sound", "proxy240")} == {900}
    with people.house.read() as session:
        assert session.get(FilmFile, {"film_id": film, "role": "mezzanine"}).sha256 == picture
        known = films.known_film(session, session.get(Film, film))
    assert (known.sound, known.mended) == (2, False)

    again = stages.start_choosing_sound(people.house, people.producer, film, 2)
    assert again.job is None
    with pytest.raises(BadInput, match="SOUND_NUMBER"):
        stages.start_choosing_sound(people.house, people.producer, film, 3)


def test_the_sound_of_a_film_that_was_submitted_stays(people: Team) -> None:
    film = ready_film(people)
    sound = {"type": "audio", "codec": "aac", "channels": 2, "language": None}
    facts = {"streams": [sound | {"index": 1}, sound | {"index": 2}], "mezzanine": {"sound": 1}}
    with people.house.write() as session:
        session.execute(update(Film).where(Film.id == film).values(facts=facts))
    version = submitted(people, track_on(people, film).summary.id)
    with pytest.raises(Conflict, match="SOUND_IN_USE"):
        stages.start_choosing_sound(people.house, people.producer, film, 0)
    stages.withdraw(people.house, people.translator, version.id)
    assert stages.start_choosing_sound(people.house, people.producer, film, 0).job is not None
