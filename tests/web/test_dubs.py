"""Recordings and takes as a browser sends them, and what bad ones are answered with."""

from __future__ import annotations

import base64
import json
import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.builders import Team, built, ready_film, submitted, team, verdict_on
from tests.stages.test_dubs import dub_on
from tests.web.conftest import HASH, Somebody, csrf_of, sign_in, token_of
from workflow import stages
from workflow.dub.sound import RATE, Samples, read_recording, write_wav
from workflow.dub.voice import speak
from workflow.store.house import House, remember_blob
from workflow.store.tables import Audit, Build, FilmFile, Person, Track


@dataclass
class Studio:
    """A signed-in translator with one dub of three lines."""

    client: FlaskClient
    people: Team
    track: str
    headers: dict[str, str]

    @property
    def at(self) -> str:
        return f"/api/v1/tracks/{self.track}"

    def dub(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"{self.at}/dub").json  # type: ignore[assignment]
        return found

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=self.headers | headers)

    def send(self, method: str, path: str, body: Any) -> TestResponse:
        return self.client.open(path, method=method, json=body, headers=self.headers)

    def record(self, sound: bytes, line: int = 0, **query: Any) -> TestResponse:
        uid = self.dub()["lines"][line]["uid"]
        return self.client.post(
            f"{self.at}/recordings",
            query_string={"kind": "line", "line": uid} | query,
            data=sound,
            content_type="audio/wav",
            headers=self.headers,
        )


@pytest.fixture
def studio(app: Flask, house: House) -> Studio:
    people = team(house)
    who = Somebody(people.translator_id, "ayna@example.org")
    token = {"Authentication-Token": token_of(app, who)}
    track = dub_on(people, merge=True)
    return Studio(app.test_client(use_cookies=False), people, track, token)


def voice(seconds: float = 1.0, rate: int = RATE, level: float = 0.3) -> Samples:
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * 220 * time) * np.sin(np.pi * time / seconds)).astype(
        np.float32
    )


def wav(folder: Path, samples: Samples, rate: int = RATE) -> bytes:
    path = folder / "made.wav"
    write_wav(path, samples, rate)
    return path.read_bytes()


def test_a_recorded_line_is_heard_from_then_on(studio: Studio, tmp_path: Path) -> None:
    sound = wav(tmp_path, voice())
    made = studio.record(sound, start=4800, end=43_200, latency=960)
    assert made.status_code == 201, made.text
    dub = studio.dub()
    line = dub["lines"][0]
    take = dub["takes"][line["take"]]
    assert (line["status"], line["take"]) == ("ok", made.json["take"])  # type: ignore[index]
    assert (take["seconds"], take["state"], take["guide"]) == (0.8, "accepted", False)
    assert line["placed_start"] == line["start"] + 1_058_400_000  # 1.5 s of the original alone
    assert studio.record(sound, start=4800, end=43_200).json["take"] == line["take"]  # type: ignore[index]
    assert len(studio.dub()["takes"]) == 1

    part = studio.get(f"/api/v1/takes/{line['take']}/sound", Range="bytes=80-379")
    assert (part.status_code, len(part.data)) == (206, 300)
    peaks = studio.get(f"/api/v1/takes/{line['take']}/peaks").json
    assert peaks is not None
    assert (peaks["per_second"], len(peaks["points"])) == (50, 80)
    assert max(peaks["points"]) in range(36, 39)
    some = studio.get(f"/api/v1/recordings/{take['recording']}/sound?from=0&to=70560000")
    assert len(some.data) == 80 + 4800 * 3


def test_other_words_make_a_take_stale(studio: Studio, tmp_path: Path) -> None:
    studio.record(wav(tmp_path, voice()))
    dub = studio.dub()
    body = {"text": "Salam, dost.", "if": dub["etag"]}
    changed = studio.send("PUT", f"{studio.at}/dub/lines/{dub['lines'][0]['uid']}", body).json
    assert changed is not None
    assert changed["lines"][0]["stale"] is True


