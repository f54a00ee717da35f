"""What an approval covers, who had a hand in a cue, and where a comment stands. No disk, no database."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.builders import cue
from workflow.review import (
    anchor_of,
    authors_after,
    blockers,
    changes_between,
    contributions,
    hashes_of,
    place_of,
    removal_hash,
)
from workflow.timebase import FrameGrid, from_ms
from workflow.tracks.cues import Cue, cue_hash

FILM = "f" * 64
GRID = FrameGrid(Fraction(25))
FRAME = GRID.time_of(1)
ONE, TWO, THREE = (
    cue(1000, 2000, "Bir", "1"),
    cue(3000, 4000, "Iki", "2"),
    cue(5000, 6000, "Üç", "3"),
)
TRACK = (ONE, TWO, THREE)


def with_(track: tuple[Cue, ...], number: int, **change: object) -> tuple[Cue, ...]:
    return tuple(replace(c, **change) if i == number else c for i, c in enumerate(track, 1))


# --- changes


@pytest.mark.parametrize("change", [{"text": "Iki."}, {"start": from_ms(3000) + FRAME}])
def test_one_cue_changed_is_one_change(change) -> None:
    (found,) = changes_between(FILM, TRACK, with_(TRACK, 2, **change))
    assert (found.uid, found.kind) == ("2", "text" if "text" in change else "timing")


def test_a_note_is_nothing_that_a_viewer_sees() -> None:
    assert changes_between(FILM, TRACK, with_(TRACK, 2, note="Sora", speaker="Aýna")) == ()


def test_a_file_made_anew_with_other_uids_changes_nothing() -> None:
    anew = tuple(replace(c, uid=f"new{c.uid}") for c in TRACK)
    assert changes_between(FILM, TRACK, anew) == ()


def test_a_cue_added_and_a_cue_removed_are_changes() -> None:
    found = changes_between(FILM, TRACK, (ONE, THREE, cue(7000, 8000, "Dört", "4")))
    assert [(change.uid, change.kind) for change in found] == [("2", "removed"), ("4", "added")]


# --- authors


def save(before, after, person, known=None, approved=frozenset()):
    known = dict(known or {})
    for named, people in authors_after(FILM, before, after, person, known, approved).items():
        known[named] = known.get(named, frozenset()) | people
    return known


def authors(known, c: Cue) -> set[str]:
    return set(known.get(cue_hash(FILM, c), ()))


def test_who_imports_a_track_wrote_all_of_it() -> None:
    known = save((), TRACK, "aýna")
    assert [authors(known, c) for c in TRACK] == [{"aýna"}] * 3


def test_retiming_somebodys_text_by_a_frame_does_not_make_it_somebody_elses() -> None:
    moved = with_(TRACK, 2, start=TWO.start + FRAME)
    known = save(TRACK, moved, "merdan", save((), TRACK, "aýna"))
    assert authors(known, moved[1]) == {"aýna", "merdan"}
    assert authors(known, moved[0]) == {"aýna"}


def test_a_split_keeps_the_authors_of_what_was_split() -> None:
    first = replace(TWO, end=from_ms(3500))
    second = cue(3500, 4000, "Iki", "new")
    known = save(TRACK, (ONE, first, second, THREE), "merdan", save((), TRACK, "aýna"))
    assert authors(known, second) == {"aýna", "merdan"}


def test_what_was_approved_has_no_authors_any_more() -> None:
    approved = hashes_of(FILM, TRACK)
    known = save((), TRACK, "aýna")
    edited = with_(TRACK, 2, text="Iki!")
    known = save(TRACK, edited, "merdan", known, approved)
    assert authors(known, edited[1]) == {"merdan"}


def test_who_removes_a_cue_has_a_hand_in_what_is_left() -> None:
    known = save(TRACK, (ONE, THREE), "merdan", save((), TRACK, "aýna"))
    assert known[removal_hash(cue_hash(FILM, TWO))] == {"merdan"}
    found = contributions(FILM, TRACK, (ONE, THREE), known, "aýna")
    assert found == {(removal_hash(cue_hash(FILM, TWO)), "merdan")}


def test_contributions_are_those_to_the_changed_cues_alone() -> None:
    edited = with_(TRACK, 2, text="Iki!")
    known = save(TRACK, edited, "merdan", save((), TRACK, "aýna"), hashes_of(FILM, TRACK))
    assert {person for _, person in contributions(FILM, TRACK, edited, known, "x")} == {"merdan"}


def test_what_nobody_is_known_to_have_changed_was_changed_by_the_submitter() -> None:
    edited = with_(TRACK, 2, text="Iki!")
    assert contributions(FILM, TRACK, edited, {}, "aýna") == {(cue_hash(FILM, edited[1]), "aýna")}


# --- comments


def anchor(frame: int, on: Cue | None):
    return anchor_of(FILM, "t" * 64, GRID, frame, on)


def test_a_comment_stays_where_its_cue_is_as_it_was() -> None:
    placed = place_of(anchor(80, TWO), FILM, GRID, TRACK)
    assert (placed.place, placed.frame, placed.uid) == ("here", 80, "2")


def test_a_comment_follows_its_cue_through_retiming() -> None:
    moved = with_(TRACK, 2, start=from_ms(10_000), end=from_ms(11_000))
    placed = place_of(anchor(80, TWO), FILM, GRID, moved)  # 5 frames into the cue
    assert (placed.place, placed.frame, placed.uid) == ("moved", 255, "2")


def test_a_comment_stays_inside_a_cue_that_became_shorter() -> None:
    short = with_(TRACK, 2, end=TWO.start + 2 * FRAME)
    assert place_of(anchor(95, TWO), FILM, GRID, short).frame == 76


def test_a_comment_follows_a_cue_that_was_joined_with_its_neighbour() -> None:
    joined = (replace(ONE, end=TWO.end, text="Bir, iki"), THREE)
    placed = place_of(anchor(80, TWO), FILM, GRID, joined)
    assert (placed.place, placed.uid) == ("moved", "1")


def test_a_comment_finds_its_cue_again_in_a_file_made_anew() -> None:
    anew = tuple(replace(c, uid=f"new{c.uid}") for c in TRACK)
    placed = place_of(anchor(80, TWO), FILM, GRID, anew)
    assert (placed.place, placed.uid) == ("here", "new2")


def test_a_comment_whose_cue_is_gone_is_an_orphan_at_its_old_frame() -> None:
    placed = place_of(anchor(80, TWO), FILM, GRID, (ONE, THREE))
    assert (placed.place, placed.frame, placed.uid) == ("orphan", 80, None)


def test_a_comment_on_a_frame_alone_is_always_there() -> None:
    assert place_of(anchor(80, None), FILM, GRID, ()).place == "here"


# --- blockers


def codes(*cues: Cue, seconds: int = 10) -> list[str]:
    return [blocker.code for blocker in blockers(cues, GRID.time_of(25 * seconds))]


def test_a_good_track_may_be_submitted() -> None:
    assert codes(*TRACK) == []


def test_66_a_cue_after_the_film_blocks() -> None:
    assert codes(cue(10_000, 11_000, "A")) == ["OUTSIDE_FILM"]
    assert codes(cue(9_000, 12_001, "A")) == ["OUTSIDE_FILM"]
    assert codes(cue(9_000, 12_000, "A")) == []


def test_cues_at_one_place_that_overlap_block_and_at_two_places_do_not() -> None:
    low, high = cue(1000, 3000, "A"), cue(2000, 4000, "B")
    assert codes(low, high) == ["OVERLAP"]
    assert codes(low, replace(high, position=8)) == []
    assert codes(cue(1000, 3000, "A"), cue(3000, 4000, "B")) == []


@pytest.mark.parametrize("text", ["", " ", "<i></i>"])
def test_a_cue_without_text_blocks(text: str) -> None:
    assert codes(cue(1000, 2000, text)) == ["NO_TEXT"]


@pytest.mark.parametrize("text", ["a\x07b", "a\ue000b"])
def test_a_character_that_cannot_be_drawn_blocks(text: str) -> None:
    assert codes(cue(1000, 2000, text)) == ["BAD_CHARACTER"]


def test_a_track_without_cues_blocks() -> None:
    assert codes() == ["NO_CUES"]
