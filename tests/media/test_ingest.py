"""The mezzanine and what comes with it, measured from the finished files by other means than ingest uses."""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from workflow.errors import BadInput, Cancelled, ToolFailed
from workflow.media import h264
from workflow.media.container import index_comes_first
from workflow.media.ingest import Ingested, ingest, mezzanine_rate, time_scale, upright_square_size
from workflow.media.probe import Picture
from workflow.render.plan import gops
from workflow.timebase import FLICKS_PER_SECOND, STANDARD_RATES, FrameGrid, from_seconds

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
Ingest = Callable[[Path], Ingested]


@pytest.fixture
def ingested(tmp_path: Path) -> Ingest:
    def run(source: Path) -> Ingested:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        result = ingest(source, out)
        assert sorted(out.iterdir()) == sorted(result.files.values())
        return result

    return run


def frames_of(path: Path) -> list[np.ndarray]:
    """Luma of every frame, 16 black to 235 white."""
    with av.open(str(path)) as media:
        height = media.streams.video[0].height
        return [frame.to_ndarray(format="yuv420p")[:height] for frame in media.decode(video=0)]


def samples_of(path: Path) -> np.ndarray:
    """float[n] from time 0 on, the louder of the channels."""
    with av.open(str(path)) as media:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=48000)
        blocks = []
        for frame in media.decode(audio=0):
            blocks += [part.to_ndarray() for part in resampler.resample(frame)]
    return np.abs(np.concatenate(blocks, axis=1)).max(axis=0)


def stamps_of(path: Path) -> tuple[list[Fraction], list[int]]:
    """Times of the frames in seconds, and the numbers of the key frames."""
    with av.open(str(path)) as media:
        packets = sorted((p.pts, p.is_keyframe) for p in media.demux(video=0) if p.size)
        base = media.streams.video[0].time_base
    assert base
    return [pts * base for pts, _ in packets], [n for n, (_, key) in enumerate(packets) if key]


def picture(rate: str = "25", seconds: float = 2, size: str = "128x96") -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc=s={size}:r={rate}:d={seconds}")


FLASH = (
    "-f",
    "lavfi",
    "-i",
    "color=black:s=128x96:r=25:d=3,drawbox=c=white:t=fill:enable='eq(n,25)'",
)
CLICK = ("-f", "lavfi", "-i", "aevalsrc='0.8*gte(t,1)*lt(t,1.02)*sin(2*PI*1000*t)':d=3:s=48000")


@pytest.mark.parametrize(
    "rate", [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(50)]
)
def test_24_mezzanine_of_a_constant_film_has_its_rate_its_frames_and_key_frames_each_two_seconds(
    make_clip, ingested: Ingest, rate: Fraction
) -> None:
    source = make_clip("x.mkv", *picture(str(rate), 5, "64x64"), *X264, "-bf", "3", "-g", "250")
    made = ingested(source)
    assert made.film.rate == rate
    assert made.film.frames == len(frames_of(source))
    assert not made.film.has_sound
    assert made.changes == ()
    gop = {24: 48, 25: 50, 30: 60, 50: 100}[round(rate)]
    for name in ("mezzanine", "proxy240"):
        times, keys = stamps_of(made.files[name])
        assert times == [n / rate for n in range(made.film.frames)]
        assert keys == list(range(0, made.film.frames, gop))
        assert index_comes_first(made.files[name])
    with av.open(str(made.files["mezzanine"])) as media:
        stream = media.streams[0]
        assert stream.time_base == Fraction(1, time_scale(rate))
        assert (stream.codec_context.profile, stream.codec_context.pix_fmt) == ("High", "yuv420p")
        assert stream.codec_context.colorspace == stream.codec_context.color_trc == 1  # BT.709


