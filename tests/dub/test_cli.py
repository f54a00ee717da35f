"""`terjime dub mix` and `terjime align recording` as a person runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner

from tests.dub.films import film, noise, place_of, read_sound, voice
from workflow.cli.align_recording import recording as align_recording
from workflow.dub.fit import place_lines
from workflow.dub.mix import STYLES
from workflow.dub.script import dub_lines
from workflow.dub.sound import RATE, write_wav
from workflow.timebase import FLICKS_PER_SECOND as SECOND
from workflow.tracks.cues import Cue

SAMPLES = Path(__file__).parents[2] / "samples"


def terjime(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workflow.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def script(path: Path, *lines: tuple[float, float, str]) -> Path:
    def clock(seconds: float) -> str:
        ms = round(seconds * 1000)
        return f"00:{ms // 60000:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"

    path.write_text(
        "\n".join(
            f"{n}\n{clock(start)} --> {clock(end)}\n{text}\n"
            for n, (start, end, text) in enumerate(lines, 1)
        ),
        encoding="utf-8",
    )
    return path


def sample_script(tmp_path: Path) -> Path:
    """The Turkmen sample, timed like the English ones of the film."""
    english = (SAMPLES / "rights.en.srt").read_text("utf-8").strip().split("\n\n")
    turkmen = (SAMPLES / "rights.tk.unaligned.srt").read_text("utf-8").strip().split("\n\n")
    blocks = [
        "\n".join([*times.split("\n")[:2], *words.split("\n")[2:]])
        for times, words in zip(english, turkmen, strict=True)
    ]
    path = tmp_path / "rights.tk.srt"
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return path


def test_the_sample_is_dubbed_to_the_sample_at_minus_23_with_the_original_15_db_lower(
    tmp_path: Path,
) -> None:
    """Issue 7, done 3: the film, its script and the long recording give a film that can be shown."""
    stems, out = tmp_path / "stems", tmp_path / "dubbed.mp4"
    lines = sample_script(tmp_path)
    done = terjime(
        "dub", "mix", SAMPLES / "rights.mp4", "--script", lines,
        "--recording", SAMPLES / "rights.tk.flac", "--mode", "voice-over",
        "--stems", stems, "-o", out, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    assert body["loudness"]["file_lufs"] == pytest.approx(-23, abs=0.1)
    assert body["loudness"]["mix_lufs"] == pytest.approx(-23, abs=0.1)
    assert body["loudness"]["file_true_peak"] <= -1
    heard = [line for line in body["lines"] if line["start"] is not None]
    out_of_mix = {line["line"]: line["status"] for line in body["lines"] if line["start"] is None}
    assert out_of_mix == {
        15: "too_long"  # 1.8 s of Turkmen for 0.8 s of English and the next line close by
    }
    assert all(line["stretch"] <= 1.15 for line in body["lines"])
    mix, dialogue, bed = (read_sound(stems / f"{n}.wav") for n in ("mix", "dialogue", "bed"))
    original = np.zeros_like(bed)  # the film's sound ends before its picture
    sound = read_sound(SAMPLES / "rights.mp4")
    original[: len(sound)] = sound[: len(bed)]
    decoded = read_sound(out)[: len(bed), 0]
    assert len(mix) == len(dialogue) == len(bed)
    gain = 10 ** (body["loudness"]["gain_db"] / 20)
    spans: list[tuple[int, int]] = []
    for line in heard:
        start, end = (line[edge] * RATE // SECOND for edge in ("start", "end"))
        said = read_sound(stems / "lines" / f"{line['line']:03d}.wav")[:, 0]
        assert len(said) == end - start
        assert np.abs(dialogue[start:end, 0] - said * gain).max() < 0.001 * gain + 2e-4
        around = slice(max(0, start - RATE), end + RATE)
        assert place_of(said, decoded[around]) == start - around.start
        under = np.sqrt((bed[start:end] ** 2).sum() / ((original[start:end] * gain) ** 2).sum())
        assert 20 * np.log10(under) == pytest.approx(-15, abs=0.1)
        spans.append((start, end))
    clear = np.ones(len(bed), bool)
    for n, (start, end) in enumerate(spans):
        stays_down = n + 1 < len(spans) and spans[n + 1][0] - end < round(1.55 * RATE)
        until = spans[n + 1][0] if stays_down else end + round(0.6 * RATE) + 1
        clear[max(0, start - RATE // 4 - 1) : until] = False
    assert clear.sum() > RATE
    assert np.allclose(bed[clear], original[clear] * gain, atol=1e-3)  # the gain is told to 0.01 dB


def test_what_the_command_says_is_what_the_placement_rule_says(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mkv", 8, sound=noise(8))
    track = script(tmp_path / "s.srt", (1, 3, "Biz olary goramaly."), (4, 5, "Hiç kime aýtma!"))
    folder = tmp_path / "takes"
    folder.mkdir()
    write_wav(folder / "1.wav", voice(1.2))
    write_wav(folder / "2.wav", voice(3))
    out = tmp_path / "out.mkv"
    done = terjime("dub", "mix", source, "--script", track, "--takes", folder, "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    lines = dub_lines(
        [
            Cue("1", SECOND, 3 * SECOND, "Biz olary goramaly."),
            Cue("2", 4 * SECOND, 5 * SECOND, "Hiç kime aýtma!"),
        ]
    )
    length = (body["lines"][0]["end"] - body["lines"][0]["start"]) * RATE // SECOND
    rule = place_lines(lines, [length, 3 * RATE], mode="voice-over", lead=STYLES["un"].lead_samples)
    assert body["lines"][0]["start"] * RATE // SECOND == rule[0].start
    assert (body["lines"][1]["status"], rule[1].status) == ("too_long", "too_long")
    assert body["lines"][1]["syllables_to_cut"] > 0
    with av.open(str(out)) as media:
        assert [s.codec_context.name for s in media.streams.audio] == ["flac", "pcm_s24le"]
        assert media.streams.audio[0].language in {"tuk", "tk"}


def test_align_recording_writes_where_every_line_is_spoken(tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    done = CliRunner().invoke(
        align_recording,
        [
            str(SAMPLES / "rights.tk.flac"), "--script",
            str(SAMPLES / "rights.tk.unaligned.srt"), "-o", str(out), "--json",
        ],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    body = json.loads(out.read_text("utf-8"))
    assert body == json.loads(done.stdout)
    truth = json.loads((SAMPLES / "rights.tk.truth.json").read_text())
    assert [line["line"] for line in body["lines"]] == list(range(1, 26))
    for line, true in zip(body["lines"], truth, strict=True):
        assert line["sure"]
        assert line["confidence"] >= 0.9
        assert abs(line["start"] / SECOND - true["start"]) < 0.1
        assert abs(line["end"] / SECOND - true["end"]) < 0.15
        assert len(line["takes"]) == 1


def test_an_empty_script_another_script_and_no_takes_are_refused_in_one_line(
    tmp_path: Path,
) -> None:
    source = film(tmp_path / "film.mp4", 3, sound=noise(3))
    track = script(tmp_path / "s.srt", (0.5, 2, "Biz olary goramaly."))
    empty = tmp_path / "empty.srt"
    empty.write_bytes(b"")
    hiss = tmp_path / "hiss.wav"
    write_wav(hiss, noise(2, 0.01)[:, 0])
    for arguments, code in (
        (["--script", empty, "--recording", hiss], "SCRIPT_EMPTY"),
        (["--script", track, "--recording", hiss], "NO_SPEECH"),
        (["--script", track, "--takes", tmp_path / "none"], "NO_TAKES"),
        (["--script", track, "--takes", tmp_path, "--mode", "full"], "TAKE_UNKNOWN"),
    ):
        done = terjime("dub", "mix", source, *arguments, "-o", tmp_path / "out.mp4", "--json")
        assert done.returncode == 3, (code, done.stderr)
        assert json.loads(done.stdout)["error"]["code"] == code
        assert len(done.stderr.strip().splitlines()) == 1
        assert not (tmp_path / "out.mp4").exists()


def test_recording_and_takes_together_are_wrong_usage(tmp_path: Path) -> None:
    done = terjime(
        "dub",
        "mix",
        "a.mp4",
        "--script",
        "s.srt",
        "--recording",
        "r.wav",
        "--takes",
        "t",
        "-o",
        "o.mp4",
    )
    assert done.returncode == 2
