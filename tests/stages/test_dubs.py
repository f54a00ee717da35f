"""A dub from script to stems, over a real house; takes are spoken by the guide voice or are plain tones."""

from __future__ import annotations

import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from tests.builders import (
    Team,
    built,
    edit,
    ready_film,
    srt,
    submitted,
    track_on,
    verdict_on,
)
from workflow import stages
from workflow.dub.loudness import measure_file
from workflow.dub.sound import RATE, decoded, write_wav
from workflow.dub.voice import speak
from workflow.errors import BadInput, Conflict, NotFound
from workflow.render.recipe import MixSettings
from workflow.stages.documents import load_cues
from workflow.stages.drafts import draft_row
from workflow.stages.dubs import dub_row
from workflow.stages.mixes import make_mix, script_of
from workflow.stages.recordings import receive_long, receive_stem
from workflow.stages.segments import LedgerSegments
from workflow.stages.views import VersionView
from workflow.store.house import House
from workflow.timebase import from_ms
from workflow.tracks.document import cues_from_request

SCRIPT = srt(
    (1.0, 4.0, "[Saz]\nSalam, dostlar."),
    (5.0, 7.0, "Biz bu ýerde"),
    (7.1, 9.0, "hemmämiz deňdiris."),
    (10.0, 12.0, "♪ ♪"),
    (13.0, 15.0, "Sag boluň."),
)


def dub_on(team: Team, film_id: str = "", data: bytes = SCRIPT, **options: object) -> str:
    film = film_id or ready_film(team)
    track = track_on(team, film, data).summary.id
    return stages.create_dub(team.house, team.translator, film, track, **options).track  # type: ignore[arg-type]


def test_lines_are_what_is_spoken_of_the_subtitles(house: House, people: Team) -> None:
    dub = stages.dub_view(house, dub_on(people, merge=True))
    assert [line.text for line in dub.lines] == [
        "Salam, dostlar.",
        "Biz bu ýerde hemmämiz deňdiris.",
        "Sag boluň.",
    ]
    assert {line.status for line in dub.lines} == {"to_record"}
    assert dub.missing == [1, 2, 3]


def test_a_script_with_nothing_to_say_makes_no_dub(house: House, people: Team) -> None:
    with pytest.raises(BadInput, match="SCRIPT_EMPTY"):
        dub_on(people, data=srt((1, 2, "[Saz]"), (3, 4, "♪")))


def test_a_full_dub_needs_its_stem(house: House, people: Team) -> None:
    with pytest.raises(BadInput, match="STEM_MISSING"):
        dub_on(people, settings={"mode": "full"})
    with pytest.raises(NotFound):
        dub_on(people, settings={"mode": "full", "stem": "0" * 64})
    with pytest.raises(BadInput, match="RECIPE"):
        dub_on(people, settings={"style": "opera"})


def test_a_line_is_changed_like_a_cue_and_what_others_changed_stays(
    house: House, people: Team
) -> None:
    track = dub_on(people)
    seen = stages.dub_view(house, track)
    first, second = seen.lines[0].uid, seen.lines[1].uid
    stages.change_line(house, people.translator, track, first, {"speaker": "Ayna"}, seen.etag)
    now = stages.change_line(
        house, people.translator, track, second, {"on_screen": True, "text": "Biz"}, seen.etag
    )
    assert (now.lines[0].speaker, now.lines[1].on_screen, now.lines[1].text) == (
        "Ayna",
        True,
        "Biz",
    )
    with pytest.raises(Conflict, match="DRAFT_CHANGED"):
        stages.change_line(house, people.translator, track, first, {"speaker": "Jeren"}, seen.etag)
    assert len(stages.draft_history(house, track)) == 3
    back = stages.restore_save(house, people.translator, track, 1)
    assert [cue["text"] for cue in back.cues] == [line.text for line in seen.lines]


def test_lines_are_merged_and_split(house: House, people: Team) -> None:
    track = dub_on(people)
    view = stages.dub_view(house, track)
    uids = [line.uid for line in view.lines]
    one = stages.merge_lines(house, people.translator, track, uids[1:3], view.etag)
    assert one.lines[1].text == "Biz bu ýerde hemmämiz deňdiris."
    two = stages.split_line(
        house,
        people.translator,
        track,
        uids[1],
        at_character=12,
        at_time=from_ms(7000),
        etag=one.etag,
    )
    assert [line.text for line in two.lines[1:3]] == ["Biz bu ýerde", "hemmämiz deňdiris."]