def test_files_of_a_film_with_sound(film: Path, ingested: Ingest) -> None:
    made = ingested(film)
    pictures = {"mezzanine", "proxy240", "poster", "thumbs", "thumbs-index"}
    assert set(made.files) == pictures | {"sound", "peaks"}
    assert (made.film.width, made.film.height, made.film.frames) == (320, 240, 50)
    assert made.film.duration == from_seconds(2)
    assert made.facts.kind == "video"
    with av.open(str(made.files["sound"])) as sound:
        assert sound.streams[0].codec_context.name == "flac"
        assert (sound.streams[0].sample_rate, sound.streams[0].channels) == (48000, 2)
    assert len(samples_of(made.files["sound"])) == 96000
    with av.open(str(made.files["mezzanine"])) as mezzanine:
        assert len(mezzanine.streams) == 1
    with av.open(str(made.files["proxy240"])) as proxy:
        assert [stream.type for stream in proxy.streams] == ["video", "audio"]
    with av.open(str(made.files["poster"]), format="mjpeg") as poster:
        assert poster.streams[0].codec_context.width == 320


def test_480_lines_are_made_only_of_a_film_that_has_them(make_clip, ingested: Ingest) -> None:
    made = ingested(make_clip("x.mp4", *picture(seconds=1, size="960x540"), *X264))
    sizes = {}
    for name in ("mezzanine", "proxy480", "proxy240"):
        with av.open(str(made.files[name])) as media:
            context = media.streams[0].codec_context
            sizes[name] = (context.width, context.height)
            assert len(stamps_of(made.files[name])[0]) == 25
    assert sizes == {"mezzanine": (960, 540), "proxy480": (854, 480), "proxy240": (426, 240)}


@pytest.mark.parametrize(
    ("name", "arguments", "flash", "tolerance_ms"),
    [
        ("even.mkv", (*FLASH, *CLICK, "-c:a", "pcm_s16le"), 1.0, 0.1),
        ("late-sound.mkv", (*FLASH, "-itsoffset", "0.5", *CLICK, "-c:a", "pcm_s16le"), 1.0, 0.1),
        ("late-picture.mkv", ("-itsoffset", "0.4", *FLASH, *CLICK, "-c:a", "pcm_s16le"), 1.0, 0.1),
        ("late-both.mkv", (*FLASH, *CLICK, "-c:a", "flac", "-output_ts_offset", "3.2"), 1.0, 1.1),
        ("even.mp4", (*FLASH, *CLICK, "-c:a", "aac"), 1.0, 2),
        ("late-sound.mp4", (*FLASH, "-itsoffset", "0.5", *CLICK, "-c:a", "aac"), 1.0, 2),
        (
            "late-picture.mp4",
            ("-itsoffset", "0.4", *FLASH, *CLICK, "-c:a", "aac", "-bf", "2"),
            1.0,
            2,
        ),
        ("even.ts", (*FLASH, *CLICK, "-c:a", "mp2", "-bf", "2"), 1.0, 2),
        ("late-sound.ts", (*FLASH, "-itsoffset", "0.5", *CLICK, "-c:a", "aac"), 1.0, 2),
        ("even.avi", (*FLASH, *CLICK, "-c:a", "pcm_s16le"), 1.0, 1),
        ("reordered.avi", (*FLASH, *CLICK, "-c:a", "pcm_s16le", "-bf", "2"), 1.0, 1),
    ],
)
def test_29_a_flash_and_a_click_stay_together_whatever_starts_late(
    make_clip,
    ingested: Ingest,
    name: str,
    arguments: tuple[str, ...],
    flash: float,
    tolerance_ms: float,
) -> None:
    offsets = dict(pairwise(arguments))
    sound_first = arguments.index("-itsoffset") == 0 if "-itsoffset" in offsets else False
    late = float(offsets.get("-itsoffset", 0)) * (-1 if sound_first else 1)
    made = ingested(make_clip(name, *arguments, *X264))
    for picture_file in ("mezzanine", "proxy240"):
        lit = [n for n, luma in enumerate(frames_of(made.files[picture_file])) if luma.mean() > 128]
        assert lit == [round(flash * 25)]
    sample = int(np.argmax(samples_of(made.files["sound"]) > 0.2))
    assert abs(sample / 48 - (flash + late) * 1000) < tolerance_ms
    assert len(samples_of(made.files["sound"])) == made.film.frames * 1920
    heard = int(np.argmax(samples_of(made.files["proxy240"]) > 0.2))
    assert abs(heard - sample) < 48 * 3


