"""Mends: what they change, that they do no harm, and that twice is once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.errors import BadInput
from workflow.qc import PROFILES, TRAINING_FILM, FilmFacts, LineUp, Profile, check, repair
from workflow.qc.fixes import FIXERS, NEVER_ERRORS, errors_after, errors_of
from workflow.qc.rule import RULES
from workflow.timebase import FLICKS_PER_SECOND, FrameGrid, from_ms, from_seconds
from workflow.tracks.cues import Cue, in_order

FILM = FilmFacts(Fraction(24), from_seconds(60), tuple(from_seconds(n) for n in (5, 10, 11, 30)))
EVERY_RULE = [*FIXERS, "T16"]


def one(rule: str, text: str) -> str:
    (mended,) = repair(LineUp([Cue("a", 0, from_ms(3000), text)]), [rule]).cues
    return mended.text


def test_words_are_mended() -> None:
    assert one("X03", " Salam  dost \nsen kim ?") == "Salam dost\nsen kim?"
    assert one("X03", "<i>Salam </i>") == "<i>Salam</i>"
    assert one("X04", "<i>Salam <font color=red>dost</font>") == "<i>Salam dost</i>"
    assert one("X05", "Diýmek...") == "Diýmek…"
    assert one("L01", "Men saňa kömek etmek üçin bu ýere geldim, sen kim?") == (
        "Men saňa kömek etmek üçin\nbu ýere geldim, sen kim?"
    )
    assert one("L03", "<i>Men\ngeldim.</i>") == "<i>Men geldim.</i>"


def test_an_override_that_viewers_would_see_becomes_the_place() -> None:
    (mended,) = repair(LineUp([Cue("a", 0, from_ms(3000), "{\\an8}Salam")]), ["X04"]).cues
    assert (mended.text, mended.position) == ("Salam", 8)


def test_an_empty_cue_goes_but_not_while_its_source_waits_for_a_translation() -> None:
    cues = [Cue("a", 0, from_ms(3000), "Salam"), Cue("b", from_ms(4000), from_ms(6000), "")]
    assert [c.uid for c in repair(LineUp(cues), ["X01"]).cues] == ["a"]
    source = [Cue("s", 0, from_ms(3000), "Hello"), Cue("t", from_ms(4000), from_ms(6000), "You")]
    assert [c.uid for c in repair(LineUp(cues, source=source), ["X01"]).cues] == ["a", "b"]


def test_overlaps_gaps_and_ends_are_mended_on_frames() -> None:
    grid = FrameGrid(FILM.rate)
    cues = [
        Cue("a", grid.time_of(0), grid.time_of(60), "Salam"),
        Cue("b", grid.time_of(50), grid.time_of(90), "Dost"),
        Cue("c", grid.time_of(98), grid.time_of(100), "Hä"),
        Cue("d", grid.time_of(1400), grid.time_of(1450), "Sag bol"),
    ]
    mended = repair(LineUp(cues, film=FILM), ["T07", "T06", "T01", "T17"]).cues
    assert [(grid.frame_at(c.start), grid.frame_at(c.end)) for c in mended] == [
        (0, 48),
        (50, 96),
        (98, 122),
        (1400, 1440),
    ]


def test_a_mend_that_would_make_a_new_error_is_not_made() -> None:
    # Trimming to the next cue would leave too little time to read.
    cues = [
        Cue("a", from_ms(0), from_ms(2400), "Otuz iki harplyk bir sözlem bu."),
        Cue("b", from_ms(1300), from_ms(4000), "Hawa."),
    ]
    assert repair(LineUp(cues), ["T07"]).cues == tuple(cues)


def test_what_no_rule_found_is_not_touched() -> None:
    cues = (Cue("a", 1, 2, "...  </i>"),)
    assert repair(LineUp(cues), []).cues == cues


@pytest.mark.parametrize("rule", ["T03", "M01", "nonsense"])
def test_a_rule_without_a_mend_is_refused(rule: str) -> None:
    with pytest.raises(BadInput, match="NO_FIX"):
        repair(LineUp([]), [rule])


@pytest.mark.parametrize(
    ("rule", "text", "mended"),
    [
        ("X15", "baºga ªol", "başga Şol"),
        ("X15", "Söz \u2212 söz", "Söz - söz"),
        ("X16", "TÜRKMENİSTAN", "TÜRKMENISTAN"),
        ("X16", "Moskвa", "Moskвa"),  # в is no look-alike of w: a person looks
        ("X16", "kаnun", "kanun"),  # a Cyrillic а
        ("X16", "vatan", "watan"),
        ("X07", "Men geldim. sen kim? ol ýok", "Men geldim. Sen kim? Ol ýok"),
        ("X07", "Kitap, gazet we ş.m. getirdi.", "Kitap, gazet we ş.m. getirdi."),
        ("X08", "- Sen kim?", "– Sen kim?"),
        ("L12", "Sen kim?\n- Men Aýna.", "– Sen kim?\n– Men Aýna."),
        ("L11", "Sen kim? – Men Aýna.", "– Sen kim?\n– Men Aýna."),
        ("X09", "<i>Bir söz</i>\n<i>iki söz.</i>", "<i>Bir söz\niki söz.</i>"),
        ("X10", "(Gülýär)\nHawa.", "[gülýär]\nHawa."),
        ("X10", "[Lena gülýär]", "[Lena gülýär]"),
        ("X11", "<i>♪ Aýdym aýdylýar</i>", "<i>♪ Aýdym aýdylýar ♪</i>"),
        ("M04", "Suduň karary <i>sudlarda</i>.", "Kazyýetiň karary <i>kazyýetlerde</i>."),
        ("L08", "Şol gün bize Aman\nMyradow kömek edip bilmedi.", "Şol gün bize Aman Myradow\nkömek edip bilmedi."),
        ("L10", "Biz olary goraýarys, emma\nolar muňa düşünmeýärler.", "Biz olary goraýarys,\nemma olar muňa düşünmeýärler."),
    ],
)  # fmt: skip
def test_each_mend_changes_what_its_rule_found_and_nothing_else(
    rule: str, text: str, mended: str
) -> None:
    assert one(rule, text) == mended
    assert one(rule, mended) == mended


def test_a_cue_that_stands_long_after_the_speech_is_shortened_but_stays_readable() -> None:
    grid = FrameGrid(FILM.rate)
    film = replace(
        FILM, speech=((grid.time_of(0), grid.time_of(30)), (grid.time_of(200), grid.time_of(206)))
    )
    cues = [
        Cue("a", 0, grid.time_of(100), "Hawa."),
        Cue("b", grid.time_of(200), grid.time_of(300), "Bu otuz harplyk uzyn bir sözlem."),
    ]
    mended = repair(LineUp(cues, film=film), ["T09"]).cues
    assert [grid.frame_at(c.end) for c in mended] == [42, 252]


def test_a_cue_that_two_rules_pull_to_and_fro_is_named_and_left() -> None:
    cues = [Cue("a", 0, from_ms(3000), "Salam"), Cue("b", from_ms(4000), from_ms(6000), "Dost")]
    assert repair(LineUp(cues, film=FILM), EVERY_RULE).conflicts <= {"a", "b"}


WORDS = st.lists(
    st.sampled_from(
        [
            *("Salam", "dost", "üçin", "...", " ", "\n", "<i>", "</i>", "{\\an8}", "uzyn söz", "!"),
            *(
                "– ",
                "- ",
                "♪",
                "[Gülýär]",
                "(gülýär)",
                "sud",
                "Suduň",
                "baºga",
                "kıtap",
                "Moskвa",
                "5",
            ),
            *("manat", "Aman", "Myradow", "kömek", "edýär", "emma", "?", "goraýarys,", "dusunmek"),
        ]
    ),
    max_size=14,
).map(" ".join)


@st.composite
def rough_tracks(draw: st.DrawFn) -> tuple[Cue, ...]:
    cues = []
    for number in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, 14_000))
        length = draw(st.integers(1, 6000))
        cues.append(Cue(f"c{number}", from_ms(start), from_ms(start + length), draw(WORDS)))
    return tuple(cues)


SPOKEN = replace(FILM, speech=((from_ms(500), from_ms(2100)), (from_ms(4000), from_ms(9000))))
SOURCE = [Cue("s", from_ms(1000), from_ms(4000), "- The court\n- in London 5?")]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
@given(
    cues=rough_tracks(),
    film=st.sampled_from([FILM, SPOKEN]),
    source=st.sampled_from([None, SOURCE]),
)
def test_mending_twice_is_mending_once_and_makes_no_new_error(
    cues: tuple[Cue, ...], film: FilmFacts, source: list[Cue] | None, profile: Profile
) -> None:
    once = repair(LineUp(cues, film=film, source=source, profile=profile), EVERY_RULE).cues
    assert repair(LineUp(once, film=film, source=source, profile=profile), EVERY_RULE).cues == once
    before = errors(in_order(cues), film, source, profile)
    after = errors(once, film, source, profile)
    assert {uid for _, uid in after} <= {c.uid for c in once}
    assert after <= before


@given(cues=rough_tracks(), rule=st.sampled_from(sorted(FIXERS)))
def test_one_mend_alone_makes_no_new_error(cues: tuple[Cue, ...], rule: str) -> None:
    once = repair(LineUp(cues, film=SPOKEN), [rule]).cues
    assert errors(once, SPOKEN, None, TRAINING_FILM) <= errors(
        in_order(cues), SPOKEN, None, TRAINING_FILM
    )


@given(cues=rough_tracks())
def test_rules_said_never_to_err_never_do(cues: tuple[Cue, ...]) -> None:
    found = check(LineUp(cues, film=SPOKEN, source=SOURCE))
    assert not [f for f in found if f.rule in NEVER_ERRORS and f.severity == "error"]


def errors(
    cues: Sequence[Cue], film: FilmFacts, source: list[Cue] | None, profile: Profile
) -> set[tuple[str, str]]:
    found = check(LineUp(cues, film=film, source=source, profile=profile))
    return {(f.rule, f.uid) for f in found if f.severity == "error"}


def test_errors_after_a_mend_are_those_of_a_fresh_look_at_the_whole_track() -> None:
    texts = [
        "Bu  ýerde <i>dur.",
        "",
        "Ol gitdi.\nbilen",
        "- Salam...",
        "İndi ol",
        "dur",
        " ",
        "sebäpli gitdi.",
    ]
    cues = [
        Cue(
            f"c{i}",
            i * FLICKS_PER_SECOND - (i % 3) * FLICKS_PER_SECOND // 8,
            (i + 1) * FLICKS_PER_SECOND,
            text,
        )
        for i, text in enumerate(texts * 4)
    ]
    film = FilmFacts(
        Fraction(25),
        20 * FLICKS_PER_SECOND,
        shots=tuple(range(0, 20 * FLICKS_PER_SECOND, 3 * FLICKS_PER_SECOND)),
    )
    track = LineUp(in_order(cues), film=film, source=cues[::2])
    for name in FIXERS:
        found = [hit.index for hit in RULES[name].judge(track) if hit.fix][::2]
        new = {track.cues[i].uid: FIXERS[name](track, i) for i in found}
        kept = [new.get(cue.uid, cue) for cue in track.cues]
        after = track.with_cues(in_order(cue for cue in kept if cue is not None))
        fresh = LineUp(after.cues, film=film, source=cues[::2])
        assert errors_after(track, after) == errors_of(fresh), name
        track = after
