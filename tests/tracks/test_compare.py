from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from workflow.timebase import FLICKS_PER_MS, from_ms
from workflow.tracks.compare import carry_uids, diff, merge
from workflow.tracks.cues import Cue, in_order


def cue(uid: str, start: int, end: int, text: str, **more: object) -> Cue:
    return Cue(uid, from_ms(start), from_ms(end), text, **more)  # type: ignore[arg-type]


BASE = (
    cue("a", 0, 1000, "Salam!"),
    cue("b", 1500, 3000, "Sen nireden geldiň?"),
    cue("c", 3500, 5000, "Men işlemek üçin geldim."),
)


@st.composite
def tracks(draw: st.DrawFn, uids: str = "abcdefgh") -> tuple[Cue, ...]:
    chosen = draw(st.lists(st.sampled_from(uids), unique=True, max_size=6))
    cues = []
    for uid in chosen:
        start = draw(st.integers(0, 50))
        cues.append(
            Cue(
                uid,
                start,
                start + draw(st.integers(1, 9)),
                draw(st.sampled_from(["", "Salam", "Hawa", "Ýok"])),
                note=draw(st.sampled_from(["", "soraň"])),
                position=draw(st.sampled_from([None, 8])),
            )
        )
    return in_order(cues)


@given(tracks(), tracks())
def test_a_merge_with_a_side_that_did_nothing_gives_the_other_side(
    base: tuple[Cue, ...], other: tuple[Cue, ...]
) -> None:
    for merged in (merge(base, other, base), merge(base, base, other)):
        assert {c.uid: c for c in merged.cues} == {c.uid: c for c in other}
        assert merged.conflicts == ()


@given(tracks(), tracks(), tracks())
def test_a_merge_loses_no_text_that_either_side_wrote(
    base: tuple[Cue, ...], mine: tuple[Cue, ...], theirs: tuple[Cue, ...]
) -> None:
    result = merge(base, mine, theirs)
    kept = {(c.uid, c.text) for c in result.cues}
    for conflict in result.conflicts:
        kept |= {(conflict.uid, c.text) for c in (conflict.mine, conflict.theirs) if c}
    was = {c.uid: c.text for c in base}
    for written in (*mine, *theirs):
        if was.get(written.uid) != written.text:
            assert (written.uid, written.text) in kept


@given(tracks(), tracks(), tracks())
def test_who_comes_first_changes_neither_the_merge_nor_its_conflicts(
    base: tuple[Cue, ...], mine: tuple[Cue, ...], theirs: tuple[Cue, ...]
) -> None:
    one, other = merge(base, mine, theirs), merge(base, theirs, mine)
    clash = {c.uid for c in one.conflicts}
    assert clash == {c.uid for c in other.conflicts}
    assert {c for c in one.cues if c.uid not in clash} == {
        c for c in other.cues if c.uid not in clash
    }


def test_new_text_and_new_times_of_one_cue_by_two_people_are_both_kept() -> None:
    mine = (BASE[0], replace(BASE[1], text="Nireden geldiň?"), BASE[2])
    theirs = (BASE[0], replace(BASE[1], end=from_ms(3200)), BASE[2])
    result = merge(BASE, mine, theirs)
    assert result.cues[1] == replace(BASE[1], text="Nireden geldiň?", end=from_ms(3200))
    assert result.taken == ("b",)
    assert result.conflicts == ()


def test_two_texts_for_one_cue_are_a_conflict_that_holds_both() -> None:
    mine = (BASE[0], replace(BASE[1], text="Nireden?"), BASE[2])
    theirs = (BASE[0], replace(BASE[1], text="Sen kim?"), BASE[2])
    (conflict,) = merge(BASE, mine, theirs).conflicts
    assert conflict.mine is not None
    assert conflict.theirs is not None
    assert (conflict.mine.text, conflict.theirs.text) == ("Nireden?", "Sen kim?")
    assert conflict.to_json()["uid"] == "b"


def test_a_cue_removed_here_and_edited_there_is_a_conflict_and_stays() -> None:
    edited = replace(BASE[1], text="Nireden?")
    result = merge(BASE, (BASE[0], BASE[2]), (BASE[0], edited, BASE[2]))
    assert [c.uid for c in result.conflicts] == ["b"]
    assert edited in result.cues


def test_a_split_never_merges_silently_with_a_retiming_of_the_same_cue() -> None:
    first = replace(BASE[2], end=from_ms(4200), text="Men işlemek üçin")
    second = cue("d", 4200, 5000, "geldim.")
    theirs = (BASE[0], BASE[1], replace(BASE[2], end=from_ms(5400)))
    assert merge(BASE, (BASE[0], BASE[1], first, second), theirs).conflicts


def test_a_diff_names_the_kind_of_every_change_that_a_viewer_sees() -> None:
    new = (
        replace(BASE[0], text="Salam."),
        replace(BASE[1], start=from_ms(1600), text="Nireden?"),
        cue("d", 6000, 7000, "Täze"),
    )
    changes = {c.uid: c.kind for c in diff(BASE, new)}
    assert changes == {"a": "text", "b": "text+timing", "c": "removed", "d": "added"}
    moved = (replace(BASE[0], position=8), replace(BASE[1], end=from_ms(3001)), BASE[2])
    assert [c.kind for c in diff(BASE, moved)] == ["position", "timing"]
    assert diff(BASE, moved)[0].to_json()["new"]["position"] == 8


def test_a_diff_does_not_name_a_cue_whose_note_alone_changed() -> None:
    assert diff(BASE, (replace(BASE[0], note="soraň"), *BASE[1:])) == ()