def test_29_film_cut_by_an_edit_list_stays_in_step(make_clip, ingested: Ingest) -> None:
    whole = make_clip("even.mp4", *FLASH, *CLICK, *X264, "-g", "20", "-c:a", "aac")
    cut = make_clip("cut.mp4", "-ss", "0.5", "-i", whole, "-c", "copy")
    made = ingested(cut)
    lit = [n for n, luma in enumerate(frames_of(made.files["mezzanine"])) if luma.mean() > 128]
    sample = int(np.argmax(samples_of(made.files["sound"]) > 0.2))
    assert len(lit) == 1
    assert abs(sample / 48000 - lit[0] / 25) < 1 / 25


def test_23_frames_of_a_variable_rate_film_are_shown_at_their_own_times(
    make_clip, ingested: Ingest
) -> None:
    shade = "color=black:s=64x64:r=30:d=2,format=yuv420p,geq=lum='20+N*3':cb=128:cr=128"
    source = make_clip(
        "x.mp4",
        *("-f", "lavfi", "-i", shade, "-vf", "select='not(mod(n,4))+gt(n,30)'", "-fps_mode", "vfr"),
        *("-c:v", "libx264", "-crf", "1", "-color_range", "tv"),
    )
    made = ingested(source)
    kept = [n for n in range(60) if n % 4 == 0 or n > 30]
    assert {"RATE_CHANGED"} == {change.code for change in made.changes}
    for number, luma in enumerate(frames_of(made.files["mezzanine"])):
        time = number / made.film.rate
        shown = (float(luma.mean()) - 20) / 3
        right = max(n for n in kept if Fraction(n, 30) <= time + Fraction(1, 2) / made.film.rate)
        assert abs(shown - right) < 1


@pytest.mark.parametrize(
    ("turn", "corner"), [("90", (1, 0)), ("180", (1, 1)), ("270", (0, 1))], ids=["90", "180", "270"]
)
def test_25_turned_film_is_upright(make_clip, ingested: Ingest, turn: str, corner) -> None:
    marked = "color=black:s=160x96:r=25:d=1,drawbox=w=40:h=30:c=white:t=fill"
    flat = make_clip("flat.mp4", "-f", "lavfi", "-i", marked, *X264)
    made = ingested(make_clip("x.mp4", "-display_rotation", turn, "-i", flat, "-c", "copy"))
    size = (160, 96) if turn == "180" else (96, 160)
    assert (made.film.width, made.film.height) == size
    first = frames_of(made.files["mezzanine"])[0]
    down, right = corner
    assert first[-10 if down else 10, -10 if right else 10] > 200
    assert (first > 128).sum() == pytest.approx(1200, rel=0.1)
    assert "ROTATED" in {change.code for change in made.changes}


def test_20_odd_size_gets_a_black_line(make_clip, ingested: Ingest) -> None:
    made = ingested(
        make_clip("x.mkv", "-f", "lavfi", "-i", "color=white:s=141x99:r=25:d=1", "-c:v", "ffv1")
    )
    assert (made.film.width, made.film.height) == (142, 100)
    first = frames_of(made.files["mezzanine"])[0]
    assert first[:98, :140].min() > 200
    assert first[:, 141].max() < 60
    assert "PADDED" in {change.code for change in made.changes}