def test_takes_of_merged_lines_stay_listed_and_come_back_with_an_undo(
    house: House, people: Team
) -> None:
    track = dub_on(people)
    record(people, track, 2)
    record(people, track, 3, pitch=400)
    before = stages.dub_view(house, track)
    second, third = before.lines[1], before.lines[2]
    one = stages.merge_lines(house, people.translator, track, [second.uid, third.uid], before.etag)
    line = one.lines[1]
    assert (line.status, line.take, line.takes) == (
        "to_record",
        None,
        [second.take, third.take],
    )
    assert {one.takes[take]["stale"] for take in line.takes} == {True}
    with pytest.raises(NotFound, match="NO_SUCH_TAKE"):
        stages.change_line(
            house, people.translator, track, line.uid, {"take": third.take}, one.etag
        )

    # Somebody else changes another line: the undo leaves it, the redo does too.
    first = {"speaker": "Ayna"}
    stages.change_line(house, people.translator, track, one.lines[0].uid, first, one.etag)
    back = stages.undo_change(house, people.translator, track, before.etag, one.etag)
    assert [(x.text, x.take, x.takes) for x in back.lines[1:]] == [
        (x.text, x.take, x.takes) for x in before.lines[1:]
    ]
    again = stages.undo_change(house, people.translator, track, one.etag, before.etag)
    assert [x.speaker for x in again.lines] == ["Ayna", "", ""]
    assert again.lines[1].takes == line.takes
    elsewhere = stages.dub_view(house, dub_on(people)).etag
    with pytest.raises(Conflict, match="DRAFT_CHANGED"):
        stages.undo_change(house, people.translator, track, elsewhere, again.etag)


def test_lines_of_two_speakers_are_not_merged(house: House, people: Team) -> None:
    track = dub_on(people)
    view = stages.dub_view(house, track)
    for line, speaker in zip(view.lines[:2], ("Ayna", "Jeren"), strict=True):
        change = {"speaker": speaker}
        view = stages.change_line(house, people.translator, track, line.uid, change, view.etag)
    uids = [line.uid for line in view.lines[:2]]
    with pytest.raises(BadInput, match=r"TWO_SPEAKERS.*Ayna, Jeren"):
        stages.merge_lines(house, people.translator, track, uids, view.etag)


def test_a_draft_names_only_takes_of_its_own_lines(house: House, people: Team) -> None:
    film = ready_film(people)
    dub = dub_on(people, film)
    subtitle = track_on(people, film).summary.id
    for track, code in ((dub, "NO_SUCH_TAKE"), (subtitle, "NO_DUB")):
        draft = stages.draft(house, track)
        cues = cues_from_request(draft.cues)
        named = (replace(cues[0], take="a" * 64), *cues[1:])
        with pytest.raises(BadInput, match=code):
            stages.save_draft(house, people.translator, track, draft.etag, named)
    with pytest.raises(BadInput, match="KIND"):
        stages.dub_view(house, subtitle)


def test_every_page_of_tracks_lists_a_dub_too(house: House, people: Team) -> None:
    film = ready_film(people)
    track = dub_on(people, film)
    edit(people, track, _1="Salam.")
    version = submitted(people, track)
    assert version.number == 1
    summary = stages.track_view(house, track, people.translator).summary
    assert (summary.kind, summary.translator) == ("dub", "Ayna")
    assert any(item.track.id == track for item in stages.my_work(house, people.translator))
    assert stages.findings(house, track) == []
    assert stages.export(house, track, "srt")[1]
    stages.film_view(house, film)
    stages.project_view(house, people.project_id, people.translator)


# --- heard, located, reviewed, delivered --------------------------------------------------------


@pytest.fixture(scope="session")
def quarter_minute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 16 s with a tone all the way."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"),
            *("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=16"),
            *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=16"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-ac", "2", "-shortest", str(path)),
        ],
        check=True,
    )
    return path


def real_dub(people: Team, file: Path, name: str = "film.mp4", **options: object) -> str:
    house = people.house
    film = stages.add_film_file(house, people.producer, people.project_id, file, name)
    stages.run_waiting(house)
    return dub_on(people, film.id, merge=True, **options)


def record(people: Team, track: str, number: int, seconds: float = 1.0, pitch: float = 300) -> str:
    """A take of a line: a tone that is no voice, but sounds."""
    uid = stages.dub_view(people.house, track).lines[number - 1].uid
    with stages.scratch(people.house) as file:
        time = np.arange(round(seconds * RATE)) / RATE
        write_wav(file, (0.2 * np.sin(2 * np.pi * pitch * time)).astype(np.float32))
        return stages.receive_line(people.house, people.translator, track, file, line=uid).take


