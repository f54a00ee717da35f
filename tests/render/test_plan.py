"""What a change costs: which segments get another name, and what is refused before anything runs."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.render.reels import QUICK, STAMP
from workflow.errors import BadInput
from workflow.media.facts import Film
from workflow.render.plan import RenderPlan, cost_seconds, gops, picture_size, plan_render
from workflow.render.recipe import FINAL, REVIEW, REVIEW_240, SOFT_MP4, Recipe, Style
from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks.cues import Cue

FILM = Film("f" * 64, "e" * 64, Fraction(24000, 1001), 28_774, 960, 720, has_sound=True)
CUES = tuple(
    Cue(f"u{n}", n * 4 * FLICKS_PER_SECOND, (n * 4 + 3) * FLICKS_PER_SECOND, f"Setir {n}")
    for n in range(290)
)


def changed(one: RenderPlan, other: RenderPlan) -> int:
    assert len(one.segments) == len(other.segments)
    return sum(a.key != b.key for a, b in zip(one.segments, other.segments, strict=True))


def with_cue(number: int, **changes: object) -> tuple[Cue, ...]:
    return tuple(replace(c, **changes) if n == number else c for n, c in enumerate(CUES))  # type: ignore[arg-type]


PLAN = plan_render(FILM, CUES, FINAL)


def test_segments_are_the_gops_of_two_seconds_and_cover_the_film() -> None:
    assert gops(FILM)[:3] == (0, 48, 96)
    assert PLAN.segments[0].first == 0
    for before, after in zip(PLAN.segments, PLAN.segments[1:], strict=False):
        assert before.end == after.first
    assert PLAN.segments[-1].end == FILM.frames
    assert len({segment.key for segment in PLAN.segments}) == len(PLAN.segments)


def test_the_same_plan_has_the_same_names() -> None:
    assert changed(PLAN, plan_render(FILM, CUES[::-1], FINAL)) == 0


def test_one_changed_cue_renames_the_segments_it_is_drawn_in_and_no_other() -> None:
    other = plan_render(FILM, with_cue(100, text="Başga setir"), FINAL)
    assert changed(PLAN, other) == 3  # 3 s of cue over segments of 2 s
    cost = sum(
        a.frames for a, b in zip(PLAN.segments, other.segments, strict=True) if a.key != b.key
    )
    assert cost / FILM.frames < 0.006


def test_a_cue_put_in_early_renames_nothing_later() -> None:
    extra = Cue("new", 0, FLICKS_PER_SECOND, "Täze", position=8)
    assert changed(PLAN, plan_render(FILM, (*CUES, extra), FINAL)) == 1


def test_uids_notes_and_speakers_cost_nothing() -> None:
    other = tuple(replace(c, uid=f"x{c.uid}", note="n", speaker="s") for c in CUES)
    assert changed(PLAN, plan_render(FILM, other, FINAL)) == 0


@pytest.mark.parametrize(
    "recipe",
    [
        replace(FINAL, crf=21),
        replace(FINAL, preset="slow"),
        replace(FINAL, height=480),
        replace(FINAL, style=replace(Style(), size=70)),
    ],
)
def test_what_changes_every_picture_renames_every_segment(recipe: Recipe) -> None:
    assert changed(PLAN, plan_render(FILM, CUES, recipe)) == len(PLAN.segments)


def test_another_mezzanine_renames_every_segment() -> None:
    other = plan_render(replace(FILM, mezzanine="d" * 64), CUES, FINAL)
    assert changed(PLAN, other) == len(PLAN.segments)


def test_a_new_version_of_a_review_build_costs_its_opening_and_what_changed() -> None:
    one = plan_render(FILM, CUES, REVIEW, stamp=STAMP)
    next_version = replace(STAMP, version=4, track_hash="cd" * 32, made="later")
    assert changed(one, plan_render(FILM, CUES, REVIEW, stamp=next_version)) == 2
    other = plan_render(FILM, with_cue(100, text="Başga"), REVIEW, stamp=next_version)
    assert changed(one, other) == 2 + 3


def test_a_review_segment_shows_the_first_letters_of_its_own_name() -> None:
    plan = plan_render(FILM, CUES, REVIEW, stamp=STAMP)
    for segment in plan.segments:
        note = segment.captions[-1]
        assert note.style == "note"
        assert segment.key[:8] in note.text


def test_a_plan_is_json_that_a_page_can_show_before_anything_runs() -> None:
    body = json.loads(json.dumps(PLAN.to_json()))
    assert len(body["segments"]) == len(PLAN.segments)
    assert body["rate"] == [24000, 1001]
    assert 300 < cost_seconds(FILM.frames, PLAN.size, FINAL) < 3000


def test_a_soft_form_has_nothing_to_encode() -> None:
    assert plan_render(FILM, CUES, SOFT_MP4).segments == ()


@pytest.mark.parametrize(
    ("recipe", "size"),
    [
        (FINAL, (960, 720)),
        (REVIEW, (640, 480)),
        (REVIEW_240, (320, 240)),
        (replace(FINAL, height=1080), (960, 720)),
    ],
)
def test_a_picture_is_made_smaller_but_never_larger(recipe: Recipe, size: tuple[int, int]) -> None:
    assert picture_size(FILM, recipe) == size


def test_66_a_cue_more_than_two_seconds_after_the_film_is_refused() -> None:
    end = FILM.duration + 2 * FLICKS_PER_SECOND
    plan_render(FILM, [Cue("a", end - 1000, end, "A")], FINAL)
    with pytest.raises(BadInput, match=r"Cue 2 ends 2\.000 s after the film") as refused:
        plan_render(FILM, [CUES[0], Cue("a", end - 1000, end + 1000, "A")], FINAL)
    assert refused.value.code == "CUE_OUTSIDE_FILM"
    assert refused.value.where == "cue 2"


def test_54_a_cue_of_five_megabytes_is_refused_before_libass_sees_it() -> None:
    with pytest.raises(BadInput) as refused:
        plan_render(FILM, [replace(CUES[0], text="a" * 5_000_000)], FINAL)
    assert refused.value.code == "CUE_TOO_LONG"


def test_55_a_crowd_of_cues_at_one_instant_is_refused() -> None:
    crowd = [replace(CUES[0], uid=str(n)) for n in range(5)]
    with pytest.raises(BadInput) as refused:
        plan_render(FILM, crowd, FINAL)
    assert refused.value.code == "OVERLAP"


def test_65_a_cue_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        plan_render(FILM, [Cue("a", 10, 5, "A")], FINAL)
    assert refused.value.code == "END_BEFORE_START"


def test_a_review_build_without_a_stamp_and_a_final_with_one_are_refused() -> None:
    for recipe, stamp in ((REVIEW, None), (FINAL, STAMP)):
        with pytest.raises(BadInput) as refused:
            plan_render(FILM, CUES, recipe, stamp=stamp)
        assert refused.value.code == "RECIPE"


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"form": "film"},
        {"crf": -1},
        {"crf": 2.5},
        {"crf": True},
        {"preset": "placebo"},
        {"height": 241},
        {"height": 16},
        {"colour": "red"},
        {"style": {"size": 1}},
        {"style": 3},
        {"style": {"font": "x"}},
        {"style": {"box": 1}},
        {"sound_kbps": 10000},
    ],
)
def test_a_recipe_that_cannot_be_is_refused_by_the_name_of_its_setting(body: object) -> None:
    with pytest.raises(BadInput) as refused:
        Recipe.from_json(body)
    assert refused.value.code == "RECIPE"


def test_a_recipe_comes_back_from_json_and_its_hash_names_every_setting() -> None:
    for recipe in (FINAL, REVIEW, REVIEW_240, SOFT_MP4, QUICK):
        again = Recipe.from_json(json.loads(json.dumps(recipe.to_json())))
        assert again == recipe
        assert again.hash == recipe.hash
    assert Recipe.from_json({}) == FINAL
    assert FINAL.hash != replace(FINAL, style=replace(Style(), outline=5)).hash