def test_a_second_take_waits_to_be_chosen_and_a_rejected_one_is_not_heard(
    studio: Studio, tmp_path: Path
) -> None:
    first = studio.record(wav(tmp_path, voice())).json["take"]  # type: ignore[index]
    second = studio.record(wav(tmp_path, voice(1.2))).json["take"]  # type: ignore[index]
    dub = studio.dub()
    line = dub["lines"][0]
    assert (line["take"], set(line["takes"])) == (first, {first, second})
    path = f"{studio.at}/dub/lines/{line['uid']}"
    chosen = studio.send("PUT", path, {"take": second, "if": dub["etag"]}).json
    assert chosen is not None
    assert chosen["lines"][0]["take"] == second
    rejected = studio.send("POST", f"/api/v1/takes/{second}/verdict", {"verdict": "rejected"}).json
    assert rejected is not None
    assert (rejected["lines"][0]["take"], rejected["lines"][0]["status"]) == (None, "to_record")
    again = studio.send("PUT", path, {"take": second, "if": rejected["etag"]})
    assert again.json["error"]["code"] == "TAKE_NOT_ACCEPTED"  # type: ignore[index]
    back = studio.send("POST", f"/api/v1/takes/{second}/verdict", {"verdict": "to_confirm"}).json
    assert back is not None
    assert back["lines"][0]["status"] == "to_confirm"
    noted = studio.send("PUT", f"/api/v1/takes/{second}", {"comment": "too fast"}).json
    assert noted is not None
    assert noted["takes"][second]["comment"] == "too fast"


def test_moved_edges_make_a_new_take_and_undoing_takes_it_back(
    studio: Studio, tmp_path: Path
) -> None:
    old = studio.record(wav(tmp_path, voice(2.0))).json["take"]  # type: ignore[index]
    body = {"verdict": "moved", "start": 352_800_000, "end": 1_058_400_000}
    moved = studio.send("POST", f"/api/v1/takes/{old}/verdict", body).json
    assert moved is not None
    new = moved["lines"][0]["take"]
    assert new != old
    assert moved["takes"][new]["seconds"] == 1.0
    assert moved["takes"][old]["state"] == "rejected"
    undone = studio.send("POST", f"/api/v1/takes/{old}/verdict", {"verdict": "to_confirm"}).json
    assert undone is not None
    assert undone["takes"][new]["state"] == "rejected"
    assert undone["lines"][0]["take"] is None


def test_samples_that_were_lost_are_told_with_the_take(studio: Studio, tmp_path: Path) -> None:
    take = studio.record(wav(tmp_path, voice()), missing=480).json["take"]  # type: ignore[index]
    told = studio.dub()["takes"][take]
    assert (told["missing_samples"], told["flags"]) == (480, ["missing_samples"])


def clipped(folder: Path) -> bytes:
    return wav(folder, np.clip(voice(level=3.0), -1, 1))


def telephone(folder: Path) -> bytes:
    return wav(folder, voice(rate=8000), 8000)


def other_rate(folder: Path) -> bytes:
    return wav(folder, voice(rate=44_100), 44_100)


def left_only(folder: Path) -> bytes:
    return wav(folder, np.stack([voice(), np.zeros(RATE, np.float32)], axis=1))


def lying_header(folder: Path) -> bytes:
    """Says that it has ten times the samples that follow."""
    sound = bytearray(wav(folder, voice()))
    struct.pack_into("<I", sound, 4, 10 * len(sound))
    struct.pack_into("<I", sound, len(sound) - RATE * 3 - 4, 10 * RATE * 3)
    return bytes(sound)


@pytest.mark.parametrize(
    ("made", "finding"),
    [
        (clipped, "CLIPPED"),
        (telephone, "NARROW_BAND"),
        (other_rate, "OTHER_RATE"),
        (left_only, "ONE_CHANNEL"),
        (lying_header, "TRUNCATED"),
    ],
)
def test_a_flawed_recording_is_taken_and_its_flaw_told(
    studio: Studio, tmp_path: Path, made: Callable[[Path], bytes], finding: str
) -> None:
    answer = studio.record(made(tmp_path))
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    assert [found["code"] for found in answer.json["findings"]] == [finding]
    take = studio.dub()["takes"][answer.json["take"]]
    assert abs(take["seconds"] - 1.0) < 0.002


def silent(folder: Path) -> bytes:
    return wav(folder, np.zeros(RATE, np.float32))