def reviewed(people: Team, track: str) -> VersionView:
    version = submitted(people, track)
    stages.run_waiting(people.house)
    return stages.review_view(people.house, version.id, people.reviewer).version


def test_a_dub_goes_from_takes_to_an_approved_film_and_its_stems(
    house: House, people: Team, quarter_minute: Path, tmp_path: Path
) -> None:
    track = real_dub(people, quarter_minute)
    for number in (1, 2):
        record(people, track, number)
    first = reviewed(people, track)
    assert first.state == "in_review"
    build = first.builds[0]
    assert build.report is not None
    assert build.report["dub"]["settings"]["style"] == "un"
    assert (build.report["dub"]["missing"], build.report["dub"]["mixed_again"]) == ([3], 1)
    assert abs(build.report["dub"]["lufs"] + 23.0) <= 0.1

    record(people, track, 3)
    second = reviewed(people, track)
    view = stages.review_view(house, second.id, people.reviewer)
    approved = verdict_on(people, view.version)
    assert approved.state == "approved"
    assert {line.status for line in stages.dub_view(house, track).lines} == {"approved"}

    render = stages.start_render(house, people.producer, approved.id, None)
    stages.run_waiting(house)
    done = stages.render_view(house, render.id)
    assert done.report is not None, done
    assert done.report["form"] == "soft-mp4"
    assert stages.plan_final(house, approved.id, {"form": "soft-mp4"}).render == render.id
    film = house.blobs.existing(stages.render_file(house, render.id).sha256)
    with av.open(str(film)) as media:
        languages = [s.metadata.get("language") for s in media.streams.audio]
        assert (len(media.streams.subtitles), len(languages), languages[0]) == (0, 2, "tuk")
    measured = measure_file(film)
    assert abs(measured.lufs + 23.0) <= 0.2
    assert measured.true_peak_db <= -1.0

    stages.start_stems(house, people.producer, render.id)
    stages.run_waiting(house)
    archive = house.blobs.existing(stages.stems_file(house, render.id).sha256)
    with zipfile.ZipFile(archive) as zipped:
        assert sorted(zipped.namelist()) == [
            "bed.wav",
            "cue-sheet.csv",
            "dialogue.wav",
            "lines/001.wav",
            "lines/002.wav",
            "lines/003.wav",
            "loudness.json",
            "loudness.svg",
            "mix.wav",
        ]
        zipped.extractall(tmp_path)
    lengths = {sum(map(len, decoded(tmp_path / f"{n}.wav"))) for n in ("mix", "dialogue", "bed")}
    assert lengths == {16 * RATE}
    dialogue = np.concatenate(list(decoded(tmp_path / "dialogue.wav")))[:, 0]
    heard = np.flatnonzero(np.abs(dialogue) > 1e-4)
    assert heard[0] in range(
        round(2.5 * RATE), round(2.5 * RATE) + 40
    )  # 1.5 s after the line begins


def test_a_changed_take_asks_for_review_of_its_line_alone(house: House, people: Team) -> None:
    track = dub_on(people, merge=True)
    for number in (1, 2, 3):
        record(people, track, number)
    verdict_on(people, built(people, submitted(people, track)))
    take = record(people, track, 2, pitch=500)
    view = stages.dub_view(house, track)
    stages.change_line(
        house, people.translator, track, view.lines[1].uid, {"take": take}, view.etag
    )
    version = submitted(people, track)
    changes = stages.review_view(house, version.id, people.reviewer).changes
    assert [change["uid"] for change in changes] == [view.lines[1].uid]
    assert [line.status for line in stages.dub_view(house, track).lines] == [
        "approved",
        "ok",
        "approved",
    ]


def test_a_final_is_not_spoken_by_the_guide_unless_somebody_says_so(
    house: House, people: Team
) -> None:
    track = dub_on(people, merge=True)
    record(people, track, 1)
    stages.make_guides(house, people.translator, track)
    approved = verdict_on(people, built(people, submitted(people, track)))
    with pytest.raises(Conflict, match="GUIDE_TAKES") as refused:
        stages.start_render(house, people.producer, approved.id, None)
    assert refused.value.details["lines"] == [2, 3]
    assert stages.start_render(house, people.producer, approved.id, None, allow_guide=True)


def test_other_mix_settings_need_a_build_and_a_verdict_of_their_own(
    house: House, people: Team
) -> None:
    track = dub_on(people, merge=True)
    version = built(people, submitted(people, track))
    stages.save_dub_settings(house, people.translator, track, {"style": "lector"})
    other = stages.request_build(house, people.reviewer, version.id)
    assert other.recipe_hash != version.builds[0].recipe_hash


