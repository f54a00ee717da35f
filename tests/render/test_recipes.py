"""What a recipe can ask for beyond a burned-in track: two languages, a dub, a watermark, numbers, safe areas."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import av.stream
import numpy as np
import pytest

from tests.render.conftest import MakeReel
from tests.render.reels import QUICK, STAMP, Reel, ffmpeg, frames_with_text, ink, lumas
from tests.render.test_films import _delay, packets, samples
from tests.render.test_plan import CUES, FILM, changed, with_cue
from workflow.errors import BadInput
from workflow.render.ass import captions
from workflow.render.plan import plan_render
from workflow.render.recipe import (
    FINAL,
    NAMED,
    REVIEW,
    SOFT_MKV,
    SOFT_MP4,
    Recipe,
    Second,
    Style,
    named,
)
from workflow.render.segments import FolderSegments
from workflow.render.sound import Dub
from workflow.timebase import FrameGrid
from workflow.tracks.cues import Cue

TWO = replace(FINAL, second=Second("ru"))


# Which segments get another name


def test_a_changed_cue_of_the_second_track_renames_its_own_segments_only() -> None:
    one = plan_render(FILM, CUES, TWO, second=CUES)
    assert changed(one, plan_render(FILM, CUES, TWO, second=with_cue(100, text="Другое"))) == 3
    assert changed(one, plan_render(FILM, with_cue(200, text="Başga"), TWO, second=CUES)) == 3
    under = replace(TWO, second=Second("ru", "under"))
    one = plan_render(FILM, CUES, under, second=CUES)
    assert changed(one, plan_render(FILM, CUES, under, second=with_cue(100, text="Другое"))) == 3


@pytest.mark.parametrize(
    "recipe",
    [
        replace(FINAL, watermark="Aýgül"),
        replace(FINAL, codec="hevc"),
        replace(FINAL, codec="av1"),
        replace(FINAL, style=Style(safe=100)),
    ],
)
def test_a_watermark_a_codec_and_a_safe_area_rename_every_segment(recipe: Recipe) -> None:
    assert changed(plan_render(FILM, CUES, FINAL), plan_render(FILM, CUES, recipe)) == 600


def test_with_numbers_a_changed_text_costs_what_it_did_and_a_new_cue_all_that_follows() -> None:
    recipe = replace(REVIEW, numbers=True)
    one = plan_render(FILM, CUES, recipe, stamp=STAMP)
    other = plan_render(FILM, with_cue(100, text="Başga"), recipe, stamp=STAMP)
    assert changed(one, other) == 3
    early = (*CUES, Cue("new", CUES[280].start + 1, CUES[280].end, "Täze"))
    assert changed(one, plan_render(FILM, early, recipe, stamp=STAMP)) < 30


def test_what_is_new_in_recipes_leaves_the_name_of_an_older_one_as_it_was() -> None:
    """Verdicts and stored jobs name recipes by hash."""
    assert FINAL.hash.startswith("6ec0de8347f56a25")
    assert set(FINAL.to_json()) == {"form", "height", "crf", "preset", "sound_kbps", "style"}
    assert set(FINAL.to_json()["style"]) == {"size", "outline", "box", "position", "margin"}


@pytest.mark.parametrize("name", NAMED)
def test_every_named_recipe_comes_back_from_json_and_can_be_built_on(name: str) -> None:
    recipe = named(name)
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    other = Recipe.from_json({"like": name, "crf": 30, "style": {"size": 99}})
    assert other == replace(recipe, crf=30, style=replace(recipe.style, size=99))


@pytest.mark.parametrize(
    "body",
    [
        {"like": "cinema"},
        {"codec": "vp9"},
        {"sounds": "none"},
        {"sound": -1},
        {"sound": True},
        {"second": {"language": "r u"}},
        {"second": {"place": "left"}},
        {"second": {"size": 500}},
        {"second": []},
        {"watermark": "a\nb"},
        {"watermark": "x" * 81},
        {"watermark": 3},
        {"form": "soft-mp4", "watermark": "Aýgül"},
        {"numbers": True},
        {"numbers": 1, "form": "review"},
        {"style": {"safe": 500}},
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_name(body: object) -> None:
    with pytest.raises(BadInput) as refused:
        Recipe.from_json(body)
    assert refused.value.code == "RECIPE"


def test_a_second_track_and_a_dub_are_given_where_the_recipe_names_them_and_only_there(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel()
    for recipe, more in (
        (replace(QUICK, second=Second()), {}),
        (QUICK, {"second": [reel.cue(1, 5)]}),
        (replace(QUICK, sounds="both"), {}),
        (QUICK, {"dub": Dub(reel.sound or Path())}),
    ):
        with pytest.raises(BadInput) as refused:
            reel.render([], tmp_path / "o.mp4", store, recipe, **more)
        assert refused.value.code == "RECIPE"


# What is drawn


def test_a_second_language_stands_at_the_other_edge_or_below_and_never_on_the_first(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 48, size=(320, 240), sound=None)
    first = [reel.cue(0, 20, "oo"), reel.cue(24, 40, "oo\noo")]
    second = [reel.cue(10, 30, "ee"), reel.cue(34, 44, "ee\nee\nee")]
    for place in ("other-edge", "under"):
        recipe = replace(QUICK, style=Style(size=80), second=Second("ru", place))
        reel.render(first, tmp_path / f"{place}.mp4", store, recipe, second=second)
        assert frames_with_text(tmp_path / f"{place}.mp4") == list(range(44))
    apart, below = lumas(tmp_path / "other-edge.mp4"), lumas(tmp_path / "under.mp4")
    assert ink(apart[5][:120]) == (0, 0, 0, 0)  # the first alone at the bottom
    assert ink(apart[15][:120])[1] > 0  # and the second at the top beside it
    assert np.array_equal(ink(apart[5][120:]), ink(apart[15][120:]))
    # Below: the first keeps its place while the second comes and goes under it.
    alone, both, other = ink(below[5]), ink(below[15]), ink(below[22])
    assert alone[0] == pytest.approx(both[0], abs=1)
    assert both[1] > alone[1] + 10
    assert other[0] > alone[1]


def test_rows_below_are_kept_for_the_second_track() -> None:
    grid = FrameGrid(Fraction(25))
    at = grid.time_of
    first = [Cue("a", at(0), at(10), "A"), Cue("b", at(20), at(30), "B", position=8)]
    second = [
        Cue("x", at(5), at(12), "x"),
        Cue("y", at(20), at(24), "y1\ny2\ny3"),
        Cue("z", at(26), at(28), "z", position=8),
    ]
    shown = captions(first, grid, Style(), (second, Second("ru", "under")))
    blank = r"{\rsecond}\h{\r}"
    assert [(c.first, c.end, c.position, c.text) for c in shown] == [
        (0, 5, 2, rf"A\N{blank}\N{blank}"),
        (5, 10, 2, rf"A\N{blank}\N" + r"{\rsecond}x{\r}"),
        (10, 12, 2, r"{\rsecond}x{\r}"),
        (20, 24, 2, r"{\rsecond}y1\Ny2\Ny3{\r}"),
        (20, 30, 8, "B"),
        (26, 28, 2, r"{\rsecond}z{\r}"),
    ]
    # At the edge where a cue of the first stands already, the two share the rows.
    shown = captions(first, grid, Style(), (second, Second("ru")))
    assert [c.text for c in shown if c.position == 8 and c.first == 20] == [
        r"B\N{\rsecond}y1\Ny2\Ny3{\r}"
    ]


def test_a_watermark_is_on_every_frame_and_half_transparent(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 60, size=(320, 240), sound=None)
    recipe = replace(QUICK, watermark="Aýgül {\\p1} Ş.")
    reel.render([reel.cue(10, 20)], tmp_path / "o.mp4", store, recipe)
    for luma in lumas(tmp_path / "o.mp4"):
        middle = luma[60:180, 20:300]
        assert 140 < middle.max() < 190
        assert (middle > 135).sum() > 300


def test_a_cues_number_stands_beside_it_in_a_review_build(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 60, size=(640, 360), sound=None)
    recipe = replace(REVIEW, preset="ultrafast", crf=12, height=None, numbers=True)
    cues = [reel.cue(10, 20, "oo"), reel.cue(30, 40, "ee")]
    reel.render(cues, tmp_path / "o.mp4", store, recipe, stamp=STAMP)
    corner = [luma[250:320, :60] for luma in lumas(tmp_path / "o.mp4")]
    shown = [number for number, luma in enumerate(corner) if luma.max() > 160]
    assert shown == [*range(10, 20), *range(30, 40)]
    assert np.abs(corner[15] - corner[35]).max() > 60  # 1 and 2


def test_text_keeps_out_of_the_unsafe_area(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 9, size=(320, 180), sound=None)
    recipe = replace(QUICK, style=Style(size=100, safe=100, margin=0))
    cues = [reel.cue(n - 1, n, "oo " * 20, position=n) for n in range(1, 10)]
    reel.render(cues, tmp_path / "o.mp4", store, recipe)
    for luma in lumas(tmp_path / "o.mp4"):
        top, bottom, left, right = ink(luma)
        assert (top >= 18, bottom <= 162, left >= 32, right <= 288) == (True, True, True, True)


# What is heard


@pytest.fixture
def dub(tmp_path: Path) -> Path:
    """A mix that sounds like no film here."""
    ffmpeg("-f", "lavfi", "-i", "aevalsrc=0.3*sin(300*t*t+9*t):s=48000:d=4.4", tmp_path / "dub.wav")
    return tmp_path / "dub.wav"


def sounds_of(path: Path) -> list[tuple[str, bool]]:
    with av.open(str(path)) as media:
        return [
            (s.metadata.get("language", "und"), av.stream.Disposition.default in s.disposition)
            for s in media.streams.audio
        ]


@pytest.mark.parametrize(
    "recipe",
    [QUICK, SOFT_MP4, SOFT_MKV, replace(QUICK, codec="hevc")],
    ids=["burned", "mp4", "mkv", "hevc"],
)
def test_a_dubbed_film_has_the_dub_first_and_the_original_second_both_in_step(
    recipe: Recipe, make_reel: MakeReel, store: FolderSegments, dub: Path, tmp_path: Path
) -> None:
    reel = in_russian(make_reel(Fraction(25), 110), tmp_path)
    out = tmp_path / ("o.mkv" if recipe is SOFT_MKV else "o.mp4")
    recipe = replace(recipe, sounds="both", second=Second("ru"))
    cues, second = [reel.cue(5, 50)], [reel.cue(25, 60, "Да"), reel.cue(70, 80, "Нет")]
    report = reel.render(cues, out, store, recipe, second=second, dub=Dub(dub))
    assert report.cues == 3
    assert sounds_of(out) == [("tuk", True), ("rus", False)]
    zero = round(48_000 * packets(out, "video")[0][0])  # Matroska has no time before 0
    assert abs(_delay(samples(out), samples(dub)) - zero) <= 48
    assert abs(_delay(samples(out, 1), samples(reel.original)) - zero) <= 48
    if recipe.is_soft:
        with av.open(str(out)) as media:
            texts = media.streams.subtitles
            assert [text.metadata["language"] for text in texts] == ["tuk", "rus"]
            found = [p for p in media.demux(texts[1]) if p.size > 2]
            assert ["Да" in bytes(p).decode(errors="replace") for p in found] == [True, False]
    again = tmp_path / f"again{out.suffix}"
    reel.render(cues, again, store, recipe, second=second, dub=Dub(dub))
    assert again.read_bytes() == out.read_bytes()


def test_a_dubbed_film_without_subtitles_copies_the_picture_and_carries_no_empty_stream(
    make_reel: MakeReel, store: FolderSegments, dub: Path, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(25), 110)
    recipe = replace(NAMED["dubbed"], sounds="dub")
    report = reel.render([], tmp_path / "o.mp4", store, recipe, dub=Dub(dub, "ru"))
    assert (report.encoded_frames, sounds_of(tmp_path / "o.mp4")) == (0, [("rus", True)])
    assert packets(tmp_path / "o.mp4", "video") == packets(reel.original, "video")
    with av.open(str(tmp_path / "o.mp4")) as media:
        assert not media.streams.subtitles


@pytest.mark.parametrize("codec", ["aac", "mp2"])
def test_of_several_sounds_the_recipe_picks_one(
    codec: str, make_reel: MakeReel, store: FolderSegments, dub: Path, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(25), 110)
    two = tmp_path / "two.mp4"
    ffmpeg(
        *("-i", reel.original, "-i", dub, "-map", "0:v", "-map", "0:a", "-map", "1:a"),
        *("-c", "copy", "-c:a:1", codec, "-metadata:s:a:1", "language=rus", two),
    )
    other = replace(reel, original=two, film=replace(reel.film, hash="7" * 64))
    for recipe in (replace(QUICK, sound=1), replace(SOFT_MP4, sound=1)):
        out = tmp_path / f"{recipe.form}.mp4"
        other.render([], out, store, recipe)
        assert [language for language, _ in sounds_of(out)] == ["rus"]
        assert abs(_delay(samples(out), samples(dub))) <= 48 * 5
        with pytest.raises(BadInput) as refused:
            other.render([], tmp_path / "x.mp4", store, replace(recipe, sound=2))
        assert refused.value.code == "SOUND_NUMBER"


def in_russian(reel: Reel, folder: Path) -> Reel:
    """The same film whose sound says that it is Russian."""
    named_so = folder / "russian.mp4"
    ffmpeg("-i", reel.original, "-c", "copy", "-metadata:s:a:0", "language=rus", named_so)
    return replace(reel, original=named_so, film=replace(reel.film, hash="6" * 64))