def a_click(folder: Path) -> bytes:
    return wav(folder, voice(0.02))


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (silent, "SILENT"),
        (a_click, "TAKE_LENGTH"),
        (lambda _: b"", "EMPTY"),
        (lambda _: b"#EXTM3U\nhttp://example.org/", "NOT_A_VIDEO_CONTAINER"),
        (lambda folder: wav(folder, voice())[:60], "UNREADABLE"),
    ],
)
def test_what_is_no_recording_is_refused_by_name(
    studio: Studio, tmp_path: Path, made: Callable[[Path], bytes], code: str
) -> None:
    answer = studio.record(made(tmp_path))
    assert answer.status_code == 422, answer.text
    assert answer.json is not None
    assert answer.json["error"]["code"] == code
    assert studio.dub()["recordings"] == []
    assert not list(stages_work(studio))


def stages_work(studio: Studio) -> Iterator[Path]:
    return studio.people.house.settings.work_dir.iterdir()


def test_a_line_that_is_not_there_is_not_recorded(studio: Studio, tmp_path: Path) -> None:
    answer = studio.client.post(
        f"{studio.at}/recordings?line=nobody", data=wav(tmp_path, voice()), headers=studio.headers
    )
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NO_SUCH_LINE")  # type: ignore[index]


def test_guides_are_marked_and_take_no_place_of_a_take(studio: Studio, tmp_path: Path) -> None:
    take = studio.record(wav(tmp_path, voice())).json["take"]  # type: ignore[index]
    dub = studio.send("POST", f"{studio.at}/dub/guide", {}).json
    assert dub is not None
    assert dub["lines"][0]["take"] == take
    assert all(dub["takes"][line["take"]]["guide"] for line in dub["lines"][1:])


def tus(studio: Studio, sound: bytes, **metadata: str) -> TestResponse:
    pairs = [f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in metadata.items()]
    return studio.client.post(
        f"/api/v1/projects/{studio.people.project_id}/uploads",
        data=sound,
        content_type="application/offset+octet-stream",
        headers=studio.headers
        | {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(sound)),
            "Upload-Metadata": ",".join(pairs),
        },
    )


def test_a_translator_uploads_recordings_and_no_films(studio: Studio, tmp_path: Path) -> None:
    sound = wav(tmp_path, voice(2.0))
    sent = tus(studio, sound, filename="read.wav", purpose="recording", track=studio.track)
    assert sent.status_code == 201, sent.text
    [recording] = studio.dub()["recordings"]
    assert (recording["kind"], recording["state"], recording["name"]) == (
        "long",
        "locating",
        "read.wav",
    )
    assert studio.get(f"/api/v1/jobs/{recording['job']}").json["kind"] == "locate"  # type: ignore[index]
    assert tus(studio, sound, filename="film.mp4").status_code == 403
    elsewhere = tus(studio, sound, purpose="recording", track=studio.people.project_id)
    assert elsewhere.status_code == 404


def without_sound(folder: Path) -> bytes:
    path = folder / "silent.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"]
    picture = "testsrc2=size=320x240:rate=5:duration=1"
    subprocess.run([*command, "-i", picture, "-c:v", "libx264", str(path)], check=True)
    return path.read_bytes()


def test_what_is_no_long_recording_is_refused_by_name(studio: Studio, tmp_path: Path) -> None:
    for sound, name, code in (
        (b"", "read.wav", "EMPTY"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nSalam\n", "script.srt", "NO_STREAMS"),
        (wav(tmp_path, voice())[:60], "read.wav", "UNREADABLE"),
        (without_sound(tmp_path), "film.mp4", "NO_SOUND"),
    ):
        sent = tus(studio, sound, filename=name, purpose="recording", track=studio.track)
        assert sent.json["error"]["code"] == code  # type: ignore[index]
    assert studio.dub()["recordings"] == []
    assert not list(stages_work(studio))


def all_flaws(folder: Path) -> bytes:
    """One line of the script, spoken into a telephone's left channel, far too loud."""
    whole = np.pad(speak("Salam, dostlar.", "tk").trimmed() * 30, 11_025)
    narrow = np.interp(np.arange(0, len(whole), 22_050 / 8000), np.arange(len(whole)), whole)
    return wav(folder, np.clip(narrow, -1, 1).astype(np.float32)[:, None] * (1, 0), 8000)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (all_flaws, {"CLIPPED", "NARROW_BAND", "ONE_CHANNEL", "LINES_MISSING"}),
        (lambda folder: wav(folder, voice(2.0)), {"NO_SPEECH"}),
    ],
)
def test_a_flawed_long_recording_is_kept_and_its_flaws_told(
    studio: Studio, tmp_path: Path, made: Callable[[Path], bytes], told: set[str]
) -> None:
    sent = tus(studio, made(tmp_path), filename="r.wav", purpose="recording", track=studio.track)
    assert sent.status_code == 201, sent.text
    stages.run_waiting(studio.people.house)
    [recording] = studio.dub()["recordings"]
    said = {finding["code"] for finding in recording["findings"]}
    if recording["state"] == "failed":
        said = {recording["error"]["code"]}
    assert told <= said