def test_26_anamorphic_film_gets_square_pixels(make_clip, ingested: Ingest) -> None:
    made = ingested(make_clip("x.mp4", *picture(seconds=1), "-vf", "setsar=16/11", *X264))
    assert (made.film.width, made.film.height) == (186, 96)
    with av.open(str(made.files["mezzanine"])) as media:
        assert media.streams.video[0].sample_aspect_ratio in {None, 1}


def test_27_interlaced_film_becomes_progressive(make_clip, ingested: Ingest) -> None:
    moving = "testsrc2=s=128x96:r=50:d=1,interlace"
    source = make_clip(
        "x.ts",
        "-f",
        "lavfi",
        "-i",
        moving,
        "-c:v",
        "mpeg2video",
        "-flags",
        "+ildct+ilme",
        "-q:v",
        "2",
    )
    made = ingested(source)
    assert "DEINTERLACED" in {change.code for change in made.changes}
    assert made.film.rate == 25
    with av.open(str(made.files["mezzanine"])) as media:
        assert not any(frame.interlaced_frame for frame in media.decode(video=0))


def test_28_hdr_film_is_brought_to_the_standard_range(make_clip, ingested: Ingest) -> None:
    hdr = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv"
    source = make_clip(
        "x.mkv", *picture(seconds=1), "-vf", f"format=yuv420p10,{hdr}", "-c:v", "libx265", "-x265-params",
        "log-level=none",
    )  # fmt: skip
    made = ingested(source)
    assert "TONE_MAPPED" in {change.code for change in made.changes}
    assert 10 < frames_of(made.files["mezzanine"])[0].mean() < 200


@pytest.mark.parametrize("pixels", ["yuv422p10", "yuv444p", "rgb24", "yuvj420p"])
def test_28_other_pixel_formats_keep_their_brightness(
    make_clip, ingested: Ingest, pixels: str
) -> None:
    grey = "color=0x808080:s=64x64:r=25:d=1"
    made = ingested(
        make_clip("x.mkv", "-f", "lavfi", "-i", grey, "-pix_fmt", pixels, "-c:v", "ffv1")
    )
    first = frames_of(made.files["mezzanine"])[0]
    assert first.mean() == pytest.approx(16 + 128 * 219 / 255, abs=2)


def test_34_mono_is_heard_on_both_sides_at_its_own_level(make_clip, ingested: Ingest) -> None:
    source = make_clip("x.mkv", *picture(), *CLICK, *X264, "-c:a", "pcm_s16le")
    made = ingested(source)
    with av.open(str(made.files["sound"])) as media:
        left, right = np.concatenate(
            [f.to_ndarray().reshape(-1, 2).T for f in media.decode(audio=0)], axis=1
        )
    assert np.array_equal(left, right)
    assert left.max() / 32768 == pytest.approx(0.8, abs=0.01)


def test_34_six_channels_are_mixed_down_and_sound_after_the_picture_is_told(
    make_clip, ingested: Ingest
) -> None:
    six = ("-f", "lavfi", "-i", "sine=440:r=44100:d=3", "-ac", "6")
    made = ingested(make_clip("x.mkv", *picture(seconds=1), *six, *X264, "-c:a", "flac"))
    assert {change.code for change in made.changes} == {"MIXED_DOWN", "SOUND_CUT"}
    assert len(samples_of(made.files["sound"])) == 48000


def test_36_places_and_names_in_the_upload_do_not_go_along(make_clip, ingested: Ingest) -> None:
    tags = (
        "-metadata",
        "location=+37.9+058.3/",
        "-metadata",
        "title=Gizlin",
        "-movflags",
        "use_metadata_tags",
    )
    made = ingested(make_clip("x.mp4", *picture(seconds=1), *CLICK, *X264, "-c:a", "aac", *tags))
    for path in made.files.values():
        content = path.read_bytes()
        assert b"058.3" not in content
        assert b"Gizlin" not in content
        assert not re.search(rb"Lav[cf]\d", content)


