"""Packages of finished films, what a render would cost, and what a file is."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import zipfile
from pathlib import Path

import av
import imageio_ffmpeg
import pytest
from sqlalchemy import select, update

from tests.builders import Team, approved, edit, ready_film, sha256_of, srt, submitted, track_on
from tests.stages.finished import approved_version, finished
from workflow import stages
from workflow.errors import BadInput, Conflict, NotFound
from workflow.people import Actor
from workflow.stages.views import PackageView, RenderView, VersionView
from workflow.store.tables import Audit, Blob, PackageFile, Render, TrackVersion


@pytest.fixture
def version(people: Team) -> VersionView:
    return approved_version(people)


def made(
    people: Team, version: VersionView, kind: str = "delivery", **choice: list[str]
) -> PackageView:
    package = stages.start_package(people.house, people.producer, version.id, kind, **choice)
    stages.run_waiting(people.house)
    return stages.package_view(people.house, package.id)


def bytes_of(people: Team, package: PackageView) -> bytes:
    archive = stages.package_archive(people.house, package.id)
    return b"".join(archive.blocks(people.house, 0, archive.size))


@pytest.mark.database
def test_a_delivery_holds_films_subtitles_and_where_everything_came_from(
    people: Team, version: VersionView, film_file: Path
) -> None:
    finished(people, version, film_file)
    package = made(people, version, formats=["srt", "ass", "ttml"])
    assert package.job.state == "done", package.job.error
    data = bytes_of(people, package)
    assert (len(data), hashlib.sha256(data).hexdigest()) == (package.size, package.sha256)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert [name.partition("/")[2] for name in names] == [
            "films/film.tk.v1.burned.mp4",
            "subtitles/film.tk.v1.srt",
            "subtitles/film.tk.v1.ass",
            "subtitles/film.tk.v1.ttml",
            "poster.jpg",
            "report.json",
            "report.txt",
            "README.txt",
            "manifest.json",
            "SHA256SUMS",
        ]
        body = json.loads(archive.read("film.tk.v1/manifest.json"))
        report = json.loads(archive.read("film.tk.v1/report.json"))
    assert body["approval"]["reviewer"]["name"] == "Murat"
    assert body["track"]["track_hash"] == version.track_hash
    assert body["tools"]["terjime"]
    # The tone of the film: a sine of -18 dBFS in stereo terms, measured, not believed.
    assert -40 < report["films"][0]["loudness"]["lufs"] < -10
    assert [f["name"] for f in package.files] == names
    with people.house.read() as session:
        done = session.scalars(select(Audit).where(Audit.action == "package.done")).one()
    assert done.details["output"] == package.sha256


def test_the_same_choice_is_the_same_package_and_its_bytes_do_not_depend_on_the_day(
    people: Team, version: VersionView, film_file: Path
) -> None:
    finished(people, version, film_file)
    first = made(people, version)
    again = stages.start_package(people.house, people.producer, version.id, "delivery")
    assert (again.id, again.sha256) == (first.id, first.sha256)
    other = made(people, version, formats=["vtt", "srt"])
    assert other.id != first.id
    # A house that lost the rows makes the very same archive once more.
    archive = stages.package_archive(people.house, first.id)
    assert archive.sha256 == hashlib.sha256(bytes_of(people, first)).hexdigest()


def test_a_training_room_takes_what_every_browser_plays_and_refuses_the_rest(
    people: Team, version: VersionView, film_file: Path, tmp_path: Path
) -> None:
    mkv = finished(people, version, film_file, form="soft-mkv")
    with pytest.raises(Conflict, match="NOTHING_RENDERED"):
        stages.start_package(people.house, people.producer, version.id, "room")
    finished(people, version, film_file, form="soft-mp4")
    with pytest.raises(BadInput, match="PACKAGE"):
        stages.start_package(people.house, people.producer, version.id, "room", renders=[mkv])
    room = made(people, version, "room")
    assert room.job.state == "done", room.job.error
    with zipfile.ZipFile(io.BytesIO(bytes_of(people, room))) as archive:
        page = archive.read("film.tk.v1-room/index.html").decode()
    assert "Ýagdaýlaryňyz nähili?" in page
    assert '"file": "films/film.tk.v1.soft-mp4.mp4"' in page

    odd = tmp_path / "odd.mp4"
    subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"),
            *("-i", "testsrc2=size=160x120:rate=25:duration=1", "-c:v", "mpeg4", str(odd)),
        ],
        check=True,
    )
    finished(people, version, odd, crf=21)
    refused = made(people, version, "room")
    assert refused.job.state == "failed"
    assert (refused.job.error or {})["code"] == "NOT_FOR_BROWSERS"


def test_only_an_approved_version_with_a_finished_film_is_packed(
    people: Team, version: VersionView, film_file: Path
) -> None:
    with pytest.raises(Conflict, match="NOTHING_RENDERED"):
        stages.start_package(people.house, people.producer, version.id, "delivery")
    finished(people, version, film_file)
    with pytest.raises(BadInput, match="PACKAGE"):
        stages.start_package(people.house, people.producer, version.id, "parcel")
    with pytest.raises(BadInput, match="FORMAT"):
        stages.start_package(people.house, people.producer, version.id, "delivery", formats=["doc"])
    waiting = stages.start_package(people.house, people.producer, version.id, "delivery")
    stages.revoke(people.house, people.producer, version.id, "A mistake was found.")
    with pytest.raises(Conflict, match="NOT_APPROVED"):
        stages.start_package(people.house, people.producer, version.id, "room")
    stages.run_waiting(people.house)  # the approval ended while the job waited
    view = stages.package_view(people.house, waiting.id)
    assert (view.job.state, (view.job.error or {})["code"]) == ("failed", "NOT_APPROVED")
    with pytest.raises(NotFound):
        stages.package_archive(people.house, waiting.id)


def test_a_film_that_was_damaged_in_the_store_never_goes_out(
    people: Team, version: VersionView, film_file: Path
) -> None:
    finished(people, version, film_file)
    path = people.house.blobs.existing(sha256_of(film_file))
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    package = made(people, version)
    assert (package.job.error or {})["code"] == "BLOB_DAMAGED"


def test_a_package_whose_file_the_store_lost_says_which(
    people: Team, version: VersionView, film_file: Path
) -> None:
    finished(people, version, film_file)
    package = made(people, version)
    with people.house.write() as session:
        lost = session.scalars(select(PackageFile).where(PackageFile.position == 1)).one()
        session.execute(update(Blob).where(Blob.sha256 == lost.sha256).values(state="missing"))
    with pytest.raises(NotFound, match="BLOB_MISSING"):
        stages.package_archive(people.house, package.id)


# --- the plan -------------------------------------------------------------------------------------


def test_the_plan_tells_segments_size_and_time_before_anything_is_started(
    people: Team, film_file: Path
) -> None:
    version = approved_version(people, seconds=60)
    plan = stages.plan_final(people.house, version.id, None)
    assert (plan.segments, plan.missing, plan.missing_frames) == (30, 30, 1500)
    assert (plan.width, plan.height, plan.render) == (320, 240, None)
    assert plan.seconds >= 1
    assert not plan.measured
    small = stages.plan_final(people.house, version.id, {"height": 120})
    assert (small.width, small.height) == (160, 120)
    assert small.bytes < plan.bytes
    soft = stages.plan_final(people.house, version.id, {"form": "soft-mp4"})
    assert (soft.segments, soft.missing) == (0, 0)
    with pytest.raises(BadInput, match="FORM"):
        stages.plan_final(people.house, version.id, {"form": "review"})
    render = finished(people, version, film_file)
    assert stages.plan_final(people.house, version.id, None).render == render


# --- two languages --------------------------------------------------------------------------------


def in_russian(people: Team, film_id: str) -> str:
    """A track of the film in Russian; its id."""
    return stages.import_track(
        people.house,
        people.translator,
        film_id,
        srt((0.4, 1.2, "Здравствуйте!")),
        name="ru.srt",
        language="ru",
    ).summary.id


def start(people: Team, version: VersionView, **recipe: object) -> RenderView:
    return stages.start_render(people.house, people.producer, version.id, recipe)


@pytest.fixture
def real_film(people: Team, film_file: Path) -> str:
    film = stages.add_film_file(
        people.house, people.producer, people.project_id, film_file, "film.mp4"
    )
    stages.run_waiting(people.house)
    return film.id


def test_a_film_has_two_languages_when_both_are_approved(people: Team, real_film: str) -> None:
    house, russian = people.house, {"language": "ru"}
    cues = srt((0.3, 1.5, "Salam!"))
    version = approved(people, track_on(people, real_film, cues).summary.id)
    other = in_russian(people, real_film)
    for form in ("burned", "soft-mkv"):
        with pytest.raises(Conflict, match="No other track of this film is approved in ru"):
            start(people, version, form=form, second=russian)
    assert stages.second_languages(house, version.track_id) == {}
    beside = approved(people, other)
    assert stages.second_languages(house, version.track_id) == {"ru": 1}
    plan = stages.plan_final(house, version.id, {"second": russian})
    assert plan.missing == plan.segments

    burned = start(people, version, second=russian)
    soft = start(people, version, form="soft-mkv", second=russian)
    assert start(people, version, second=russian).id == burned.id
    assert start(people, version).id != burned.id
    assert stages.plan_final(house, version.id, {"second": russian}).render == burned.id
    stages.run_waiting(house)
    burned, soft = (stages.render_view(house, render.id) for render in (burned, soft))
    assert (burned.job.state, soft.job.state) == ("done", "done"), burned.job.error
    assert burned.file_name == "film.tk+ru.v1.mp4"
    manifest = json.loads(house.blobs.read(stages.render_manifest(house, burned.id).sha256))
    assert manifest["second_track"]["track_hash"] == beside.track_hash
    assert {verdict["track_hash"] for verdict in manifest["verdicts"]} == {
        version.track_hash,
        beside.track_hash,
    }
    with av.open(str(house.blobs.existing(soft.sha256 or ""))) as media:
        assert [stream.language for stream in media.streams.subtitles] == ["tuk", "rus"]

    edit(people, other, _1="Привет!")
    newer = approved(
        people, other
    )  # the old film stays what it was; asked for again it is another one
    assert newer.number == 2
    assert start(people, version, second=russian).id != burned.id


def test_a_still_shows_the_letters_as_the_film_will_and_is_drawn_once(
    people: Team, real_film: str, film_file: Path
) -> None:
    cues = srt((0.2, 0.4, "Ş"), (0.6, 1.4, "Salam dünýä!"))
    version = approved(people, track_on(people, real_film, cues).summary.id)
    still = stages.still_of_final(people.house, version.id, None)
    render = start(people, version)
    stages.run_waiting(people.house)
    film = stages.render_file(people.house, render.id)
    with av.open(str(people.house.blobs.existing(film.sha256))) as media:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in media.decode(video=0)]
    with av.open(str(still), format="png_pipe") as picture:
        (drawn,) = [f.to_ndarray(format="rgb24").astype(int) for f in picture.decode(video=0)]
    nearest = min(range(len(frames)), key=lambda n: abs(frames[n] - drawn).mean())
    assert nearest == 25  # the middle of the longer cue
    assert abs(frames[25] - drawn).mean() < 4
    assert stages.still_of_final(people.house, version.id, None) == still
    assert stages.still_of_final(people.house, version.id, {"height": 120}) != still
    with pytest.raises(BadInput, match="FORM"):
        stages.still_of_final(people.house, version.id, {"form": "soft-mp4"})


def test_a_final_never_looks_otherwise_than_what_was_watched(people: Team) -> None:
    film = ready_film(people)
    version = approved(people, track_on(people, film).summary.id)
    approved(people, in_russian(people, film))
    for looks in (
        {"style": {"size": 90}},
        {"watermark": "Merdan"},
        {"second": {"language": "ru", "place": "under"}},
    ):
        with pytest.raises(Conflict, match="NOT_APPROVED") as refused:
            start(people, version, **looks)
        assert refused.value.details["style"] is True
    start(people, version, form="soft-mp4", second={"language": "ru", "place": "under"})


def test_a_review_build_shows_numbers_and_a_watermark_when_asked_to(
    people: Team, real_film: str
) -> None:
    house = people.house
    version = submitted(people, track_on(people, real_film, srt((0.3, 1.5, "Salam!"))).summary.id)
    other = stages.request_build(
        house, people.reviewer, version.id, numbers=True, watermark="Merdan"
    )
    assert other.id != version.builds[0].id
    stages.run_waiting(house)
    plain, marked = stages.review_view(house, version.id, people.reviewer).version.builds
    assert (plain.job.state, marked.job.state) == ("done", "done")
    assert plain.build_hash != marked.build_hash
    again = stages.request_build(
        house, people.reviewer, version.id, numbers=True, watermark="Merdan"
    )
    assert again.id == other.id
    with pytest.raises(BadInput, match="RECIPE"):
        stages.request_build(house, people.reviewer, version.id, watermark="x" * 81)


# --- what is this file? ---------------------------------------------------------------------------


def test_bytes_say_exactly_what_they_are_and_a_tag_what_they_were_made_from(
    people: Team, version: VersionView, film_file: Path
) -> None:
    house, murat = people.house, people.reviewer
    render_id = finished(people, version, film_file)
    package = made(people, version)
    exact = stages.what_is(house, murat, sha256_of(film_file))
    assert (exact.kind, exact.matched, exact.id) == ("render", "bytes", render_id)
    assert (exact.film, exact.language, exact.version) == ("film.mp4", "tk", 1)
    assert (exact.approved_by, exact.current, exact.recipe and exact.recipe["form"]) == (
        "Murat",
        True,
        "burned",
    )
    with house.read() as session:
        recipe = session.get_one(Render, render_id).recipe_hash
        film = stages.track_view(house, version.track_id, murat).film.hash
    tag = (
        f"Terjime final · track {version.track_hash[:16]} · film {film[:16]} · recipe {recipe[:16]}"
    )
    tagged = stages.what_is(house, murat, f"{'0' * 64} {tag}")
    assert (tagged.kind, tagged.matched, tagged.id) == ("render", "tag", render_id)
    stamp = f"film · track v1 · {version.track_hash[:8]} · 2026-11-24 10:15 UTC · REVIEW"
    assert stages.what_is(house, murat, stamp).kind == "build"
    assert stages.what_is(house, murat, package.sha256 or "").kind == "package"
    srt_file = next(f for f in package.files if f["name"].endswith(".srt"))
    inside = stages.what_is(house, murat, srt_file["sha256"])
    assert (inside.kind, inside.file_name) == ("package", srt_file["name"])
    for wrong in ("0" * 64, "nothing at all", tag.replace(film[:16], "0" * 16), "%" * 9):
        with pytest.raises(NotFound, match="UNKNOWN_FILE"):
            stages.what_is(house, murat, wrong.replace(version.track_hash[:16], "f" * 16))


def test_a_file_of_an_overtaken_version_is_said_to_be_that(people: Team, film_file: Path) -> None:
    track = track_on(people, ready_film(people), srt((1, 2, "Bir"), (3, 4, "Iki"))).summary.id
    first = approved(people, track)
    finished(people, first, film_file)
    edit(people, track, _1="Üç")
    submitted(people, track)
    found = stages.what_is(people.house, people.translator, sha256_of(film_file))
    assert (found.state, found.current, found.version, found.latest) == ("stale", False, 1, 2)


def test_what_one_may_not_see_is_as_unknown_as_what_does_not_exist(
    people: Team, version: VersionView, film_file: Path
) -> None:
    finished(people, version, film_file)
    package = made(people, version)
    stages.remove_member(
        people.house, people.producer, people.project_id, people.translator_id, "translator"
    )
    stranger = Actor(people.translator_id)
    for text in (sha256_of(film_file), package.sha256 or "", version.track_hash[:8]):
        with pytest.raises(NotFound, match="UNKNOWN_FILE"):
            stages.what_is(people.house, stranger, text)
    assert (
        stages.what_is(people.house, Actor("x", is_admin=True), package.sha256 or "").version == 1
    )
    with people.house.read() as session:
        assert session.scalars(select(TrackVersion)).one().id == version.id
