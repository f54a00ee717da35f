"""Frames with the captions drawn in are those that ffmpeg itself would draw."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.render.conftest import MakeReel
from tests.render.reels import QUICK, STAMP, Reel
from workflow.errors import Cancelled, ToolFailed
from workflow.media.ffmpeg import find_ffmpeg
from workflow.render.ass import Caption, document
from workflow.render.pictures import drawn_frames
from workflow.render.plan import RenderPlan, plan_render
from workflow.render.recipe import REVIEW, Recipe, Second, Style
from workflow.render.typeface import FONTS_DIR, use_only_our_fonts

SIZE = (320, 180)
EVERYTHING = replace(
    REVIEW,
    style=Style(box=True, size=90),
    second=Second("ru", "other-edge", 80),
    numbers=True,
    watermark="Diňe gözden geçirmek üçin",
)


@pytest.fixture
def reel(make_reel: MakeReel) -> Reel:
    return make_reel(Fraction(25), 130, "testsrc2", SIZE)


def planned(reel: Reel, recipe: Recipe) -> RenderPlan:
    cues = [reel.cue(5, 60, "<i>Salam</i>"), reel.cue(40, 90, "Hoş geldiňiz")]
    second = [reel.cue(20, 120, "Здравствуйте")] if recipe.second else None
    stamp = STAMP if recipe.form == "review" else None
    return plan_render(reel.film, cues, recipe, second=second, stamp=stamp)


def by_ffmpeg(reel: Reel, plan: RenderPlan, number: int, folder: Path) -> np.ndarray[Any, Any]:
    """The segment's frames, drawn by ffmpeg's own filter on its own decoding."""
    piece = plan.segments[number]
    recipe = plan.recipe
    grid = plan.film.grid
    clock = [
        Caption(number, number + 1, 9, grid.timecode(grid.time_of(piece.first + number)), "note")
        for number in range(piece.frames * piece.clock)
    ]
    script = document(
        [*piece.captions, *clock],
        SIZE,
        recipe.style,
        lambda frame: frame * 100 // 25,
        recipe.second,
    )
    (folder / "own.ass").write_text(script, encoding="utf-8")
    use_only_our_fonts()
    drawn = (
        f"trim=start_frame={piece.first}:end_frame={piece.end},setpts=PTS-STARTPTS,"
        f"setparams=colorspace=bt709:range=tv,ass={folder}/own.ass:fontsdir={FONTS_DIR}"
    )
    done = subprocess.run(
        [
            *(find_ffmpeg(), "-v", "error", "-i", reel.mezzanine, "-vf", drawn),
            *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-"),
        ],
        capture_output=True,
        check=True,
    )
    return np.frombuffer(done.stdout, np.uint8).reshape(piece.frames, -1)


@pytest.mark.parametrize("recipe", [QUICK, EVERYTHING], ids=["final", "everything"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_sample_is_what_ffmpeg_would_have_drawn(
    recipe: Recipe, number: int, reel: Reel, tmp_path: Path
) -> None:
    plan = planned(reel, recipe)
    with drawn_frames(plan, [plan.segments[number]], reel.mezzanine, tmp_path) as frames:
        made = np.stack([frame.to_ndarray().ravel() for frame in frames])
    wanted = by_ffmpeg(reel, plan, number, tmp_path)
    assert np.abs(made.astype(np.int16) - wanted).max() <= 2  # of 255; roundings of layers add up


def test_a_caption_may_cover_the_whole_picture(reel: Reel, tmp_path: Path) -> None:
    recipe = replace(QUICK, style=Style(box=True, size=150))
    text = "\n".join(["Örän köp söz, biri-biriniň aşagynda we ýanynda, hemmesi bir ýerde"] * 6)
    plan = plan_render(reel.film, [reel.cue(5, 60, text)], recipe)
    with drawn_frames(plan, plan.segments[:1], reel.mezzanine, tmp_path) as frames:
        assert len(list(frames)) == plan.segments[0].frames


def test_a_person_who_stops_while_a_caption_is_waited_for_is_heard(
    reel: Reel, tmp_path: Path
) -> None:
    stub = tmp_path / "ffmpeg"
    stub.write_text("#!/bin/sh\nexec sleep 1000 > looks.yuv\n")
    stub.chmod(0o755)

    def stopped() -> None:
        raise Cancelled("CANCELLED", "A person stopped it.")

    plan = planned(reel, QUICK)
    with (
        pytest.raises(Cancelled),
        drawn_frames(
            plan, plan.segments, reel.mezzanine, tmp_path, waiting=stopped, ffmpeg=str(stub)
        ) as frames,
    ):
        assert len(list(frames)) < 0


def test_who_leaves_early_leaves_no_ffmpeg_behind(reel: Reel, tmp_path: Path) -> None:
    plan = planned(reel, QUICK)
    with drawn_frames(plan, plan.segments, reel.mezzanine, tmp_path) as frames:
        next(frames)
    assert not [thread for thread in threading.enumerate() if thread.name == "captions"]


def test_a_mezzanine_that_is_not_the_plans_is_found_out(
    reel: Reel, make_reel: MakeReel, tmp_path: Path
) -> None:
    plan = planned(reel, QUICK)
    short = make_reel(Fraction(25), 120, "testsrc2", SIZE)
    broken = tmp_path / "broken.mp4"
    whole = bytearray(reel.mezzanine.read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 4000] = bytes(4000)
    broken.write_bytes(whole)
    for number, mezzanine in enumerate((short.mezzanine, broken)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with (
            pytest.raises(ToolFailed, match="OUTPUT_INVALID"),
            drawn_frames(plan, plan.segments, mezzanine, folder) as frames,
        ):
            assert len(list(frames)) < 0
