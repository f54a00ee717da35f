"""Cue operations: what each does to one example, and what holds for any track."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracks.makers import tracks
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND, FrameGrid, from_ms
from workflow.tracks import operations as do
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.text import balance, from_runs, plain, runs_of

SECOND = FLICKS_PER_SECOND
RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30)]
A = Cue("a", 0, 2 * SECOND, "<i>Salam, dost,\nnirede?</i>", "Aýna", "soraň")
B = Cue("b", 3 * SECOND, 4 * SECOND, "Bu ýerde.", note="iki")
C = Cue("c", 5 * SECOND, 6 * SECOND, "Hawa.")


def words(cues: object) -> list[str]:
    return " ".join(plain(cue.text) for cue in cues).split()  # type: ignore[attr-defined]


def as_one(text: str) -> str:
    return from_runs(runs_of(balance(text)[0]))


def test_a_split_keeps_words_tags_times_and_the_uid_of_the_first_half() -> None:
    first, second = do.split([A], "a", at_character=12, at_time=SECOND, new_uid="n")
    assert (first.uid, first.text, first.end, first.note) == (
        "a",
        "<i>Salam, dost,</i>",
        SECOND,
        "soraň",
    )
    assert (second.uid, second.text, second.start, second.note) == (
        "n",
        "<i>nirede?</i>",
        SECOND,
        "",
    )
    assert second.speaker == "Aýna"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"uid": "x"}, "NO_SUCH_CUE"),
        ({"at_character": 0}, "SPLIT"),
        ({"at_character": 999}, "SPLIT"),
        ({"at_time": 0}, "SPLIT"),
        ({"at_time": 9 * SECOND}, "SPLIT"),
        ({"new_uid": "b"}, "UID_TWICE"),
    ],
)
def test_a_split_that_cannot_be_is_refused(more: dict[str, object], code: str) -> None:
    given_ = {"uid": "a", "at_character": 12, "at_time": SECOND, "new_uid": "n"} | more
    uid = given_.pop("uid")
    with pytest.raises(BadInput) as caught:
        do.split([A, B], uid, **given_)  # type: ignore[arg-type]
    assert caught.value.code == code


@given(tracks(), st.data())
def test_a_split_and_a_merge_give_the_words_and_times_back(
    track: tuple[Cue, ...], data: st.DataObject
) -> None:
    cue = data.draw(st.sampled_from(track))
    at = data.draw(st.integers(0, len(plain(cue.text))))
    middle = (cue.start + cue.end) // 2
    try:
        parted = do.split(track, cue.uid, at_character=at, at_time=middle, new_uid="new")
    except BadInput:
        return
    assert "".join("".join(words(parted))) == "".join("".join(words(track)))
    assert len(parted) == len(track) + 1
    back = do.merge(parted, {cue.uid, "new"})
    assert "".join(words(back)) == "".join(words(track))
    assert [(c.uid, c.start, c.end) for c in back] == [(c.uid, c.start, c.end) for c in track]


def test_a_merge_joins_texts_and_notes_and_keeps_the_first_uid() -> None:
    merged, rest = do.merge([A, B, C], ["a", "b"])
    assert (merged.uid, merged.start, merged.end) == ("a", 0, 4 * SECOND)
    assert merged.text == "<i>Salam, dost,\nnirede?</i>\nBu ýerde."
    assert merged.note == "soraň\niki"
    assert rest == C


@pytest.mark.parametrize("uids", [["a"], [], ["a", "c"]])
def test_cues_that_do_not_follow_one_another_are_not_merged(uids: list[str]) -> None:
    with pytest.raises(BadInput, match="MERGE"):
        do.merge([A, B, C], uids)


def test_a_merge_beyond_the_limits_is_refused() -> None:
    long = [replace(A, text="a " * 90), replace(B, text="b " * 90)]
    with pytest.raises(BadInput, match="CUE_TOO_LONG"):
        do.merge(long, ["a", "b"], separator=" ")


@given(tracks(), st.integers(0, 10**12))
def test_a_shift_and_its_contrary_change_nothing(track: tuple[Cue, ...], by: int) -> None:
    assert do.shift(do.shift(track, by), -by) == track


def test_a_shift_of_some_leaves_the_others_and_none_before_the_film() -> None:
    assert do.shift([A, B, C], SECOND, uids=["b"])[1].start == 4 * SECOND
    with pytest.raises(BadInput) as caught:
        do.shift([A, B, C], -1)
    assert (caught.value.code, caught.value.where) == ("NEGATIVE_TIME", "a")
    with pytest.raises(BadInput, match="NO_SUCH_CUE"):
        do.shift([A], 1, uids=["x"])


@given(tracks(), st.fractions(Fraction(1, 3), 3), st.integers(0, 10**11))
def test_a_stretch_keeps_order_words_and_every_cue(
    track: tuple[Cue, ...], factor: Fraction, around: int
) -> None:
    try:
        moved = do.stretch(track, factor, around=around)
    except BadInput as refused:
        assert refused.code == "NEGATIVE_TIME"  # noqa: PT017
        return
    assert [c.uid for c in moved] == [c.uid for c in track]
    assert words(moved) == words(track)
    assert all(c.start < c.end for c in moved)
    for cue, now in zip(track, moved, strict=True):
        assert abs(now.start - (around + (cue.start - around) * factor)) <= Fraction(1, 2)


def test_a_stretch_by_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="FACTOR"):
        do.stretch([A], Fraction(0))


def test_a_ripple_moves_what_comes_later_and_takes_no_more_room_than_there_is() -> None:
    later = do.ripple([A, B, C], 3 * SECOND, 2 * SECOND)
    assert [c.start // SECOND for c in later] == [0, 5, 7]
    assert do.ripple(later, 5 * SECOND, -2 * SECOND) == (A, B, C)
    with pytest.raises(BadInput, match="OVERLAP"):
        do.ripple([A, B, C], 3 * SECOND, -SECOND - 1)


@given(tracks(), st.integers(0, 10**11), st.integers(0, 10**11))
def test_a_ripple_keeps_every_length(track: tuple[Cue, ...], at: int, by: int) -> None:
    moved = {c.uid: c for c in do.ripple(track, at, by)}
    for cue in track:
        now = moved[cue.uid]
        assert now.end - now.start == cue.end - cue.start
        assert now.start - cue.start == (by if cue.start >= at else 0)


def test_lines_are_broken_evenly_and_by_the_rules_of_the_language() -> None:
    text = "Bu ýerde ýaşaýan adamlaryň hemmesiniň hukuklary üçin göreşýäris"
    cue = replace(C, text=text)
    assert do.re_break([cue], most=42)[0].text == (
        "Bu ýerde ýaşaýan adamlaryň\nhemmesiniň hukuklary üçin göreşýäris"
    )

    def not_before_hemme(_: str, after: str) -> float:
        return 100 if after.startswith("hemme") else 0

    broken = do.re_break([cue], most=42, penalty=not_before_hemme)[0].text
    assert broken == "Bu ýerde ýaşaýan adamlaryň hemmesiniň\nhukuklary üçin göreşýäris"


def test_a_line_of_turkmen_never_begins_with_a_postposition_when_it_is_broken_anew() -> None:
    cue = replace(C, text="Men size kömek bermek üçin bu ýere geldim dostum")
    assert do.re_break([cue], most=42)[0].text.startswith("Men size kömek bermek\nüçin")
    broken = do.re_break([cue], most=42, language="tk")[0].text
    assert broken == "Men size kömek bermek üçin\nbu ýere geldim dostum"


def test_a_dialogue_and_what_does_not_fit_keep_their_lines() -> None:
    talk = replace(C, text="– Salam!\n– Salam.")
    long = replace(C, text="söz " * 30 + "\nsöz")
    assert do.re_break([talk, long], most=42) == (talk, long)


@given(tracks(), st.integers(20, 60))
def test_breaking_anew_keeps_words_and_styles_and_twice_is_once(
    track: tuple[Cue, ...], most: int
) -> None:
    once = do.re_break(track, most=most)
    assert words(once) == words(track)
    assert do.re_break(once, most=most) == once
    for cue, now in zip(track, once, strict=True):
        if now != cue:
            assert all(len(line) <= most for line in plain(now.text).split("\n"))
            styled = [
                (char, run.style)
                for line in runs_of(as_one(cue.text))
                for run in line
                for char in run.text
                if char != " "
            ]
            assert styled == [
                (char, run.style)
                for line in runs_of(now.text)
                for run in line
                for char in run.text
                if char != " "
            ]


@pytest.mark.parametrize("rate", RATES)
@given(track=tracks())
def test_snapped_times_are_on_frames_and_twice_is_once(
    rate: Fraction, track: tuple[Cue, ...]
) -> None:
    grid = FrameGrid(rate)
    once = do.snap(track, grid)
    assert do.snap(once, grid) == once
    for cue in once:
        assert grid.snap(cue.start) == cue.start
        assert grid.snap(cue.end) == cue.end > cue.start
    before = {c.uid: c for c in track}
    assert all(abs(c.start - before[c.uid].start) * rate <= SECOND / 2 + rate for c in once)


@given(tracks(), st.sampled_from(list(itertools.permutations(RATES, 2))))
def test_a_converted_rate_shows_the_same_frames(
    track: tuple[Cue, ...], rates: tuple[Fraction, Fraction]
) -> None:
    old, new = rates
    on_frames = do.snap(track, FrameGrid(old))
    converted = do.convert_frame_rate(on_frames, old, new)
    for cue, now in zip(on_frames, converted, strict=True):
        assert FrameGrid(new).frame_at(now.start) == FrameGrid(old).frame_at(cue.start)
    assert do.convert_frame_rate(converted, new, old) == on_frames


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="FRAME_RATE"):
        do.convert_frame_rate([A], Fraction(0), Fraction(25))


def test_two_points_set_offset_and_speed_at_once() -> None:
    track = [Cue("a", 10 * SECOND, 12 * SECOND, "x"), Cue("b", 100 * SECOND, 102 * SECOND, "y")]
    moved = do.retime_by_two_points(track, (100 * SECOND, 101 * SECOND), (10 * SECOND, 11 * SECOND))
    assert [c.start // SECOND for c in moved] == [11, 101]
    faster = do.retime_by_two_points(
        track, (10 * SECOND, 20 * SECOND), (100 * SECOND, 200 * SECOND)
    )
    assert [(c.start // SECOND, c.end // SECOND) for c in faster] == [(20, 24), (200, 204)]


@pytest.mark.parametrize("second", [(0, 5), (1, 0), (1, 1)])
def test_points_that_do_not_keep_their_order_are_refused(second: tuple[int, int]) -> None:
    with pytest.raises(BadInput, match="POINTS"):
        do.retime_by_two_points([A], (0, 1), second)


@given(tracks(), st.integers(0, 10**9), st.integers(1, 10**9))
def test_two_points_come_where_they_are_wanted(
    track: tuple[Cue, ...], wanted: int, further: int
) -> None:
    first, last = track[0].start, track[-1].end
    moved = do.retime_by_two_points(track, (first, wanted), (last, wanted + further))
    assert moved[0].start == wanted
    assert abs(moved[-1].end - (wanted + further)) <= 1


@given(tracks(), tracks())
def test_joined_reels_keep_every_cue_and_no_uid_twice(
    first: tuple[Cue, ...], second: tuple[Cue, ...]
) -> None:
    fresh = itertools.count()
    begins = first[-1].end
    joined = do.join([(0, first), (begins, second)], new_uid=lambda: f"j{next(fresh)}")
    assert len({c.uid for c in joined}) == len(first) + len(second)
    assert words(joined) == words(first) + words(second)
    assert [c.start for c in joined] == [c.start for c in first] + [
        c.start + begins for c in second
    ]


@given(st.permutations([A, B, C]))
def test_renumbering_is_the_order_of_time(cues: list[Cue]) -> None:
    assert do.renumber(cues) == (A, B, C) == in_order(cues)


def test_no_operation_changes_what_it_was_given() -> None:
    cues = [A, B, C]
    do.shift(cues, from_ms(5))
    do.re_break(cues, most=20)
    do.merge(cues, ["a", "b"])
    assert cues == [A, B, C]
