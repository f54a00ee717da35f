"""The whole way of a film, with real engines on a film of six seconds, without queue or web."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from tests.builders import (
    Team,
    edit,
    settings_in,
    sha256_of,
    srt,
    submitted,
    team,
    track_on,
    verdict_on,
)
from workflow import stages
from workflow.errors import BadInput, Conflict
from workflow.stages import jobs, rendering
from workflow.stages.running import run_claimed
from workflow.stages.views import FilmView, RenderView, VersionView
from workflow.store import audit, ledger
from workflow.store.house import House, open_house

LINES = srt((0.5, 1.6, "Salam!"), (2.2, 3.4, "Ýagdaýlaryňyz nähili?"), (4.4, 5.6, "Sag boluň."))


@pytest.fixture(scope="module")
def six_seconds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """160x120, 25 frames a second: three groups of pictures."""
    path = tmp_path_factory.mktemp("six") / "film.mp4"
    subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"),
            *("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=6"),
            *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=6"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-shortest", str(path)),
        ],
        check=True,
    )
    return path


@dataclass(frozen=True)
class Approved:
    """A film in a house of its own, with its track approved."""

    people: Team
    film: FilmView
    version: VersionView

    @property
    def house(self) -> House:
        return self.people.house

    def rendered(self, **recipe: str) -> RenderView:
        render = stages.start_render(self.house, self.people.producer, self.version.id, recipe)
        stages.run_waiting(self.house)
        return stages.render_view(self.house, render.id)


def approved_in(folder: Path, film_file: Path) -> Approved:
    house = open_house(settings_in(folder))
    people = team(house)
    film = stages.add_film_file(house, people.producer, people.project_id, film_file, "film.mp4")
    stages.run_waiting(house)
    track_id = track_on(people, film.id, LINES).summary.id
    version = submitted(people, track_id)
    stages.run_waiting(house)
    watched = stages.review_view(house, version.id, people.reviewer).version
    return Approved(people, stages.film_view(house, film.id), verdict_on(people, watched))


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, six_seconds: Path) -> Approved:
    return approved_in(tmp_path_factory.mktemp("ready"), six_seconds)


def test_an_ingested_film_has_what_everybody_needs(ready: Approved, six_seconds: Path) -> None:
    film = ready.film
    assert (film.state, film.hash) == ("ready", sha256_of(six_seconds))
    assert (film.rate, film.frames, film.width, film.height) == ([25, 1], 150, 160, 120)
    assert set(film.files) == {"proxy240", "poster", "peaks", "thumbs", "thumbs-index"}
    for role in ("mezzanine", "sound", "speech"):
        found = stages.film_file(ready.house, film.id, role)
        assert ready.house.blobs.size(found.sha256) == found.size


def test_a_review_build_says_what_it_is_and_puts_its_version_in_review(ready: Approved) -> None:
    (build,) = ready.version.builds
    file = stages.build_file(ready.house, build.id)
    track_hash = ready.version.track_hash
    assert file.name == f"film.tk.v1.{track_hash[:8]}.REVIEW.mp4"
    with av.open(str(ready.house.blobs.path(file.sha256)), format="mp4") as opened:
        assert track_hash[:8] in opened.metadata["comment"]
        assert opened.streams.video[0].frames == 150
    found = stages.what_is(ready.house, ready.people.reviewer, file.sha256)
    assert (found.kind, found.version, found.matched) == ("build", 1, "bytes")


def test_an_approved_film_is_rendered_with_a_manifest_of_what_went_in(ready: Approved) -> None:
    render = ready.rendered()
    assert render.job.state == "done"
    file = stages.render_file(ready.house, render.id)
    manifest = json.loads(
        ready.house.blobs.read(stages.render_manifest(ready.house, render.id).sha256)
    )
    assert manifest["output"]["sha256"] == file.sha256 == render.sha256
    assert manifest["film"]["sha256"] == ready.film.hash
    assert manifest["track"]["track_hash"] == ready.version.track_hash
    assert manifest["verdicts"][0]["reviewer"]["id"] == ready.people.reviewer_id
    with av.open(str(ready.house.blobs.path(file.sha256)), format="mp4") as opened:
        assert opened.streams.video[0].frames == 150
        assert len(opened.streams.audio) == 1


@pytest.mark.parametrize("form", ["soft-mp4", "soft-mkv"])
def test_a_soft_form_copies_the_picture_and_carries_the_cues(ready: Approved, form: str) -> None:
    render = ready.rendered(form=form)
    assert render.job.error is None
    with av.open(str(ready.house.blobs.path(render.sha256 or ""))) as opened:
        assert opened.streams.subtitles[0].language == "tuk"


def test_the_final_film_does_not_depend_on_ids_names_or_the_time_of_day(
    ready: Approved, six_seconds: Path, tmp_path: Path
) -> None:
    again = approved_in(tmp_path, six_seconds)
    assert again.version.id != ready.version.id
    assert again.version.track_hash == ready.version.track_hash
    for form in ("burned", "soft-mp4", "soft-mkv"):
        assert again.rendered(form=form).sha256 == ready.rendered(form=form).sha256
    again.house.close()


def test_a_render_that_was_killed_in_the_middle_comes_out_the_same(
    ready: Approved, six_seconds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ready.rendered()
    other = approved_in(tmp_path, six_seconds)
    render = stages.start_render(other.house, other.people.producer, other.version.id, None)
    first = ledger.claim(other.house, render.job.id, "killed@here/1")
    assert first is not None
    kept: list[str] = []
    keep = rendering.LedgerSegments.put

    def keep_one(self: rendering.LedgerSegments, key: str, file: Path) -> None:
        if kept:
            raise ledger.lease_lost()  # as far as the ledger knows, the worker is dead
        kept.append(key)  # before it is kept: the next may come while this one is on its way
        keep(self, key, file)

    with monkeypatch.context() as patched:
        patched.setattr(rendering.LedgerSegments, "put", keep_one)
        run_claimed(other.house, first, jobs.KINDS["render"])
    assert stages.job_view(other.house, render.job.id).state == "running"
    ledger.give_up_on(other.house, render.job.id, "killed@here/1")
    stages.run_waiting(other.house)
    done = stages.render_view(other.house, render.id)
    assert done.job.attempt == 2
    assert done.sha256 == whole.sha256
    assert done.report is not None
    assert done.report["encoded_frames"] == 100  # of 150: what was kept is not encoded again
    other.house.close()


def test_one_changed_line_encodes_its_stretch_of_the_film_alone(
    six_seconds: Path, tmp_path: Path
) -> None:
    made = approved_in(tmp_path, six_seconds)
    made.rendered()
    edit(made.people, made.version.track_id, _3="Hoş!")
    version = submitted(made.people, made.version.track_id)
    stages.run_waiting(made.house)
    watched = stages.review_view(made.house, version.id, made.people.reviewer).version
    newer = Approved(made.people, made.film, verdict_on(made.people, watched))
    report = newer.rendered().report
    assert report is not None
    assert (report["frames"], report["encoded_frames"]) == (150, 50)
    made.house.close()


def test_a_render_whose_approval_ended_while_it_ran_is_not_shown(
    six_seconds: Path, tmp_path: Path
) -> None:
    made = approved_in(tmp_path, six_seconds)
    render = stages.start_render(made.house, made.people.producer, made.version.id, None)
    stages.revoke(made.house, made.people.producer, made.version.id, "Wrong name.")
    stages.run_waiting(made.house)
    now = stages.render_view(made.house, render.id)
    assert (now.job.state, now.sha256) == ("failed", None)
    assert now.job.error is not None
    assert now.job.error["code"] == "NOT_APPROVED"
    made.house.close()


def test_15_a_film_without_its_index_is_refused_when_it_comes(
    people: Team, six_seconds: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(six_seconds.read_bytes()[:20_000])
    with pytest.raises(BadInput, match="TRUNCATED"):
        stages.add_film_file(people.house, people.producer, people.project_id, cut, "cut.mp4")


def test_31_a_sound_as_a_film_fails_to_be_taken_in_and_another_try_is_another_film(
    people: Team, tmp_path: Path
) -> None:
    sound = tmp_path / "sound.wav"
    subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"),
            *("-f", "lavfi", "-i", "sine=duration=1", str(sound)),
        ],
        check=True,
    )
    film = stages.add_film_file(
        people.house, people.producer, people.project_id, sound, "sound.wav"
    )
    stages.run_waiting(people.house)
    now = stages.film_view(people.house, film.id)
    assert now.state == "failed"
    assert now.error is not None
    assert now.error["code"] == "NO_VIDEO"
    with pytest.raises(Conflict, match="FILM_NOT_READY"):
        submitted(people, track_on(people, film.id, LINES).summary.id)
    again = stages.add_film_file(
        people.house, people.producer, people.project_id, sound, "sound.wav"
    )
    assert again.id != film.id


def test_the_audit_of_the_whole_way_holds(ready: Approved) -> None:
    with ready.house.read() as session:
        assert audit.first_break(session) is None
