"""`terjime subtitles` on plain files: the contract of its JSON and its exit statuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from workflow.cli import main

SAMPLES = Path(__file__).parents[2] / "samples"
TURKMEN = SAMPLES / "rights.tk.unaligned.srt"


@pytest.fixture
def terjime(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["terjime", "subtitles", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as leave:
            status = int(leave.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_convert_writes_the_other_format_and_a_report(terjime: Any, tmp_path: Path) -> None:
    damaged = tmp_path / "old.srt"
    text = (
        TURKMEN.read_text("utf-8").replace("-->", "->", 1)
        + "\n26\n00:02:00,000 --> 00:02:01,000\n<font>Soň</font>\n"
    )
    damaged.write_bytes(text.encode("cp1250"))
    status, out, err = terjime(
        "convert", damaged, tmp_path / "new.vtt", "--report", tmp_path / "report.json"
    )
    assert status == 0
    assert "26 cues" in out
    assert "cp1250" in err
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (report["cues"], report["encoding"]) == (26, "cp1250")
    assert [repair["code"] for repair in report["repairs"]] == ["ARROW"]
    assert {loss["code"] for loss in report["losses"]} == {"TAG_DROPPED"}
    written = (tmp_path / "new.vtt").read_text("utf-8")
    assert written.startswith("WEBVTT\n")
    assert "Pidalar jenaýatçy däldir." in written


def test_convert_prints_one_json_object_and_nothing_else(terjime: Any, tmp_path: Path) -> None:
    status, out, _ = terjime("convert", TURKMEN, tmp_path / "new.ass", "--json")
    assert status == 0
    assert json.loads(out)["format"] == "srt"


def test_check_prints_findings_as_the_contract_says(terjime: Any) -> None:
    status, out, _ = terjime("check", TURKMEN, "--source", SAMPLES / "rights.en.srt", "--json")
    findings = json.loads(out)["findings"]
    assert status == 0
    assert {"rule", "cue", "severity", "message", "fix"} <= findings[0].keys()
    assert {found["severity"] for found in findings} <= {"error", "warning", "hint"}
    assert any(found["rule"] == "T07" and found["cue"] == 14 for found in findings)


def test_check_with_a_film_judges_frames_and_its_end(terjime: Any) -> None:
    status, out, _ = terjime("check", TURKMEN, "--film", SAMPLES / "rights.mp4", "--json")
    assert status == 0
    assert {"T17", "T18"} <= {found["rule"] for found in json.loads(out)["findings"]}


def test_check_for_people_names_cue_time_and_rule(terjime: Any) -> None:
    status, out, _ = terjime("check", TURKMEN, "--profile", "kids")
    assert status == 0
    assert "L01" in out.splitlines()[0]
    assert out.splitlines()[-1].startswith("25 cues,")


def test_the_same_file_gives_the_same_output(terjime: Any) -> None:
    assert terjime("check", TURKMEN, "--json") == terjime("check", TURKMEN, "--json")


def test_a_refused_file_is_one_json_error_and_status_three(terjime: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.srt"
    bad.write_text("1\n00:00:02,000 --> 00:00:01,000\nSöz\n", "utf-8")
    status, out, err = terjime("check", bad, "--json")
    assert status == 3
    assert json.loads(out)["error"]["code"] == "END_BEFORE_START"
    assert json.loads(out)["error"]["where"] == "line 2"
    assert err.count("\n") == 1


def test_53_a_file_without_end_is_refused_after_five_mebibytes(
    terjime: Any, tmp_path: Path
) -> None:
    sparse = tmp_path / "sparse.srt"
    with sparse.open("wb") as file:
        file.truncate(1_000_000_000_000)
    status, out, _ = terjime("check", sparse, "--json")
    assert (status, json.loads(out)["error"]["code"]) == (3, "TOO_MANY_BYTES")


def test_63_an_unsure_encoding_is_asked_about_and_a_named_one_is_not(
    terjime: Any, tmp_path: Path
) -> None:
    unsure = tmp_path / "unsure.srt"
    unsure.write_bytes(b"1\n00:00:01,000 --> 00:00:02,000\nA\xbeb\n")
    assert "--encoding" in terjime("check", unsure)[2]
    assert terjime("check", unsure, "--encoding", "cp1250")[2] == ""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("convert", TURKMEN, "/nonexistent/x.srt"), 3),
        (("convert", TURKMEN, "x.pages"), 3),
        (("convert", TURKMEN, "x.srt", "--fps", "0"), 3),
        (("convert", TURKMEN, "x.srt", "--fps", "1/0"), 3),
        (("convert", TURKMEN, "x.srt", "--encoding", "rot13"), 3),
        (("convert", "/nonexistent.srt", "x.srt"), 3),
        (("check", TURKMEN, "--profile", "cinema"), 2),
        (("check",), 2),
        (("check", SAMPLES / "rights.mp4"), 3),
        (("check", SAMPLES), 3),
        (("check", TURKMEN, "--film", TURKMEN), 3),
    ],
)
def test_wrong_usage_and_refusals_have_their_exit_status(
    terjime: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: Any, status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    assert terjime(*arguments)[0] == status
    assert list(tmp_path.iterdir()) == []


def test_converting_there_and_back_keeps_every_cue(terjime: Any, tmp_path: Path) -> None:
    path = TURKMEN
    for name in ("a.vtt", "b.srt", "c.sbv", "d.srt"):
        assert terjime("convert", path, tmp_path / name)[0] == 0
        path = tmp_path / name
    assert path.read_text("utf-8").rstrip() == TURKMEN.read_text("utf-8").rstrip()


def test_convert_writes_a_script_with_the_original_beside_the_translation(
    terjime: Any, tmp_path: Path
) -> None:
    english = SAMPLES / "rights.en.srt"
    status, _, err = terjime(
        "convert", english, tmp_path / "a.csv", "--source", english, "--language", "en"
    )
    assert (status, err) == (0, "")
    head, first, *_ = (tmp_path / "a.csv").read_text("utf-8-sig").splitlines()
    assert head == "id,no,in,out,speaker,source (en),text (en),note,position"
    words = first.split(",00:00", 2)[2].split(",", 1)[1]
    assert len(words) > 10


def test_70_microdvd_asks_for_fps_and_scc_says_why_it_is_not_written(
    terjime: Any, tmp_path: Path
) -> None:
    frames = tmp_path / "film.sub"
    frames.write_text("{25}{50}Salam\n", "utf-8")
    status, _, err = terjime("convert", frames, tmp_path / "a.srt")
    assert status == 3
    assert "--fps" in err
    assert terjime("convert", frames, tmp_path / "a.srt", "--fps", "25")[0] == 0
    status, _, err = terjime("convert", TURKMEN, tmp_path / "a.scc")
    assert status == 3
    assert "Turkmen cannot be carried" in err


@pytest.mark.parametrize(
    "ending", ["stl", "ttml", "xlsx", "docx", "xlf", "xliff", "tmx", "csv", "txt", "sub"]
)
def test_converting_to_any_format_and_back_keeps_every_turkmen_letter(
    terjime: Any, tmp_path: Path, ending: str
) -> None:
    there, back = tmp_path / f"a.{ending}", tmp_path / "b.srt"
    assert terjime("convert", TURKMEN, there, "--fps", "25")[0] == 0
    assert terjime("convert", there, back, "--fps", "25")[0] == 0
    wanted, got = (
        [char for char in path.read_text("utf-8") if char.isalpha()] for path in (TURKMEN, back)
    )
    assert got == wanted