def test_shot_changes_are_the_first_frames_of_new_shots(make_clip, ingested: Ingest) -> None:
    shots = "color=red:s=64x64:r=25:d=0.8[a];color=blue:s=64x64:r=25:d=0.6[b];testsrc=s=64x64:r=25:d=0.6[c]"
    source = make_clip("x.mp4", "-filter_complex", f"{shots};[a][b][c]concat=n=3", *X264)
    grid = FrameGrid(Fraction(25))
    assert ingested(source).shots == (grid.time_of(20), grid.time_of(35))


def test_peaks_are_those_of_the_sound_at_50_points_a_second(make_clip, ingested: Ingest) -> None:
    made = ingested(make_clip("x.mkv", *picture(seconds=3), *CLICK, *X264, "-c:a", "pcm_s16le"))
    content = made.files["peaks"].read_bytes()
    version, flags, rate, per_point, points, channels = struct.unpack_from("<iIiiIi", content)
    assert (version, flags, rate, per_point, points, channels) == (2, 1, 48000, 960, 150, 1)
    wave = np.frombuffer(content, np.int8, offset=24).reshape(-1, 2)
    assert len(wave) == points
    assert wave[50].tolist() == [-103, 102]  # 0.8 of 128, the one lower rounded down
    assert not wave[:50].any()
    assert not wave[51:].any()


def test_the_same_film_gives_the_same_bytes(film: Path, ingested: Ingest) -> None:
    first, second = ingested(film), ingested(film)
    assert first.film == second.film
    for name in ("mezzanine", "sound", "peaks", "proxy240", "poster"):
        assert first.files[name].read_bytes() == second.files[name].read_bytes()


def test_f21_cancelling_leaves_no_ffmpeg_and_no_file(
    make_clip, own_children, tmp_path: Path
) -> None:
    source = make_clip("long.mp4", *picture(seconds=60, size="640x360"), *X264)
    out = tmp_path / "out"
    out.mkdir()
    children = []

    def stop_when_ffmpeg_runs(permille: int, doing: str) -> None:
        children.extend(own_children())
        if any((out / name).exists() for name in ("mezzanine.mp4", "proxy240.mp4")):
            raise Cancelled("CANCELLED", "A person stopped the work.")

    with pytest.raises(Cancelled):
        ingest(source, out, watch=stop_when_ffmpeg_runs)
    assert children
    assert not any(child.is_running() for child in children)
    assert not list(out.iterdir())


def test_progress_of_ingest_never_goes_back(film: Path, tmp_path: Path) -> None:
    heard = []
    (tmp_path / "out").mkdir()
    ingest(film, tmp_path / "out", watch=lambda permille, doing: heard.append(permille))
    assert heard == sorted(heard)
    assert heard[-1] == 1000


@pytest.mark.parametrize("content", ["b'garbage'", "b''", "open(source, 'rb').read()"])
def test_f24_what_ffmpeg_wrote_is_not_believed(film: Path, tmp_path: Path, content: str) -> None:
    stub = tmp_path / "ffmpeg"
    stub.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "names = [a[5:] for a in sys.argv if a.startswith('file:')]\n"
        "source = names[0]\n"
        f"for name in names[1:]: open(name, 'wb').write({content})\n"
    )
    stub.chmod(0o755)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ToolFailed) as failed:
        ingest(film, out, ffmpeg=str(stub))
    assert failed.value.code == "OUTPUT_INVALID"
    assert not list(out.iterdir())