def test_the_studio_hears_a_stretch_of_the_mix_as_it_is_now(
    house: House, people: Team, quarter_minute: Path
) -> None:
    track = real_dub(people, quarter_minute)
    record(people, track, 1)
    line = stages.dub_view(house, track).lines[0]
    sound, start = stages.preview_mix(house, track, line.uid, 0.5, 2.0)
    assert (start, len(sound)) == (line.start - from_ms(500), round(5.5 * RATE))
    under = np.abs(sound[round(2.1 * RATE) : round(2.9 * RATE)]).max()
    alone = np.abs(sound[round(0.1 * RATE) : round(0.4 * RATE)]).max()
    assert under != pytest.approx(alone, rel=0.01)
    assert np.array_equal(stages.preview_mix(house, track, line.uid, 0.5, 2.0)[0], sound)


def stem_sent(house: House, people: Team, track: str, sound: np.ndarray, rate: int = RATE) -> None:
    with stages.scratch(house) as file:
        write_wav(file, sound.astype(np.float32), rate)
        receive_stem(house, people.translator, track, file, "me.wav")


def test_a_stem_of_another_rate_carries_a_full_dub_and_a_silent_one_is_refused(
    house: House, people: Team, quarter_minute: Path
) -> None:
    track = real_dub(people, quarter_minute)
    record(people, track, 1)
    with house.read() as session:
        cues = load_cues(house, draft_row(session, track).document)
        seconds = script_of(house, track, cues, MixSettings()).length / RATE
    with pytest.raises(BadInput, match="SILENT"):
        stem_sent(house, people, track, np.zeros(round(seconds * RATE)))
    music = np.random.default_rng(3).normal(0, 0.05, round(seconds * 44_100))
    music[44_100 * 6 : 44_100 * 9] = 0  # where the room of the original goes on
    stem_sent(house, people, track, music, 44_100)
    with house.read() as session:
        stem = dub_row(session, track).settings["stem"]
        cues = load_cues(house, draft_row(session, track).document)
    script = script_of(house, track, cues, MixSettings(mode="full", stem=stem))
    for _ in range(2):  # the second time from what was noted
        made = make_mix(house, script, LedgerSegments(house))
        told = made.to_json()
        assert [one["code"] for one in told["findings"]] == ["OTHER_RATE", "STEM_MONO"]
        assert told["lufs"] == pytest.approx(-23, abs=0.1)
    assert made.blocks.made == 0


def test_a_film_without_sound_is_dubbed_all_the_same(
    house: House, people: Team, quarter_minute: Path, tmp_path: Path
) -> None:
    silent = tmp_path / "silent.mp4"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-v", "error", "-i", str(quarter_minute), "-an", "-c", "copy", str(silent)]
    subprocess.run(command, check=True)
    track = real_dub(people, silent)
    record(people, track, 1)
    line = stages.dub_view(house, track).lines[0]
    heard, _ = stages.preview_mix(house, track, line.uid, 0.5, 2.0)
    assert np.abs(heard).max() > 0.01
    version = reviewed(people, track)
    report = version.builds[0].report
    assert report is not None, version.builds[0]
    assert (report["has_sound"], report["dub"]["missing"]) == (True, [2, 3])


def reading(people: Team, track: str, *, skip: int = 0, texts: tuple[str, ...] = ()) -> Path:
    """The guide voice reads the script, pauses between the lines; not a line is where the film has it."""
    said = texts or tuple(
        line.text for line in stages.dub_view(people.house, track).lines if line.number != skip
    )
    pieces = [np.zeros(11_025, np.float32)]
    for text in said:
        pieces += [speak(text, "tk").trimmed(), np.zeros(22_050, np.float32)]
    sound = np.concatenate(pieces)
    noise = np.random.default_rng(1).normal(0, 0.0005, len(sound))
    file = people.house.settings.work_dir / "reading"
    write_wav(file, (sound + noise).astype(np.float32), 22_050)
    return file


LONG = srt(
    (1.0, 4.0, "Salam, dostlar, siziň bilen duşuşanymyza şat."),
    (5.0, 8.0, "Adam söwdasy jenaýatdyr we ol hemmä degişlidir."),
    (9.0, 12.0, "Pidalara kömek bermek biziň borjumyzdyr."),
    (13.0, 15.5, "Kömek gerek bolsa, bize jaň ediň."),
)


