"""HEVC and AV1: the same bytes for a segment as ever, and films that say what they are."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.render.conftest import MakeReel
from tests.render.reels import QUICK, Reel, frames_with_text, lumas
from tests.render.test_playback import BARS, FRAMES
from workflow.render.encoder import encoder_options
from workflow.render.plan import plan_render
from workflow.render.recipe import FINAL, Recipe
from workflow.render.run import Run, encode_run
from workflow.render.segments import FolderSegments

HD, SMALL = (1920, 1080), (192, 108)


@pytest.mark.parametrize(("codec", "tag"), [("hevc", "hvc1"), ("av1", "av01")])
@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(50)], ids=str)
def test_a_film_in_another_codec_is_as_exact(
    codec: str, tag: str, rate: Fraction, make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(rate, 130)
    recipe = replace(QUICK, codec=codec)
    reel.render([reel.cue(7, 11), reel.cue(60, 101)], tmp_path / "o.mp4", store, recipe)
    assert frames_with_text(tmp_path / "o.mp4") == [*range(7, 11), *range(60, 101)]
    with av.open(str(tmp_path / "o.mp4")) as media:
        stream = media.streams.video[0]
        assert stream.codec_context.codec_tag == tag
        assert stream.codec_context.name in {codec, "libdav1d"}
        colours = stream.codec_context.color_primaries, stream.codec_context.color_range
        assert colours == (1, 1)
        times = [frame.pts * stream.time_base for frame in media.decode(stream)]
        assert times == [number / rate for number in range(130)]
        # Decoding can begin at every segment: seeks land on its first frame.
        media.seek(int(Fraction(2 * round(rate) + 1) / rate / stream.time_base), stream=stream)
        assert next(media.decode(stream)).pts * stream.time_base == Fraction(2 * round(rate)) / rate


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_their_segments_are_the_same_alone_in_a_run_and_with_dirty_memory(
    codec: str, make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 110, "testsrc2", SMALL)
    recipe = replace(QUICK, codec=codec, preset="veryfast")
    plan = plan_render(reel.film, [reel.cue(10, 60)], recipe)
    encode_run(plan, Run(0, 3), reel.mezzanine, store, work=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    _encode_alone(reel, recipe, 1, elsewhere)
    key = plan.segments[1].key
    assert FolderSegments(elsewhere).path(key).read_bytes() == store.path(key).read_bytes()


def _encode_alone(reel: Reel, recipe: Recipe, index: int, folder: Path) -> None:
    code = f"""
from fractions import Fraction
from pathlib import Path
from tests.render.reels import Reel
from workflow.media.facts import Film
from workflow.render.plan import plan_render
from workflow.render.recipe import Recipe
from workflow.render.run import Run, encode_run
from workflow.render.segments import FolderSegments
mezzanine, folder = Path({str(reel.mezzanine)!r}), Path({str(folder)!r})
reel = Reel({reel.film!r}, mezzanine, mezzanine, None)
plan = plan_render(reel.film, [reel.cue(10, 60)], Recipe.from_json({recipe.to_json()!r}))
folder.mkdir()
encode_run(plan, Run({index}, {index + 1}), mezzanine, FolderSegments(folder), work=folder)
"""
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "MALLOC_PERTURB_": "85"},
    )


@pytest.mark.parametrize("preset", ["ultrafast", "veryfast", "faster"])
def test_every_frame_of_an_av1_film_is_itself_however_quick_it_was_asked_to_be(
    preset: str, make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), FRAMES, BARS, (640, 480))
    out = tmp_path / "o.mp4"
    reel.render([], out, store, replace(QUICK, height=240, codec="av1", preset=preset))
    shown = [
        sum(int(luma[120, bit * 40 + 20] > 120) << bit for bit in range(8)) for luma in lumas(out)
    ]
    assert shown == list(range(FRAMES))


def test_a_large_picture_is_looked_ahead_in_less_far() -> None:
    """Each frame that x264 keeps costs 5 to 10 MB at 1080p: a worker is to need no more than 250."""
    large, small = (encoder_options(FINAL, size)["x264-params"] for size in (HD, (560, 420)))
    assert ":rc-lookahead=7:b-pyramid=none:" in large
    assert ":rc-lookahead=30:" in small
    assert "b-pyramid" not in small
    assert "lookahead" not in encoder_options(replace(FINAL, preset="ultrafast"), HD)[
        "x264-params"
    ].replace("lookahead-threads", "")