def test_31_sound_without_a_picture_is_no_film(make_clip, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(BadInput, match="NO_VIDEO"):
        ingest(make_clip("x.flac", *CLICK), tmp_path / "out")


def test_17_truncated_film_is_ingested_as_far_as_it_goes(
    make_clip, tmp_path, ingested: Ingest
) -> None:
    whole = make_clip("x.mkv", *picture(seconds=3), *CLICK, *X264, "-g", "10", "-c:a", "aac")
    cut = tmp_path / "x.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    made = ingested(cut)
    assert 20 < made.film.frames < 70
    assert "SHORTER_THAN_DECLARED" in {finding.code for finding in made.facts.findings}


@pytest.mark.parametrize(
    "name",
    ["-i.mp4", "frame%03d.png", "concat:a|b", "$(touch hacked).mp4", "a\nb.mp4", "x';[0:v]'.mp4"],
)
def test_46_50_names_are_only_names_in_ingest_too(
    make_clip, tmp_path, monkeypatch, ingested: Ingest, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = Path(name)
    source.write_bytes(make_clip("x.mp4", *picture(seconds=1, size="64x64"), *X264).read_bytes())
    assert ingested(source).film.frames == 25
    assert {path.name for path in tmp_path.iterdir()} == {name, "out1"}


@pytest.mark.parametrize(
    ("rate", "constant", "chosen"),
    [
        (Fraction(24000, 1001), True, Fraction(24000, 1001)),
        (Fraction(15), True, Fraction(30)),
        (Fraction(25, 2), True, Fraction(25)),
        (Fraction(10), True, Fraction(30)),
        (Fraction(2998, 100), True, Fraction(30000, 1001)),
        (Fraction(287, 10), False, Fraction(30000, 1001)),
        (Fraction(15), False, Fraction(24000, 1001)),
        (Fraction(30), False, Fraction(30)),
    ],
)
def test_rate_of_the_mezzanine_is_standard(
    rate: Fraction, constant: bool, chosen: Fraction
) -> None:
    assert mezzanine_rate(rate, constant=constant) == chosen
    assert chosen in STANDARD_RATES


@pytest.mark.parametrize("rate", STANDARD_RATES)
def test_every_frame_is_a_whole_number_of_ticks(rate: Fraction) -> None:
    assert (time_scale(rate) / rate).denominator == 1
    assert time_scale(rate) >= 10_000
    assert {24: 12288, 25: 12800}.get(rate.numerator, time_scale(rate)) == time_scale(rate)


@pytest.mark.parametrize(
    ("width", "height", "aspect", "rotation", "size"),
    [
        (720, 576, Fraction(16, 11), 0, (1048, 576)),
        (720, 480, Fraction(8, 9), 0, (720, 540)),
        (720, 576, Fraction(16, 11), 90, (576, 1048)),
        (3840, 2160, Fraction(2), 0, (3840, 1080)),
        (641, 479, Fraction(1), 0, (641, 479)),
    ],
)
def test_26_size_with_square_pixels(width, height, aspect, rotation, size) -> None:
    seen = Picture(
        index=0, rate=Fraction(25), constant=True, frames=1, start=0, end=FLICKS_PER_SECOND, width=width,
        height=height, rotation=rotation, aspect=aspect, interlaced=False, hdr=False, matrix=2, pixels="",
    )  # fmt: skip
    assert upright_square_size(seen) == size


# A film that is fit already


FIT = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "veryfast", "-bf", "3", "-g", "40")
BT709 = ("-vf", "setparams=colorspace=bt709:range=tv", "-colorspace", "bt709")


def copied(made: Ingested) -> bool:
    return "TAKEN_AS_IS" in {change.code for change in made.changes}


def packets_of(path: Path) -> list[bytes]:
    """NAL units of the picture, without parameter sets, whatever stands before each."""
    with av.open(str(path)) as media:
        config = bytes(media.streams.video[0].codec_context.extradata or b"")
        prefix = h264.length_size(config)
        units = [h264.nal_units(bytes(p), prefix) for p in media.demux(video=0) if p.size]
    return [u for packet in units for u in packet if u and u[0] & 31 in {1, 5}]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("x.mp4", ()),
        ("late.mp4", ("-output_ts_offset", "1.3")),
        ("x.mkv", ()),
        ("x.ts", ()),
        ("x.mov", ("-profile:v", "main")),
    ],
)
def test_a_fit_film_is_copied_packet_by_packet_and_cut_at_its_own_key_frames(
    make_clip, ingested: Ingest, name: str, more: tuple[str, ...]
) -> None:
    source = make_clip(name, *picture(seconds=7), *CLICK, *BT709, *FIT, "-c:a", "aac", *more)
    made = ingested(source)
    assert copied(made)
    assert made.film.starts == (0, 40, 80, 120, 160)
    times, keys = stamps_of(made.files["mezzanine"])
    assert times == [Fraction(n, 25) for n in range(175)]
    assert keys == list(made.film.starts)
    assert packets_of(made.files["mezzanine"]) == packets_of(source)
    for mine, theirs in zip(frames_of(made.files["mezzanine"]), frames_of(source), strict=True):
        assert np.array_equal(mine, theirs)
    sample = int(np.argmax(samples_of(made.files["sound"]) > 0.2))
    assert abs(sample / 48 - 1000) < 2