@given(tracks())
def test_a_track_that_comes_back_unchanged_keeps_every_uid(track: tuple[Cue, ...]) -> None:
    distinct = in_order({(c.start, c.end): c for c in track}.values())
    fresh = [replace(c, uid=f"new{i}", note="") for i, c in enumerate(distinct)]
    assert carry_uids(distinct, fresh) == distinct


def fresh(*cues: tuple[int, int, str]) -> list[Cue]:
    return [cue(f"new{n}", *given) for n, given in enumerate(cues)]


def test_a_cue_keeps_its_uid_through_an_edit_of_its_text_and_a_shift_of_the_film() -> None:
    back = fresh(
        (10_000, 11_000, "Salam!"),
        (11_500, 13_000, "Sen nireden geldiňiz?"),
        (13_500, 15_000, "Men işlemek üçin geldim."),
    )
    assert [c.uid for c in carry_uids(BASE, back)] == ["a", "b", "c"]


def test_the_first_half_of_a_split_cue_keeps_the_uid() -> None:
    back = fresh(
        (0, 1000, "Salam!"),
        (1500, 3000, "Sen nireden geldiň?"),
        (3500, 3900, "Men"),
        (4000, 5000, "işlemek üçin geldim."),
    )
    assert [c.uid for c in carry_uids(BASE, back)] == ["a", "b", "c", "new3"]


def test_a_new_cue_between_two_old_ones_takes_no_old_uid() -> None:
    back = fresh(
        (0, 1000, "Salam!"),
        (1100, 1400, "Giriň."),
        (1500, 3000, "Sen nireden geldiň?"),
        (3500, 5000, "Men işlemek üçin geldim."),
    )
    assert [c.uid for c in carry_uids(BASE, back)] == ["a", "new1", "b", "c"]


def test_of_many_equal_lines_each_keeps_its_own_uid_when_one_is_added() -> None:
    old = [cue(f"o{n}", n * 2000, n * 2000 + 900, "Hawa.") for n in range(5)]
    new = [replace(c, uid=f"n{n}") for n, c in enumerate(old)]
    new.insert(2, cue("extra", 3000, 3500, "Hawa."))
    assert [c.uid for c in carry_uids(old, new)] == ["o0", "o1", "extra", "o2", "o3", "o4"]


def test_a_short_word_at_another_place_is_another_cue() -> None:
    old = [
        *BASE,
        cue("d", 9000, 9500, "Hawa."),
        cue("e", 12_000, 14_000, "Indi öýe gaýdasym gelýär."),
    ]
    later = 60_000  # the whole film moved; the old "Hawa." went, somebody else says one elsewhere
    new = fresh(
        *((later + c.start // FLICKS_PER_MS, later + c.end // FLICKS_PER_MS, c.text) for c in BASE),
        (later + 5500, later + 6000, "Hawa."),
        (later + 12_000, later + 14_000, "Indi öýe gaýdasym gelýär."),
    )
    assert [c.uid for c in carry_uids(old, new)][3:] == ["new3", "e"]
    stretched = [
        (c.start * 25 // 24 // FLICKS_PER_MS, c.end // FLICKS_PER_MS + 9, c.text) for c in old
    ]
    assert [c.uid for c in carry_uids(old, fresh(*stretched))] == ["a", "b", "c", "d", "e"]


def test_a_film_of_short_words_alone_keeps_its_uids_when_it_moves() -> None:
    old = [cue("a", 0, 1000, "Salam!"), cue("b", 2000, 3000, "Hawa."), cue("c", 4000, 5000, "Ýok.")]
    new = fresh((60_000, 61_000, "Salam!"), (62_000, 63_000, "Hawa."), (64_000, 65_000, "Ýok."))
    assert [c.uid for c in carry_uids(old, new)] == ["a", "b", "c"]


def test_notes_and_speakers_come_along_with_the_uid() -> None:
    old = [cue("a", 0, 1000, "Salam!", note="gyssagly", speaker="Aýna")]
    (back,) = carry_uids(old, fresh((0, 1000, "Salam!")))
    assert (back.note, back.speaker) == ("gyssagly", "Aýna")


@given(tracks("abcd"), tracks("wxyz"))
def test_no_uid_is_given_to_two_cues(old: tuple[Cue, ...], new: tuple[Cue, ...]) -> None:
    uids = [c.uid for c in carry_uids(old, new)]
    assert len(set(uids)) == len(uids) == len(new)


def test_a_cue_that_brings_its_uid_is_that_cue_though_every_word_is_new() -> None:
    edited = [replace(BASE[1], text="Bütinleý başga sözler"), BASE[0], BASE[2]]
    assert [c.uid for c in carry_uids(BASE, edited)] == ["a", "b", "c"]


def test_a_uid_from_elsewhere_is_not_believed_and_takes_no_old_cues_place() -> None:
    other = [cue("b", 60_000, 61_000, "Gaýry filmiň sözi"), BASE[0]]
    assert [c.uid for c in carry_uids(BASE, other)] == ["a", "b-2"]


def test_uids_that_were_exchanged_follow_the_words() -> None:
    there = [cue("a", 90_000, 91_000, "Salam!"), cue("b", 0, 900, "Düýbünden başga")]
    back = carry_uids([cue("a", 0, 1000, "Salam!"), cue("b", 90_000, 91_000, "Hawa")], there)
    assert len({c.uid for c in back}) == 2
    assert next(c for c in back if c.text == "Salam!").uid == "a"