def test_a_recording_of_an_empty_script_waits_until_there_are_words(
    studio: Studio, tmp_path: Path
) -> None:
    lines = studio.dub()["lines"]
    for text in ("", "Salam."):
        for line in lines:
            body = {"text": text, "if": studio.dub()["etag"]}
            studio.send("PUT", f"{studio.at}/dub/lines/{line['uid']}", body)
        if not text:
            sound = wav(tmp_path, voice(2.0))
            sent = tus(studio, sound, filename="r.wav", purpose="recording", track=studio.track)
            assert sent.status_code == 201, sent.text
            [kept] = studio.dub()["recordings"]
            assert (kept["state"], kept["error"]["code"]) == ("failed", "SCRIPT_EMPTY")
    again = studio.send("POST", f"/api/v1/recordings/{kept['id']}/locate", {})
    assert again.status_code == 202
    [kept] = studio.dub()["recordings"]
    assert (kept["state"], kept["error"]) == ("locating", None)


def test_a_stem_that_is_not_as_long_as_its_film_is_refused(studio: Studio, tmp_path: Path) -> None:
    sent = tus(studio, wav(tmp_path, voice(2.0)), purpose="stem", track=studio.track)
    assert sent.json["error"]["code"] == "STEM_LENGTH"  # type: ignore[index]
    sent = tus(studio, wav(tmp_path, voice(60.0)), purpose="stem", track=studio.track)
    assert sent.status_code == 201, sent.text
    settings = studio.dub()["settings"] | {"mode": "full"}
    assert studio.send("PUT", f"{studio.at}/dub/settings", settings).json["settings"] == settings  # type: ignore[index]


def test_two_identical_lines_are_recorded_apart(studio: Studio, tmp_path: Path) -> None:
    dub = studio.dub()
    for line in dub["lines"][:2]:
        etag = studio.dub()["etag"]
        path = f"{studio.at}/dub/lines/{line['uid']}"
        assert studio.send("PUT", path, {"text": "Hawa.", "if": etag}).status_code == 200
    sound = wav(tmp_path, voice())
    takes = {studio.record(sound, line).json["take"] for line in (0, 1)}  # type: ignore[index]
    assert len(takes) == 2
    assert {line["take"] for line in studio.dub()["lines"][:2]} == takes


def test_a_film_without_such_a_track_makes_no_dub(studio: Studio) -> None:
    other = ready_film(studio.people, name="other.mp4")
    subtitle = studio.dub()["source"]
    answer = studio.send("POST", f"/api/v1/films/{other}/dubs", {"track": subtitle})
    assert answer.status_code == 404
    film = studio.dub()["film"]
    made = studio.send("POST", f"/api/v1/films/{film}/dubs", {"track": subtitle})
    assert made.status_code == 201
    assert json.loads(made.data)["track"] != studio.track
    assert stages.film_view(studio.people.house, film)