@pytest.mark.parametrize(
    "unfit",
    [
        ("-x264-params", "open-gop=1:keyint=40:min-keyint=40"),
        ("-g", "250"),
        ("-pix_fmt", "yuv422p"),
        ("-colorspace", "smpte170m"),
        ("-vf", "setsar=16/11"),
        ("-flags", "+ildct+ilme"),
    ],
    ids=["open-gop", "long-gop", "4:2:2", "bt601", "anamorphic", "interlaced"],
)
def test_what_is_not_fit_is_encoded(make_clip, ingested: Ingest, unfit: tuple[str, ...]) -> None:
    source = make_clip("x.mp4", *picture(seconds=4), *BT709, *FIT, *unfit)
    made = ingested(source)
    assert not copied(made)
    assert made.film.starts == ()
    assert stamps_of(made.files["mezzanine"])[1] == [0, 50]


def test_a_fit_film_that_turns_out_to_be_damaged_is_encoded(
    make_clip, tmp_path: Path, ingested: Ingest
) -> None:
    whole = make_clip("x.mp4", *picture(seconds=4), *BT709, *FIT).read_bytes()
    content = bytearray(whole)
    place = content.index(b"mdat") + len(content) // 2
    content[place : place + 400] = bytes(range(100)) * 4
    source = tmp_path / "x.mp4"
    source.write_bytes(content)
    made = ingested(source)
    assert not copied(made)
    assert made.film.frames > 90


def test_segments_of_a_copied_film_are_about_two_seconds_long(make_clip, ingested: Ingest) -> None:
    made = ingested(make_clip("x.mp4", *picture(seconds=5), *BT709, *FIT, "-g", "15"))
    assert copied(made)
    assert made.film.starts == (0, 45, 90)
    assert gops(made.film) == made.film.starts


# Sound


def sides_of(path: Path) -> np.ndarray:
    """int16[2, n] of a stereo FLAC."""
    with av.open(str(path)) as media:
        blocks = [frame.to_ndarray().reshape(-1, 2).T for frame in media.decode(audio=0)]
    return np.concatenate(blocks, axis=1)


@pytest.mark.parametrize("side", ["left", "right"])
def test_34_sound_on_one_side_only_is_heard_on_both_and_told(
    make_clip, ingested: Ingest, side: str
) -> None:
    pan = "pan=stereo|c0=c0|c1=0*c0" if side == "left" else "pan=stereo|c0=0*c0|c1=c0"
    source = make_clip("x.mkv", *picture(), *CLICK, *X264, "-af", pan, "-c:a", "pcm_s16le")
    made = ingested(source)
    told = {change.code: change.values for change in made.changes}
    assert told["ONE_SIDED_SOUND"] == {"side": side}
    assert made.film.mended
    left, right = sides_of(made.files["sound"])
    assert np.array_equal(left, right)
    assert left.max() / 32768 == pytest.approx(0.8, abs=0.01)


