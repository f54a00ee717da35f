"""What probe measures, what it refuses and what it only remarks on."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest

from workflow.errors import BadInput, Cancelled, ToolFailed
from workflow.media import probe as apart
from workflow.media.examine import Examined, examine_here
from workflow.media.facts import MediaFacts
from workflow.media.ffmpeg import find_ffmpeg, input_arguments, run_ffmpeg
from workflow.media.probe import examine, film_facts, probe_film
from workflow.media.process import Limits
from workflow.timebase import FLICKS_PER_SECOND, from_seconds

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def picture(rate: str = "25", seconds: int = 2, size: str = "128x96") -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc=s={size}:r={rate}:d={seconds}")


def tone(seconds: float = 2, rate: int = 48000) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine=440:r={rate}:d={seconds}")


def probe(path: Path) -> MediaFacts:
    """In this process, to be quick; that a process of its own gives the same is tested at the end."""
    return examine_here(path).facts


def refusal(path: Path) -> str:
    with pytest.raises(BadInput) as refused:
        probe(path)
    return refused.value.code


def findings(path: Path) -> set[str]:
    return {finding.code for finding in probe(path).findings}


def with_box(path: Path, kind: bytes, offset: int, value: bytes, out: Path) -> Path:
    """A copy of the MP4 at *path* with *value* written *offset* bytes into its first box *kind*."""
    content = bytearray(path.read_bytes())
    place = content.index(kind) + 4 + offset
    content[place : place + len(value)] = value
    out.write_bytes(content)
    return out


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize(
    "rate",
    [
        Fraction(24000, 1001),
        Fraction(24),
        Fraction(25),
        Fraction(30000, 1001),
        Fraction(60000, 1001),
    ],
)
def test_24_frame_rates_are_exact_in_every_container(
    make_clip, container: str, rate: Fraction
) -> None:
    clip = make_clip(f"x.{container}", *picture(str(rate)), *X264, "-bf", "2")
    facts = probe(clip)
    assert facts.streams[0].frame_rate == rate
    assert facts.streams[0].frames == -(-2 * rate.numerator // rate.denominator)
    assert "VARIABLE_FRAME_RATE" not in findings(clip)


def test_facts_of_a_film_are_those_of_the_contract(film: Path) -> None:
    body = json.loads(json.dumps(probe(film).to_json()))
    assert body == {
        "kind": "video",
        "container": "mp4",
        "duration": from_seconds(2),
        "start": 0,
        "streams": [
            {
                "type": "video",
                "codec": "h264",
                "width": 320,
                "height": 240,
                "frame_rate": [25, 1],
                "frames": 50,
                "rotation": 0,
                "sample_rate": None,
                "channels": None,
                "language": None,
                "index": 0,
                "title": None,
            },
            {
                "type": "audio",
                "codec": "aac",
                "width": None,
                "height": None,
                "frame_rate": None,
                "frames": None,
                "rotation": None,
                "sample_rate": 48000,
                "channels": 1,
                "language": None,
                "index": 1,
                "title": None,
            },
        ],
        "findings": [],
    }


def with_alias(path: Path, target: Path, out: Path) -> Path:
    """A copy of the MP4 at *path* (index at its end) whose picture is said to be in *target* (QuickTime alias)."""
    name = str(target).encode()
    record = (
        struct.pack(">HH", 2, len(name))
        + name
        + bytes(len(name) % 2)
        + struct.pack(">HH", 0xFFFF, 0)
    )
    alias = bytes(10 + 28 + 12 + 64 + 16) + struct.pack(">HH", 1, 1) + bytes(16) + record
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    content = bytearray(path.read_bytes())
    place = content.index(b"url \0\0\0\x01") - 4
    content[place : place + 12] = entry
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = content.index(box) - 4
        size = struct.unpack_from(">I", content, start)[0]
        struct.pack_into(">I", content, start, size + len(entry) - 12)
    out.write_bytes(content)
    return out


def test_08_mp4_whose_picture_is_said_to_be_in_another_file_leaves_that_file_alone(
    make_clip, tmp_path, canary
) -> None:
    whole = make_clip("x.mp4", *picture(), *X264)
    upload = with_alias(whole, canary.path, tmp_path / "x.mov")
    with suppress(BadInput):
        probe(upload)
    with suppress(ToolFailed):
        run_ffmpeg([*input_arguments(upload, "mp4"), "-f", "null", "-"])
    assert not canary.was_opened()
    obedient = [
        "-enable_drefs",
        "1",
        "-use_absolute_path",
        "1",
        "-i",
        str(upload),
        "-f",
        "null",
        "-",
    ]
    subprocess.run([find_ffmpeg(), "-nostdin", "-v", "quiet", *obedient], check=False)
    assert canary.was_opened()  # control: the alias is one


def test_17_truncated_matroska_is_shorter_than_declared(make_clip, tmp_path) -> None:
    whole = make_clip("x.mkv", *picture(), *tone(), *X264, "-c:a", "aac")
    cut = tmp_path / "x.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert findings(cut) == {"SHORTER_THAN_DECLARED"}
    assert probe(cut).duration < probe(whole).duration


def test_17_truncated_mp4_with_its_index_in_front_is_shorter_than_declared(
    make_clip, tmp_path
) -> None:
    whole = make_clip("x.mp4", *picture(), *X264, "-movflags", "+faststart")
    cut = tmp_path / "x.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert "SHORTER_THAN_DECLARED" in findings(cut)


def test_17_transport_stream_that_ends_inside_a_packet_is_remarked_on(make_clip, tmp_path) -> None:
    whole = make_clip("x.ts", *picture(), *tone(), *X264, "-c:a", "aac")
    cut = tmp_path / "x.ts"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3 // 188 * 188 + 100])
    assert "SHORTER_THAN_DECLARED" in findings(cut)


def test_17_file_that_stops_before_its_first_frame_is_refused(make_clip, tmp_path) -> None:
    whole = make_clip("x.mp4", *picture(), *X264, "-movflags", "+faststart")
    content = whole.read_bytes()
    cut = tmp_path / "x.mp4"
    cut.write_bytes(content[: content.rindex(b"mdat") + 4])
    assert refusal(cut) == "TRUNCATED"


def with_declared_ms(path: Path, milliseconds: float, out: Path) -> Path:
    """A copy of the Matroska file at *path* whose Duration element says *milliseconds*."""
    content = bytearray(path.read_bytes())
    place = content.index(b"\x44\x89\x88") + 3
    content[place : place + 8] = struct.pack(">d", milliseconds)
    out.write_bytes(content)
    return out


@pytest.mark.parametrize("declared", [-5.0, -1e9, 5 * 3_600_000.0])
def test_18_declared_duration_that_no_film_has_is_refused(
    make_clip, tmp_path, declared: float
) -> None:
    whole = make_clip("x.mkv", *picture(), *X264)
    assert refusal(with_declared_ms(whole, declared, tmp_path / "x.mkv")) == "BAD_DURATION"


@pytest.mark.parametrize("declared", [0.0, 2.0**63, float("nan"), float("inf")])
def test_18_declared_duration_that_means_nothing_is_measured_instead(
    make_clip, tmp_path, declared: float
) -> None:
    whole = make_clip("x.mkv", *picture(), *X264)
    assert probe(with_declared_ms(whole, declared, tmp_path / "x.mkv")).duration == from_seconds(2)


@pytest.mark.parametrize("ticks", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_18_mp4_is_measured_whatever_its_headers_say(make_clip, tmp_path, ticks: int) -> None:
    whole = make_clip("x.mp4", *picture(), *X264)
    odd = with_box(whole, b"mvhd", 16, struct.pack(">I", ticks), tmp_path / "a.mp4")
    odd = with_box(odd, b"mdhd", 16, struct.pack(">I", ticks), tmp_path / "x.mp4")
    assert probe(odd).duration == from_seconds(2)


def test_18_film_that_really_lasts_longer_than_four_hours_is_refused(make_clip) -> None:
    clip = make_clip("x.ts", *picture("1", 4 * 3600 + 60, "64x64"), "-c:v", "mpeg4")
    assert refusal(clip) == "BAD_DURATION"


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.ts"])
def test_19_enormous_picture_is_refused(make_clip, name: str) -> None:
    big = make_clip(
        name, "-f", "lavfi", "-i", "color=s=8192x4320:r=25:d=0.08", *X264, "-x264-params", "ref=1"
    )
    assert refusal(big) == "TOO_LARGE_PICTURE"


def test_19_largest_picture_is_accepted_either_way_up(make_clip) -> None:
    for size in ("4096x2304", "2304x4096"):
        clip = make_clip("x.mp4", "-f", "lavfi", "-i", f"color=s={size}:r=25:d=0.08", *X264)
        assert f"{probe(clip).streams[0].width}x{probe(clip).streams[0].height}" == size


def test_20_tiny_picture_is_refused(make_clip) -> None:
    assert refusal(make_clip("x.mp4", *picture(size="32x32"), *X264)) == "TOO_SMALL_PICTURE"


@pytest.mark.parametrize(("rate", "seconds"), [("1/10", 40), ("1000", 1)])
def test_22_frame_rates_that_no_film_has_are_refused(make_clip, rate: str, seconds: int) -> None:
    clip = make_clip("x.mkv", *picture(rate, seconds), "-c:v", "libx264", "-preset", "ultrafast")
    assert refusal(clip) == "BAD_FRAME_RATE"


def test_23_variable_frame_rate_is_remarked_on(make_clip) -> None:
    clip = make_clip(
        "x.mp4", *picture("30"), "-vf", "select='not(mod(n,7))+gt(n,30)'", "-fps_mode", "vfr", *X264
    )
    assert findings(clip) == {"VARIABLE_FRAME_RATE", "NO_SOUND"}


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_25_rotation_is_told_clockwise(film: Path, make_clip, turn: int) -> None:
    # ffmpeg's option turns counter-clockwise
    clip = make_clip("x.mp4", "-display_rotation", str(turn), "-i", film, "-c", "copy")
    assert probe(clip).streams[0].rotation == (360 - turn) % 360


def test_27_interlaced_film_is_remarked_on(make_clip) -> None:
    clip = make_clip(
        "x.mp4", *picture("50"), "-vf", "interlace", "-c:v", "libx264", "-flags", "+ildct+ilme"
    )
    assert "INTERLACED" in findings(clip)


def test_29_start_of_a_stream_that_does_not_begin_at_0_is_told(make_clip) -> None:
    clip = make_clip("x.ts", *picture(), *X264, "-output_ts_offset", "10")
    assert probe(clip).start == pytest.approx(
        from_seconds(Fraction(114, 10)), abs=FLICKS_PER_SECOND // 10
    )
    assert probe(clip).duration == from_seconds(2)


def test_31_audio_only_file_is_refused_as_a_film_and_accepted_as_sound(make_clip) -> None:
    clip = make_clip("x.mp4", *tone(), "-c:a", "aac")
    assert probe(clip).kind == "audio"
    with pytest.raises(BadInput) as refused:
        probe_film(clip)
    assert refused.value.code == "NO_VIDEO"
    assert "dub audio" in refused.value.advice


def test_21_31_cover_picture_does_not_make_a_film(make_clip) -> None:
    cover = make_clip("cover.png", *picture(size="900x900"), "-frames:v", "1", "-update", "1")
    song = make_clip(
        "x.mp3",
        *tone(),
        "-i",
        cover,
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
    )
    assert probe(song).kind == "audio"
    assert [stream.type for stream in probe(song).streams] == ["audio"]


def test_32_film_without_sound_is_accepted_and_remarked_on(make_clip) -> None:
    assert findings(make_clip("x.mp4", *picture(), *X264)) == {"NO_SOUND"}


@pytest.mark.parametrize(("tracks", "accepted"), [(10, True), (17, False)])
def test_33_many_sound_tracks(make_clip, tracks: int, accepted: bool) -> None:
    maps = [part for _ in range(tracks) for part in ("-map", "1")]
    clip = make_clip(
        "x.mkv",
        *picture(seconds=1),
        *tone(1),
        "-map",
        "0",
        *maps,
        *X264,
        "-c:a",
        "aac",
        "-b:a",
        "24k",
    )
    if accepted:
        assert "SEVERAL_SOUNDS" in findings(clip)
    else:
        assert refusal(clip) == "TOO_MANY_STREAMS"


def test_34_sound_that_nobody_records_is_refused(make_clip) -> None:
    assert refusal(make_clip("x.wav", *tone(1, 4000))) == "BAD_SOUND"


def test_34_recording_larger_than_allowed_is_refused(make_clip, tmp_path) -> None:
    upload = tmp_path / "x.wav"
    upload.write_bytes(make_clip("x.wav", *tone(1)).read_bytes())
    os.truncate(upload, (2 << 30) + 1)
    assert refusal(upload) == "TOO_LARGE"


def test_35_the_largest_moving_picture_is_used_and_comes_first(make_clip) -> None:
    clip = make_clip(
        "x.mkv",
        *picture(size="128x96"),
        *picture(size="320x240"),
        *("-map", "0", "-map", "1", *X264, "-metadata:s:0", "language=tuk"),
    )
    facts = probe(clip)
    assert [stream.width for stream in facts.streams] == [320, 128]
    assert [stream.language for stream in facts.streams] == [None, "tuk"]
    assert "SEVERAL_PICTURES" in findings(clip)


def test_10_attachments_of_a_matroska_file_are_ignored(make_clip) -> None:
    font = Path(__file__)
    attached = [
        part
        for number in range(60)
        for part in ("-attach", str(font), f"-metadata:s:{number + 1}", "mimetype=font/ttf")
    ]
    clip = make_clip("x.mkv", *picture(), *X264, *attached)
    assert probe(clip).streams[0].type == "video"


def test_37_encrypted_film_is_refused(make_clip) -> None:
    key = (
        "-encryption_scheme",
        "cenc-aes-ctr",
        "-encryption_key",
        "7" * 32,
        "-encryption_kid",
        "a" * 32,
    )
    assert refusal(make_clip("x.mp4", *picture(), *X264, *key)) == "ENCRYPTED"


def test_38_codec_outside_the_list_is_refused_by_name(make_clip) -> None:
    clip = make_clip("x.mkv", *picture(), "-c:v", "snow", "-strict", "-2")
    with pytest.raises(BadInput, match="snow") as refused:
        probe(clip)
    assert refused.value.code == "CODEC_UNSUPPORTED"


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.avi", "x.ts"])
def test_41_damaged_files_never_end_in_anything_but_facts_or_a_refusal(
    make_clip, tmp_path, name: str
) -> None:
    whole = make_clip(name, *picture(), *tone(), *X264, "-c:a", "aac").read_bytes()
    damaged = tmp_path / name
    for seed in range(40):
        content = bytearray(whole)
        for step in range(20):
            place = (seed * 7919 + step * step * 104_729) % len(content)
            content[place] ^= 1 << (seed + step) % 8
        damaged.write_bytes(content)
        with suppress(BadInput):
            assert examine_here(damaged).facts.duration > 0


@pytest.mark.parametrize(
    "name",
    [
        "-i.mp4",
        "frame%03d.png",
        "concat:a|b",
        "$(touch hacked).mp4",
        "a\nb.mp4",
        "@file",
        "pipe:0",
        "http:",
    ],
)
def test_46_50_names_are_only_names(tmp_path, monkeypatch, film: Path, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(film.read_bytes())
    assert apart.probe(Path(name)).duration == from_seconds(2)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_process_of_its_own_gives_the_same_answer(film: Path, make_clip) -> None:
    sound = make_clip("x.wav", *tone())
    for path in (film, sound):
        here = examine_here(path)
        assert Examined.from_json(json.loads(json.dumps(here.to_json()))) == here
        assert examine(path) == here
    assert film_facts(examine(film)).kind == "video"


def test_a_refusal_comes_back_whole_from_the_process_of_its_own(film: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        apart.probe(film, name="x" * 100_000 + "\0\ud800.jpg")
    assert refused.value.code == "TYPE_MISMATCH"
    assert refused.value.advice
    with pytest.raises(FileNotFoundError):
        apart.probe(tmp_path / "nothing")


@pytest.mark.parametrize("limits", [Limits(memory_bytes=100 << 20), Limits(cpu_seconds=0)])
def test_t2_a_file_on_which_the_reader_dies_is_refused_and_we_live(
    film: Path, monkeypatch, limits: Limits
) -> None:
    monkeypatch.setattr(apart, "_LIMITS", limits)
    with pytest.raises(BadInput) as refused:
        apart.probe(film)
    assert refused.value.code == "UNREADABLE"


def test_40_a_file_that_keeps_the_reader_busy_for_too_long_is_refused(
    make_clip, own_children, tmp_path, monkeypatch
) -> None:
    """A hole of zeros reads as millions of empty chunks: minutes of work in a file of some kilobytes."""
    upload = tmp_path / "x.wav"
    upload.write_bytes(make_clip("x.wav", *tone(1)).read_bytes())
    os.truncate(upload, 2 << 30)
    monkeypatch.setattr(apart, "_STALL_SECONDS", 1.0)
    with pytest.raises(BadInput, match="UNREADABLE"):
        apart.probe(upload)
    assert not own_children()


def test_stopping_a_probe_leaves_no_process(film: Path, own_children) -> None:
    children = []

    def stop(permille: int, doing: str) -> None:
        children.extend(own_children())
        raise Cancelled("CANCELLED", "A person stopped the work.")

    with pytest.raises(Cancelled):
        apart.probe(film, watch=stop)
    assert children
    assert not any(child.is_running() for child in children)