def test_the_sheet_and_a_stretch_of_the_mix_are_sent(studio: Studio, tmp_path: Path) -> None:
    studio.record(wav(tmp_path, voice()))
    sheet = studio.get(f"{studio.at}/dub/sheet.csv")
    assert sheet.data.decode("utf-8-sig").splitlines()[1].startswith("1,")
    line = studio.dub()["lines"][0]
    film_sound(studio, tmp_path)
    heard = studio.get(f"{studio.at}/dub/preview?line={line['uid']}&before=0.5&after=1")
    assert heard.status_code == 200, heard.text
    assert int(heard.headers["X-Terjime-Start"]) == line["start"] - 352_800_000
    assert len(heard.data) == 80 + round(4.5 * RATE) * 6
    (tmp_path / "heard.wav").write_bytes(heard.data)
    light = studio.get(f"{studio.at}/dub/preview?line={line['uid']}&before=0.5&after=1&as=aac")
    assert (light.content_type, light.headers["X-Terjime-Start"]) == (
        "audio/mp4",
        heard.headers["X-Terjime-Start"],
    )
    assert len(light.data) < len(heard.data) / 8
    (tmp_path / "heard.m4a").write_bytes(light.data)
    whole, small = (read_recording(tmp_path / f"heard.{x}").samples for x in ("wav", "m4a"))
    assert 0 <= len(small) - len(whole) < 1024  # as a player hears it: without the encoder's run-up
    assert np.corrcoef(whole, small[: len(whole)])[0, 1] > 0.99
    assert studio.get(f"{studio.at}/dub/preview?line={line['uid']}&as=mp3").status_code == 422
    assert studio.get(f"{studio.at}/dub/preview?line=nobody").status_code == 404
    assert studio.get(f"{studio.at}/dub/preview?line={line['uid']}&before=900").status_code == 422


def film_sound(studio: Studio, folder: Path) -> None:
    """The film of the test has no sound of its own: now it has."""
    house = studio.people.house
    data = wav(folder, np.stack([voice(60.0), voice(60.0)], axis=1))
    sha256, size = house.blobs.put_bytes(data)
    with house.write() as session:
        remember_blob(session, sha256, size, "audio/wav")
        film_id = session.get_one(Track, studio.track).film_id
        session.get_one(FilmFile, {"film_id": film_id, "role": "sound"}).sha256 = sha256


def test_what_was_done_to_a_dub_is_in_the_audit(studio: Studio, tmp_path: Path) -> None:
    take = studio.record(wav(tmp_path, voice())).json["take"]  # type: ignore[index]
    studio.send("POST", f"/api/v1/takes/{take}/verdict", {"verdict": "rejected"})
    studio.send("PUT", f"{studio.at}/dub/settings", {"style": "tight"})
    with studio.people.house.read() as session:
        noted = set(session.scalars(select(Audit.action)))
    assert {"dub.create", "recording.add", "take.judge", "dub.settings"} <= noted


def test_a_dub_is_called_a_dub_and_its_guide_voice_is_not_delivered_by_accident(
    studio: Studio, app: Flask, house: House
) -> None:
    people, browser = studio.people, app.test_client()
    studio.send("POST", f"{studio.at}/dub/guide", {})
    version = built(people, submitted(people, studio.track))
    with house.write() as session:
        for who in session.scalars(select(Person)):
            who.password = HASH
        build = session.scalars(select(Build)).one()
        short = {"code": "STEM_SHORTER", "message": "", "values": {"seconds": "0.250"}}
        build.report = {**(build.report or {}), "dub": {"findings": [short]}}
    sign_in(browser, "murat@example.org")
    page = browser.get(f"/versions/{version.id}").text
    assert "You approve dub" in page
    assert "last 0.250 s have no stem." in page
    assert browser.get(f"/tracks/{studio.track}/sheet").text.count("☐ ☐ ☐") == 3
    assert studio.get(f"{studio.at}/dub/sheet.csv").text.count("guide voice") == 3
    assert not re.search(r"ubtitles(?!\.)", page)
    verdict_on(people, version)

    sign_in(browser := app.test_client(), "jeren@example.org")
    delivery = f"/tracks/{studio.track}/delivery"
    page = browser.get(delivery).text
    assert "3 lines are spoken by the guide voice" in page
    assert not re.search(r"ubtitles(?!\.)", page)
    form = {"version_id": version.id, "form": "soft-mp4", "csrf_token": csrf_of(browser)}
    refused = browser.post(f"/tracks/{studio.track}/render", data=form)
    assert (refused.status_code, "GUIDE_TAKES" in refused.text) == (409, True)
    asked = studio.client.post(
        f"/api/v1/versions/{version.id}/renders",
        json={},
        headers={
            "Authentication-Token": token_of(
                app, Somebody(people.producer.user_id, "jeren@example.org")
            )
        },
    )
    assert asked.json["error"]["code"] == "GUIDE_TAKES"  # type: ignore[index]
    done = browser.post(f"/tracks/{studio.track}/render", data=form | {"allow_guide": "1"})
    assert done.status_code == 303