def test_34_silence_and_sound_beyond_the_scale_are_told(make_clip, ingested: Ingest) -> None:
    silent = ("-f", "lavfi", "-i", "anullsrc=r=48000:d=1")
    made = ingested(make_clip("a.mkv", *picture(seconds=1), *silent, *X264, "-c:a", "flac"))
    assert {change.code for change in made.changes} == {"SILENT_SOUND"}
    loud = ("-f", "lavfi", "-i", "aevalsrc='3*sin(2*PI*300*t)':d=1:s=48000")
    made = ingested(make_clip("b.mkv", *picture(seconds=1), *loud, *X264, "-c:a", "pcm_f32le"))
    assert "SOUND_CLIPPED" in {change.code for change in made.changes}


@pytest.mark.parametrize(("rate", "codec"), [("8000", "pcm_u8"), ("192000", "pcm_s24le")])
def test_34_odd_sample_rates_become_48_khz(
    make_clip, ingested: Ingest, rate: str, codec: str
) -> None:
    source = make_clip("x.mkv", *picture(), *CLICK, *X264, "-ar", rate, "-c:a", codec)
    made = ingested(source)
    assert len(samples_of(made.files["sound"])) == 96000
    sample = int(np.argmax(samples_of(made.files["sound"]) > 0.2))
    assert abs(sample / 48 - 1000) < 2


THREE_SOUNDS = (
    *picture(seconds=1),
    *(part for hz in (300, 600, 900) for part in ("-f", "lavfi", "-i", f"sine={hz}:d=1:r=48000")),
    *(part for n in range(4) for part in ("-map", str(n))),
    *(*X264, "-c:a", "flac", "-metadata:s:a:0", "language=rus", "-metadata:s:a:1", "language=eng"),
    *("-disposition:a:0", "0", "-disposition:a:1", "0", "-disposition:a:2", "default"),
)


@pytest.mark.parametrize(
    ("language", "chosen", "hertz", "why"),
    [
        ("en-GB", None, 600, "language"),
        ("ru", None, 300, "language"),
        ("fa", None, 900, "default"),
        ("en", 0, 300, "chosen"),
    ],
)
def test_33_of_several_sounds_the_one_in_the_source_language_is_used_unless_one_was_chosen(
    make_clip, tmp_path: Path, language: str, chosen: int | None, hertz: int, why: str
) -> None:
    (tmp_path / "out").mkdir()
    source = make_clip("x.mkv", *THREE_SOUNDS)
    made = ingest(source, tmp_path / "out", language=language, sound=chosen)
    left, _ = sides_of(made.files["sound"])
    assert np.argmax(np.abs(np.fft.rfft(left))) == hertz
    assert made.film.sound == hertz // 300 - 1
    said = {finding.code: finding.values for finding in made.facts.findings}
    assert said["SEVERAL_SOUNDS"] == {"count": 3, "place": hertz // 300, "why": why}


def test_thumbnails_are_where_their_index_says(make_clip, ingested: Ingest) -> None:
    shades = "color=black:s=160x90:r=25:d=9,geq=lum='20+N*0.9':cb=128:cr=128"
    made = ingested(make_clip("x.mp4", "-f", "lavfi", "-i", shades, *X264))
    index = made.files["thumbs-index"].read_text()
    found = re.findall(r"(\S+) --> (\S+)\nthumbs#xywh=(\d+),(\d+),(\d+),(\d+)", index)
    assert [(start, end) for start, end, *_ in found][-1] == ("00:00:08.000", "00:00:09.000")
    with av.open(str(made.files["thumbs"]), format="mjpeg") as sheet:
        picture_of_all = next(sheet.decode(video=0)).to_ndarray(format="gray")
    levels = []
    for *_, x, y, width, height in found:
        left, top, wide, tall = map(int, (x, y, width, height))
        levels.append(float(picture_of_all[top : top + tall, left : left + wide].mean()))
    assert len(levels) == 5
    assert np.allclose(np.diff(levels), 45 * 255 / 219, atol=5)