def test_a_long_recording_is_located_and_sure_takes_are_heard(house: House, people: Team) -> None:
    track = dub_on(people, data=LONG)
    recording = receive_long(
        house, people.translator, track, reading(people, track, skip=3), name="read.wav"
    )
    assert stages.dub_view(house, track).recordings[0].state == "locating"
    stages.run_waiting(house)
    dub = stages.dub_view(house, track)
    [row] = dub.recordings
    assert (row.id, row.state, row.error) == (recording, "located", None)
    assert 3 in dub.missing
    sure = [t for t in dub.takes.values() if t["state"] == "accepted"]
    assert {t["line"] for t in sure} == {line.uid for line in dub.lines if line.take}
    assert all(t["confidence"] >= 0.9 and not t["flags"] for t in sure)
    assert len(sure) >= 2
    one = sure[0]
    stages.judge_take(house, people.translator, one["id"], "rejected")
    [label] = stages.labels(house)
    assert (label["take"], label["verdict"], len(label["evidence"])) == (one["id"], "rejected", 8)
    stages.judge_take(house, people.translator, one["id"], "to_confirm")
    assert list(stages.labels(house)) == []
    stages.start_locating(house, people.translator, recording)
    stages.run_waiting(house)
    assert len(stages.dub_view(house, track).takes) == len(dub.takes)


def test_a_recording_of_another_script_is_not_put_into_the_mix(house: House, people: Team) -> None:
    track = dub_on(people, data=LONG)
    other = ("Howa maglumaty: ertir ýagyş ýagar.", "Futbol boýunça ýaryş dowam edýär.")
    receive_long(
        house, people.translator, track, reading(people, track, texts=other), name="other.wav"
    )
    stages.run_waiting(house)
    dub = stages.dub_view(house, track)
    assert dub.recordings[0].state == "located"
    assert dub.missing == [1, 2, 3, 4]
    assert {finding["code"] for finding in dub.recordings[0].findings} & {
        "OTHER_SCRIPT",
        "LINES_MISSING",
    }


def test_a_recording_that_is_silent_says_why_it_failed(house: House, people: Team) -> None:
    track = dub_on(people, data=LONG)
    file = house.settings.work_dir / "silence"
    write_wav(file, np.zeros(RATE * 3, np.float32))
    receive_long(house, people.translator, track, file, name="silence.wav")
    stages.run_waiting(house)
    [row] = stages.dub_view(house, track).recordings
    assert (row.state, (row.error or {})["code"]) == ("failed", "SILENT")


def test_three_hours_are_played_and_drawn_from_any_place(
    house: House, people: Team, tmp_path: Path
) -> None:
    """Three hours of FLAC that are nearly all silence: small, and sought rather than decoded."""
    file = house.settings.work_dir / "hours"
    quiet, loud = "anullsrc=r=8000:cl=mono:d=", "sine=f=318:r=8000:d=1,volume=4"
    sound = f"{quiet}10000[a];{loud}[b];{quiet}799[c];[a][b][c]concat=n=3:v=0:a=1"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", sound]
    command += ["-compression_level", "0"]
    subprocess.run([*command, "-f", "flac", str(file)], check=True)
    track = dub_on(people, data=LONG)
    recording = receive_long(house, people.translator, track, file, name="hours.flac")
    assert stages.dub_view(house, track).recordings[0].seconds == 10_800
    peaks = stages.recording_peaks(house, recording, from_ms(9_999_000), from_ms(10_002_000))
    loud = [n for n in range(0, len(peaks.points), 2) if peaks.points[n + 1] > 20]
    assert (loud[0], loud[-1] in (198, 200)) == (100, True)
    with pytest.raises(BadInput, match="STRETCH"):
        stages.recording_stretch(house, recording, 0, from_ms(10_800_000))


def test_a_dub_laid_on_a_new_cut_keeps_its_takes(
    house: House, people: Team, quarter_minute: Path, tmp_path: Path
) -> None:
    track = real_dub(people, quarter_minute)
    record(people, track, 1)
    longer = tmp_path / "cut.mp4"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [
        ffmpeg,
        "-v",
        "error",
        "-i",
        str(quarter_minute),
        "-c",
        "copy",
        "-t",
        "15",
        str(longer),
    ]
    subprocess.run(command, check=True)
    cut = stages.add_film_file(house, people.producer, people.project_id, longer, "cut.mp4")
    stages.run_waiting(house)
    job = stages.start_recut(house, people.translator, track, cut.id)
    stages.run_waiting(house)
    new = stages.job_view(house, job.id).output
    assert new is not None
    dub = stages.dub_view(house, new)
    assert (dub.film, dub.settings["style"], len(dub.takes)) == (cut.id, "un", 1)
    assert dub.lines[0].take in dub.takes
