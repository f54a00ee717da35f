"""Finished films: every time stamp, the sound sample by sample, what is copied untouched, what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.render.conftest import MakeReel
from tests.render.reels import QUICK, STAMP, ffmpeg, frames_with_text, ink, lumas, sha
from tests.render.test_burn_in import RATES
from workflow.errors import BadInput, Cancelled, ToolFailed
from workflow.media.container import index_comes_first
from workflow.render.engine import build_segments
from workflow.render.measure import measure_build
from workflow.render.plan import plan_render
from workflow.render.recipe import REVIEW, SOFT_MKV, SOFT_MP4
from workflow.render.segments import FolderSegments
from workflow.render.stitch import stitch


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Time and bytes of each packet of the first stream of *kind*."""
    with av.open(str(path)) as media:
        stream = getattr(media.streams, kind)[0]
        return [(Fraction(p.pts * p.time_base), bytes(p)) for p in media.demux(stream) if p.size]


def samples(path: Path, number: int = 0) -> np.ndarray:
    """One of the sounds, decoded by ffmpeg: what a player plays from the picture's time 0."""
    from workflow.media.ffmpeg import find_ffmpeg

    command = [find_ffmpeg(), "-v", "error", "-i", str(path), "-map", f"0:a:{number}", "-ac", "1"]
    done = subprocess.run([*command, "-f", "f32le", "-"], capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_every_frame_of_a_stitched_film_is_at_exactly_its_time(
    rate: Fraction, make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(rate, 130)
    reel.render([reel.cue(3, 100)], tmp_path / "o.mp4", store)
    with av.open(str(tmp_path / "o.mp4")) as media:
        stream = media.streams.video[0]
        times = [frame.pts * stream.time_base for frame in media.decode(stream)]
        assert times == [number / rate for number in range(130)]
        assert stream.average_rate == rate


@pytest.mark.parametrize(
    ("rate", "frames"), [(Fraction(24), 130), (Fraction(30000, 1001), 61), (Fraction(25), 1)]
)
def test_the_picture_is_the_films_own_frame_by_frame(
    rate: Fraction, frames: int, make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    """Without cues, each frame of the result is closest to the same frame of the mezzanine."""
    reel = make_reel(rate, frames, "testsrc2", (192, 108))
    reel.render([], tmp_path / "o.mp4", store, replace(QUICK, crf=0), workers=2)
    made, wanted = lumas(tmp_path / "o.mp4"), lumas(reel.mezzanine)
    assert len(made) == len(wanted)
    for number, luma in enumerate(made):
        near = range(max(0, number - 1), min(frames, number + 2))
        differences = {other: float(np.abs(luma - wanted[other]).mean()) for other in near}
        assert min(differences, key=differences.__getitem__) == number


def test_odd_widths_and_rows_that_libav_pads_come_out_right(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 5, "testsrc2", (178, 98))
    reel.render([], tmp_path / "o.mp4", store, replace(QUICK, crf=1))
    for made, wanted in zip(lumas(tmp_path / "o.mp4"), lumas(reel.mezzanine), strict=True):
        assert np.abs(made - wanted).mean() < 2


def test_the_aac_of_the_upload_is_copied_packet_by_packet_and_stays_in_step(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(25), 110)
    reel.render([reel.cue(3, 30)], tmp_path / "o.mp4", store)
    assert packets(tmp_path / "o.mp4", "audio") == packets(reel.original, "audio")
    heard, wanted = samples(tmp_path / "o.mp4"), samples(reel.original)
    assert np.array_equal(heard, wanted)


def test_sound_that_is_not_aac_is_encoded_once_and_in_step_within_a_millisecond(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(25), 110, sound="mp2")
    reel.render([], tmp_path / "o.mp4", store)
    heard, wanted = samples(tmp_path / "o.mp4"), samples(reel.sound)  # type: ignore[arg-type]
    assert abs(len(heard) - len(wanted)) <= 1024
    assert _delay(heard, wanted) == 0
    before = sorted(path.name for path in store.folder.rglob("*"))
    reel.render([], tmp_path / "again.mp4", store)
    assert sorted(path.name for path in store.folder.rglob("*")) == before


def test_sound_that_begins_late_begins_late(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(25), 110)
    late = tmp_path / "late.mp4"
    ffmpeg(
        *("-i", reel.mezzanine, "-itsoffset", "0.75", "-i", reel.original),
        *("-map", "0:v", "-map", "1:a", "-c", "copy", late),
    )
    replace(reel, original=late, film=replace(reel.film, hash="1" * 64)).render(
        [], tmp_path / "o.mp4", store
    )
    assert (
        packets(tmp_path / "o.mp4", "audio")[0][0] == packets(late, "audio")[0][0] > Fraction(7, 10)
    )


def test_a_film_whose_clock_does_not_begin_at_0_keeps_its_sound_in_step(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(25), 110)
    shifted = tmp_path / "shifted.mkv"
    ffmpeg("-itsoffset", "3.2", "-i", reel.original, "-c", "copy", "-copyts", shifted)
    moved = replace(reel, original=shifted, film=replace(reel.film, hash="2" * 64))
    moved.render([], tmp_path / "o.mp4", store)
    assert abs(_delay(samples(tmp_path / "o.mp4"), samples(reel.original))) < 48 * 5
    soft = tmp_path / "soft.mkv"
    moved.render([reel.cue(25, 50)], soft, store, SOFT_MKV)
    assert abs(packets(soft, "video")[0][0]) < Fraction(1, 500)
    assert abs(packets(soft, "subtitles")[0][0] - 1) < Fraction(1, 500)


def test_a_silent_film_has_no_sound(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    report = make_reel(sound=None).render([], tmp_path / "o.mp4", store)
    assert not report.has_sound


def test_the_same_render_gives_the_same_bytes_with_one_worker_or_two(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 230, "testsrc2", (192, 108))
    cues = [reel.cue(10, 60), reel.cue(90, 150)]
    first = reel.render(cues, tmp_path / "1.mp4", store, tags={"title": "Film", "comment": "{}"})
    other = FolderSegments(tmp_path / "other")
    reel.render(cues, tmp_path / "2.mp4", other, workers=2, tags={"title": "Film", "comment": "{}"})
    again = reel.render(cues, tmp_path / "3.mp4", store, tags={"title": "Film", "comment": "{}"})
    assert sha(tmp_path / "1.mp4") == sha(tmp_path / "2.mp4") == sha(tmp_path / "3.mp4")
    assert (first.encoded_frames, again.encoded_frames) == (230, 0)


def test_one_changed_line_encodes_its_own_segments_only(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 230, "testsrc2", (192, 108))
    reel.render([reel.cue(10, 40), reel.cue(100, 140)], tmp_path / "1.mp4", store)
    report = reel.render([reel.cue(10, 40), reel.cue(100, 140, "Başga")], tmp_path / "2.mp4", store)
    assert report.encoded_frames == 48
    before, after = packets(tmp_path / "1.mp4", "video"), packets(tmp_path / "2.mp4", "video")
    differ = [number for number, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert min(differ) >= 96
    assert max(differ) < 144


def test_a_film_can_be_read_from_the_start_and_says_what_it_is(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(size=(320, 180))
    tags = {"title": "Adam hukuklary", "comment": json.dumps({"track": "ab" * 32})}
    reel.render([], tmp_path / "o.mp4", store, REVIEW, stamp=STAMP, tags=tags)
    assert index_comes_first(tmp_path / "o.mp4")
    with av.open(str(tmp_path / "o.mp4")) as media:
        assert media.metadata["title"] == tags["title"]
        assert json.loads(media.metadata["comment"]) == {"track": "ab" * 32}
        context = media.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)


@pytest.mark.parametrize("recipe", [SOFT_MP4, SOFT_MKV], ids=["mp4", "mkv"])
def test_a_soft_film_has_the_uploads_own_picture_and_sound_and_the_cues(
    recipe: object, make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(25), 110)
    mkv = recipe is SOFT_MKV
    out = tmp_path / ("o.mkv" if mkv else "o.mp4")
    cues = [
        reel.cue(5, 50, "<i>Hoş</i> geldiňiz\nikinji setir"),
        reel.cue(25, 60, "Üstünden", position=8),
        reel.cue(75, 100, "{\\p1}m 0 0{\\p0} <x> & \\N"),
    ]
    report = reel.render(cues, out, store, recipe)  # type: ignore[arg-type]
    assert (report.segments, report.encoded_frames) == (0, 0)
    again = tmp_path / f"again{out.suffix}"
    reel.render(cues, again, store, recipe)  # type: ignore[arg-type]
    assert sha(again) == sha(out)
    # Matroska knows whole milliseconds and no time before 0: everything moves by the sound's priming.
    slack = Fraction(1, 1000) if mkv else Fraction(0)
    zero = min(time for time, _ in packets(out, "video"))
    for kind in ("video", "audio"):
        copied, own = packets(out, kind), packets(reel.original, kind)
        assert [data for _, data in copied] == [data for _, data in own]
        assert all(abs(a - zero - b) <= slack for (a, _), (b, _) in zip(copied, own, strict=True))
    with av.open(str(out)) as media:
        assert media.streams.subtitles[0].metadata["language"] == "tuk"
    texts = [(time - zero, data) for time, data in packets(out, "subtitles") if len(data) > 2]
    if mkv:
        assert [time for time, _ in texts] == [Fraction(1, 5), Fraction(1), Fraction(3)]
        assert texts[0][1].decode() == "<i>Hoş</i> geldiňiz\nikinji setir"
        assert texts[1][1].decode() == "{\\an8}Üstünden"
        assert not texts[2][1].startswith(b"{\\")
    else:
        times = [Fraction(1, 5), Fraction(1), Fraction(2), Fraction(3)]
        assert [time for time, _ in texts] == times
        assert texts[0][1][2:].startswith("Hoş geldiňiz\nikinji setir".encode())
        assert b"styl" in texts[0][1]
        assert (
            texts[1][1][2:].decode("utf-8", "ignore").startswith("Hoş geldiňiz\nikinji setir\nÜst")
        )
        assert texts[3][1][2:].decode() == "{\\p1}m 0 0{\\p0} <x> & \\N"


def test_a_soft_film_of_a_codec_that_the_container_cannot_hold_is_refused_by_name(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel()
    other = tmp_path / "wmv.mkv"
    ffmpeg("-i", reel.mezzanine, "-c:v", "wmv2", other)
    odd = replace(reel, original=other, sound=None)
    with pytest.raises(ToolFailed) as failed:
        odd.render([reel.cue(1, 5)], tmp_path / "o.mp4", store, SOFT_MP4)
    assert failed.value.code == "CONTAINER"
    assert not (tmp_path / "o.mp4").exists()


def test_35_a_cover_and_a_second_language_do_not_take_the_place_of_picture_and_sound(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(25), 110)
    cover, other = tmp_path / "cover.png", tmp_path / "cover.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=800x600", "-frames:v", "1", cover)
    ffmpeg(
        *("-i", cover, "-f", "lavfi", "-i", "sine=200:d=4.4:r=48000", "-i", reel.original),
        *(
            "-map",
            "0:v",
            "-map",
            "1:a",
            "-map",
            "2:v",
            "-map",
            "2:a",
            "-c",
            "copy",
            "-c:a:0",
            "aac",
        ),
        *(
            "-disposition:v:0",
            "attached_pic",
            "-disposition:a:0",
            "0",
            "-disposition:a:1",
            "default",
        ),
        other,
    )
    odd = replace(reel, original=other, film=replace(reel.film, hash="3" * 64))
    odd.render([], tmp_path / "o.mp4", store)
    assert packets(tmp_path / "o.mp4", "audio") == packets(reel.original, "audio")
    odd.render([reel.cue(1, 5)], tmp_path / "soft.mp4", store, SOFT_MP4)
    assert packets(tmp_path / "soft.mp4", "video") == packets(reel.original, "video")
    with av.open(str(tmp_path / "soft.mp4")) as media:
        assert len(media.streams.audio) == 2


def test_a_smaller_picture_shows_the_same_frames_with_letters_of_the_same_share(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 60, size=(640, 360), sound=None)
    recipe = replace(QUICK, height=180)
    report = reel.render([reel.cue(7, 30, "oo")], tmp_path / "small.mp4", store, recipe)
    assert (report.width, report.height, report.frames) == (320, 180, 60)
    reel.render([reel.cue(7, 30, "oo")], tmp_path / "large.mp4", store)
    assert frames_with_text(tmp_path / "small.mp4") == list(range(7, 30))
    small, large = ink(lumas(tmp_path / "small.mp4")[10]), ink(lumas(tmp_path / "large.mp4")[10])
    assert all(2 * a == pytest.approx(b, abs=3) for a, b in zip(small, large, strict=True))


def test_an_existing_file_is_never_written_over(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    (tmp_path / "o.mp4").write_text("mine")
    with pytest.raises(BadInput) as refused:
        make_reel().render([], tmp_path / "o.mp4", store)
    assert refused.value.code == "OUTPUT_EXISTS"
    assert (tmp_path / "o.mp4").read_text() == "mine"


def test_f21_a_render_stopped_at_any_step_leaves_no_file(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel()
    for limit in (0, 860, 905, 955):

        def stop(permille: int, doing: str, limit: int = limit) -> None:
            if permille >= limit:
                raise Cancelled("CANCELLED", "A person stopped it.")

        with pytest.raises(Cancelled):
            reel.render([reel.cue(1, 5)], tmp_path / "o.mp4", store, watch=stop)
        assert [path.name for path in tmp_path.iterdir() if path.name != "segments"] == []


def test_progress_is_told_from_one_thread_and_never_goes_back(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    import threading

    heard: list[int] = []
    threads = set()

    def watch(permille: int, doing: str) -> None:
        assert doing
        heard.append(permille)
        threads.add(threading.get_ident())

    reel = make_reel(Fraction(24), 230, "testsrc2", (192, 108))
    reel.render([], tmp_path / "o.mp4", store, watch=watch, workers=2)
    assert heard == sorted(heard)
    assert heard[-1] == 1000
    assert threads == {threading.get_ident()}


def test_f25_a_damaged_segment_is_found_out_before_it_becomes_a_film(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel()
    plan = plan_render(reel.film, [], QUICK)
    build_segments(plan, reel.mezzanine, store, work=tmp_path)
    file = store.path(plan.segments[0].key)
    whole = bytearray(file.read_bytes())
    for harm in (whole[:-1], whole[:40], whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:]):
        file.write_bytes(harm)
        with pytest.raises(ToolFailed) as failed:
            stitch(plan, store, (), tmp_path / f"{len(harm)}{harm[-5]}.mp4", tags={})
        assert failed.value.code == "SEGMENT_DAMAGED"


@pytest.mark.parametrize(
    "harm", ["cut", "empty", "gone", "zeros", "short film", "no sound", "moov last"]
)
def test_f24_a_film_that_is_not_what_was_planned_is_not_handed_over(
    harm: str, make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 130, "testsrc2", (192, 108))
    plan = plan_render(reel.film, [], QUICK)
    out = tmp_path / "o.mp4"
    reel.render([], out, store)
    measure_build(out, plan, [], with_sound=True)
    data = out.read_bytes()
    if harm == "cut":
        out.write_bytes(data[: len(data) * 2 // 3])
    elif harm == "empty":
        out.write_bytes(b"")
    elif harm == "gone":
        out.unlink()
    elif harm == "zeros":
        out.write_bytes(data[:-40_000] + bytes(40_000))
    elif harm == "short film":
        plan = replace(plan, film=replace(plan.film, frames=131))
    elif harm == "no sound":
        shutil.move(out, tmp_path / "whole.mp4")
        ffmpeg("-i", tmp_path / "whole.mp4", "-an", "-c", "copy", "-movflags", "faststart", out)
    else:
        shutil.move(out, tmp_path / "whole.mp4")
        ffmpeg("-i", tmp_path / "whole.mp4", "-c", "copy", out)
    with pytest.raises(ToolFailed) as failed:
        measure_build(out, plan, [], with_sound=True)
    assert failed.value.code == "OUTPUT_INVALID"


def test_a_folder_of_segments_forgets_what_was_used_longest_ago_and_never_what_is_needed(
    tmp_path: Path,
) -> None:
    import os

    store = FolderSegments(tmp_path / "s", limit_bytes=250)
    for number, key in enumerate(["aa", "bb", "cc", "dd"]):
        file = tmp_path / "x"
        file.write_bytes(bytes(100))
        store.put(key * 8, file)
        os.utime(store.folder / key / (key * 8), (number, number))
    store.path("bb" * 8)  # used just now
    assert store.trim(kept=["aa" * 8]) == 200
    assert [store.has(key * 8) for key in ("aa", "bb", "cc", "dd")] == [True, True, False, False]
    with pytest.raises(KeyError):
        store.path("cc" * 8)


def test_the_command_line_renders_a_film_from_plain_files_and_its_cache(
    make_reel: MakeReel, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(25), 110, "testsrc2", (320, 180))
    track = tmp_path / "t.srt"
    track.write_text("1\n00:00:01,000 --> 00:00:02,000\nSalam, dünýä\n", encoding="utf-8")

    def terjime(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "workflow.cli", "render", *arguments, str(reel.original)]
        common = ["--track", str(track), "--cache", "cache", "--json"]
        return subprocess.run(
            [*command, *common], capture_output=True, text=True, cwd=tmp_path, check=False
        )

    done = terjime("review", "-o", "review.mp4", "--title", "Film")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"]["encoded_frames"] == 110
    done = terjime("review", "-o", "again.mp4", "--title", "Film")
    assert json.loads(done.stdout)["report"]["encoded_frames"] in {
        0,
        100,
    }  # the minute may have changed
    second = ["--second", str(track), "--second-language", "ru", "--dub", str(reel.sound)]
    done = terjime("final", "-o", "soft.mkv", "--form", "soft-mkv", *second)
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / "soft.mkv")) as media:
        languages = [s.metadata.get("language") for s in media.streams if s.type != "video"]
        assert languages == ["tuk", None, "tuk", "rus"]  # dub, original, subtitles
    done = terjime("final", "-o", "soft.mkv")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["code"] == "OUTPUT_EXISTS"
    (tmp_path / "recipe.json").write_text('{"crf": 99}')
    done = terjime("final", "-o", "final.mp4", "--recipe", "recipe.json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (3, "RECIPE")
    track.write_text("1\n00:00:09,000 --> 00:00:12,000\nSalam\n", encoding="utf-8")
    done = terjime("final", "-o", "final.mp4")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (3, "CUE_OUTSIDE_FILM")
    assert sorted(path.name for path in tmp_path.glob("*.m*")) == [
        "again.mp4",
        "review.mp4",
        "soft.mkv",
    ]


def _delay(heard: np.ndarray, wanted: np.ndarray) -> int:
    """How many samples *heard* is later than *wanted*."""
    length = min(len(heard), len(wanted))
    size = 1 << (2 * length - 1).bit_length()
    product = np.fft.rfft(heard[:length], size) * np.conj(np.fft.rfft(wanted[:length], size))
    best = int(np.argmax(np.fft.irfft(product, size)))
    return best - size if best > size // 2 else best
