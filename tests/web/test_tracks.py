"""Subtitles through the API: what is refused says where, and nobody's work is lost."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import Script, Somebody
from tests.web.test_guard import one_of_everything
from workflow.people import Role
from workflow.store.house import House
from workflow.store.tables import new_id

SRT = "1\n00:00:00,000 --> 00:00:00,800\nSalam\n\n2\n00:00:01,000 --> 00:00:01,800\nHoş geldiň\n"


@dataclass
class Desk:
    """A translator at a film."""

    script: Script
    colleague: Script
    film: str
    foreign_track: str

    def send(self, data: bytes | str, name: str = "film.srt", **fields: str) -> TestResponse:
        raw = data.encode() if isinstance(data, str) else data
        body = as_form({"language": "tk"} | fields, name, raw)
        kind = "multipart/form-data; boundary=part"
        return self.script.post(f"/films/{self.film}/tracks", data=body, content_type=kind)

    def begun(self) -> dict[str, Any]:
        answer = self.send(SRT)
        assert answer.status_code == 201, answer.json
        track: dict[str, Any] = answer.json
        return track

    def save(self, track: str, cues: object, etag: str | None, *, by: Script | None = None) -> Any:
        headers = {} if etag is None else {"If-Match": f'"{etag}"'}
        return (by or self.script).put(
            f"/tracks/{track}/draft", json={"cues": cues}, headers=headers
        )


def as_form(fields: dict[str, str], name: str, data: bytes) -> bytes:
    """By hand: the test client would leave the temporary file of a large form open."""
    parts = [f'"{key}"\r\n\r\n{value}'.encode() for key, value in fields.items()]
    parts.append(f'"file"; filename="{name}"\r\n\r\n'.encode() + data)
    before = b"--part\r\nContent-Disposition: form-data; name="
    return b"".join(before + part + b"\r\n" for part in parts) + b"--part--\r\n"


@pytest.fixture
def desk(
    house: House,
    person: Callable[..., Somebody],
    project: Callable[..., str],
    script: Callable[[Somebody], Script],
) -> Desk:
    producer, translator, second = person("merdan"), person("ayna"), person("bahar")
    reviewer = person("jeren")
    members = {translator: Role.TRANSLATOR, second: Role.TRANSLATOR, reviewer: Role.REVIEWER}
    here = one_of_everything(house, project(producer, members), producer, reviewer)
    there = one_of_everything(house, project(producer, members), producer, reviewer)
    return Desk(script(translator), script(second), here["film"], there["track"])


def code(answer: TestResponse) -> str:
    return str(answer.json["error"]["code"])


def _cues(count: int, text: str = "Salam", *, each: str = "") -> str:
    return "".join(
        f"{n}\n{each or f'00:00:0{n % 10},000 --> 00:00:0{n % 10},500'}\n{text}\n\n"
        for n in range(1, count + 1)
    )


@pytest.mark.parametrize(
    ("data", "refusal", "status"),
    [
        (b"x" * (5 * 1024 * 1024 + 1), "TOO_MANY_BYTES", 413),  # 53
        (_cues(10_001, each="00:00:00,000 --> 00:00:01,000"), "TOO_MANY_CUES", 422),
        ("1\n00:00:00,000 --> 00:00:01,000\n" + "x" * 4_900_000, "CUE_TOO_LONG", 422),  # 54
        (_cues(9_000, "x", each="00:00:00,000 --> 00:00:01,000"), "OVERLAP", 422),  # 55
        (b"1\n00:00:00,000 --> 00:00:01,000\nA\xff\xfeB\xc3\n", "ENCODING", 422),  # 62
        (b"1\n00:00:00,000 --> 00:00:01,000\nA\x00B\n", "ENCODING", 422),
        ("1\n00:00:02,000 --> 00:00:01,000\nA\n", "END_BEFORE_START", 422),  # 65
        ("", "NO_CUES", 422),  # 67
        ("\ufeff", "NO_CUES", 422),
        ("WEBVTT\n", "NO_CUES", 422),
        ("  \n\n \n", "NO_CUES", 422),
    ],
    ids=[
        *("53 over 5 MiB", "53 10 001 cues", "54 one long cue", "55 all at once", "62 bad UTF-8"),
        *("62 NUL", "65 end before start", "67 empty", "67 BOM", "67 header only", "67 blanks"),
    ],
)
def test_53_to_67_a_subtitle_file_that_cannot_be_taken_is_refused_by_name(
    desk: Desk, data: bytes | str, refusal: str, status: int
) -> None:
    chosen = {"encoding": "utf-8"} if b"\xff" in (data if isinstance(data, bytes) else b"") else {}
    answer = desk.send(data, **chosen)
    assert (answer.status_code, code(answer)) == (status, refusal)


def test_54_the_refusal_says_where(desk: Desk) -> None:
    answer = desk.send("1\n00:00:00,000 --> 00:00:01,000\n" + "x" * 600)
    assert "line" in answer.json["error"]["where"]


def test_56_markup_stays_text(desk: Desk) -> None:
    nasty = '<script>alert(1)</script><img src=x onerror=alert(1)> <b onclick="x">A</b>'
    track = desk.send(f"1\n00:00:00,000 --> 00:00:01,500\n{nasty}\n", title=nasty[:100])
    assert track.status_code == 201
    assert track.mimetype == "application/json"
    text = desk.script.get(f"/tracks/{track.json['summary']['id']}/draft").json["cues"][0]["text"]
    assert (
        "onclick" not in text or "<b onclick" in text
    )  # as letters, never as an attribute of a tag


def test_a_form_without_a_file_or_language_is_refused(desk: Desk) -> None:
    answer = desk.script.post(f"/films/{desk.film}/tracks", data={"language": "tk"})
    assert answer.status_code == 422
    assert answer.json["error"]["where"] == "form_and_files.file"


def test_the_draft_comes_with_an_etag_and_not_again_to_who_has_it(desk: Desk) -> None:
    path = f"/tracks/{desk.begun()['summary']['id']}/draft"
    answer = desk.script.get(path)
    assert answer.headers["ETag"] == f'"{answer.json["etag"]}"'
    again = desk.script.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_f18_a_save_without_if_match_is_428_and_over_the_latest_it_is_kept(desk: Desk) -> None:
    track = desk.begun()
    uid, draft = track["summary"]["id"], track["draft"]
    cues = draft["cues"]
    cues[0]["text"] = "Salam!"
    assert desk.save(uid, cues, None).status_code == 428
    weak = desk.script.put(
        f"/tracks/{uid}/draft", json={"cues": cues}, headers={"If-Match": f'W/"{draft["etag"]}"'}
    )
    assert weak.status_code == 428
    saved = desk.save(uid, cues, draft["etag"])
    assert (saved.status_code, saved.json["merged"]) == (200, 0)
    assert saved.headers["ETag"] == f'"{saved.json["etag"]}"'


def test_f18_two_who_edit_other_cues_are_merged_and_two_who_edit_one_see_both_texts(
    desk: Desk,
) -> None:
    track = desk.begun()
    uid, draft = track["summary"]["id"], track["draft"]
    first, second = ([dict(cue) for cue in draft["cues"]] for _ in range(2))
    first[0]["text"] = "Salam, dünýä"
    second[1]["text"] = "Hoş geldiňiz"
    assert desk.save(uid, first, draft["etag"]).status_code == 200
    merged = desk.save(uid, second, draft["etag"], by=desk.colleague)
    assert (merged.status_code, merged.json["merged"]) == (200, 1)
    texts = [cue["text"] for cue in merged.json["cues"]]
    assert texts == ["Salam, dünýä", "Hoş geldiňiz"]
    second[0]["text"] = "Sag boluň"
    clash = desk.save(uid, second, draft["etag"], by=desk.colleague)
    assert (clash.status_code, code(clash)) == (409, "DRAFT_CHANGED")
    [conflict] = clash.json["error"]["details"]["conflicts"]
    assert conflict["mine"]["text"] == "Sag boluň"
    assert conflict["theirs"]["text"] == "Salam, dünýä"
    history = desk.script.get(f"/tracks/{uid}/history").json["saves"]
    assert [save["what"] for save in history][-1] == "import"


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"start": -1}, "NEGATIVE_TIME"),
        ({"end": 0}, "END_BEFORE_START"),
        ({"start": 1.5}, "CUES"),
        ({"start": "0"}, "CUES"),
        ({"text": {"a": 1}}, "CUES"),
        ({"uid": "../x"}, "CUES"),
        ({"more": 1}, "CUES"),
        ({"text": "x" * 501}, "CUE_TOO_LONG"),
        ({"end": 2**62}, "TIME_TOO_LATE"),
    ],
)
def test_75_a_cue_of_the_wrong_shape_is_refused_by_its_number(
    desk: Desk, change: dict[str, object], refusal: str
) -> None:
    track = desk.begun()
    cues = track["draft"]["cues"]
    cues[1] = cues[1] | change
    answer = desk.save(track["summary"]["id"], cues, track["draft"]["etag"])
    assert (answer.status_code, code(answer)) == (422, refusal)
    assert answer.json["error"]["where"] == "cue 2"


def test_a_whole_draft_of_ten_thousand_cues_fits(desk: Desk) -> None:
    track = desk.begun()
    flicks = 705_600_000
    cues = [
        {
            "uid": new_id(),
            "start": n * flicks // 8,
            "end": n * flicks // 8 + 1000,
            "text": "Ýyldyz " * 20,
        }
        for n in range(10_000)
    ]
    answer = desk.save(track["summary"]["id"], cues, track["draft"]["etag"])
    assert answer.status_code == 200
    assert len(answer.json["cues"]) == 10_000


def test_t06_a_track_of_another_project_is_no_reference(desk: Desk) -> None:
    track = desk.begun()["summary"]["id"]
    body = {"reference_track": desk.foreign_track}
    answer = desk.script.post(f"/tracks/{track}/alignments", json=body)
    assert answer.status_code in {404, 409, 422}


def test_a_restore_brings_an_earlier_save_back_as_a_new_one(desk: Desk) -> None:
    track = desk.begun()
    uid, draft = track["summary"]["id"], track["draft"]
    desk.save(uid, draft["cues"][:1], draft["etag"])
    restored = desk.script.post(f"/tracks/{uid}/restore", json={"revision": 1})
    assert (restored.status_code, len(restored.json["cues"])) == (200, 2)
    assert restored.json["revision"] == 3
    assert desk.script.post(f"/tracks/{uid}/restore", json={"revision": 0}).status_code == 422
    assert desk.script.post(f"/tracks/{uid}/restore", json={"revision": 99}).status_code == 404


def test_another_file_into_the_draft_keeps_the_uids_of_cues_that_stay(desk: Desk) -> None:
    track = desk.begun()
    uid, draft = track["summary"]["id"], track["draft"]
    form = {"file": (io.BytesIO(SRT.replace("Salam", "Salam!").encode()), "film.srt")}
    headers = {"If-Match": f'"{draft["etag"]}"'}
    answer = desk.script.post(f"/tracks/{uid}/import", data=form, headers=headers)
    assert answer.status_code == 200, answer.json
    assert [c["uid"] for c in answer.json["draft"]["cues"]] == [c["uid"] for c in draft["cues"]]


def test_an_unsure_encoding_is_asked_back_with_previews_and_sent_again(desk: Desk) -> None:
    data = "1\n00:00:00,000 --> 00:00:00,800\nöý\n".encode("cp1250")
    asked = desk.send(data)
    assert (asked.status_code, code(asked)) == (422, "ENCODING_UNSURE")
    shown = asked.json["error"]["details"]["candidates"]
    assert {"cp1250"} < {candidate["encoding"] for candidate in shown}
    assert shown[0]["cues"][0]["number"] == 1
    sent = desk.send(data, encoding="cp1250")
    assert sent.status_code == 201, sent.json
    assert sent.json["draft"]["cues"][0]["text"] == "öý"


def test_a_script_names_its_columns(desk: Desk) -> None:
    table = "00:00:00.000;00:00:00.800;Hello;Salam\n00:00:01.000;00:00:01.800;Bye;Sag bol\n"
    sent = desk.send(table, name="script.csv", columns="in,out,text,")
    assert [cue["text"] for cue in sent.json["draft"]["cues"]] == ["Hello", "Bye"]
    assert code(desk.send(table, name="script.csv", columns="in,out,,")) == "COLUMNS"


def test_a_draft_goes_out_with_its_losses_told_and_findings_are_mended_after_a_look(
    desk: Desk,
) -> None:
    track = desk.send(SRT.replace("Salam", "Salam  dostlar...")).json
    path = f"/tracks/{track['summary']['id']}"
    told = desk.script.get(f"{path}/exports/stl").json
    assert (told["cues"], told["file_name"]) == (2, "film.tk.stl")
    file = desk.script.get(f"{path}/exports/stl/file")
    assert len(file.data) == told["size"]
    assert "film.tk.stl" in file.headers["Content-Disposition"]
    assert code(desk.script.get(f"{path}/exports/scc")) == "FORMAT"
    cues = track["draft"]["cues"]
    mended = desk.script.post(f"{path}/mends", json={"cues": cues, "uid": cues[0]["uid"]}).json
    assert [change["new"]["text"] for change in mended["changes"]] == ["Salam dostlar…"]
    assert desk.script.get(f"{path}/draft").json["cues"] == cues
