"""Rules L, X and M: lines, letters and meaning."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import pytest

from workflow.errors import BadInput
from workflow.language.postpositions import POSTPOSITIONS, belongs_to, bound_start
from workflow.qc import PROFILES, RULES, LineUp, check, profile_named, repair
from workflow.timebase import from_ms
from workflow.tracks.cues import Cue


def track(*texts: str, step: int = 10_000) -> list[Cue]:
    return [
        Cue(f"c{n}", from_ms(n * step), from_ms(n * step + 6000), text)
        for n, text in enumerate(texts)
    ]


def found(rule: str, *texts: str, **more: object) -> list[tuple[int, str]]:
    findings = check(LineUp(track(*texts), **more))  # type: ignore[arg-type]
    return [(f.cue, f.severity) for f in findings if f.rule == rule]


@pytest.mark.parametrize(
    ("profile", "length", "severity"),
    [
        ("training-film", 42, None),
        ("training-film", 43, "warning"),
        ("training-film", 45, "warning"),
        ("training-film", 46, "error"),
        ("kids", 36, None),
        ("kids", 37, "error"),
        ("netflix-general", 42, None),
        ("netflix-general", 43, "error"),
        ("bbc", 37, None),
        ("bbc", 38, "error"),
    ],
)
def test_l01_judges_the_longest_line_by_profile(
    profile: str, length: int, severity: str | None
) -> None:
    judged = found("L01", "gysga\n<i>" + "a" * length + "</i>", profile=PROFILES[profile])
    assert judged == ([(1, severity)] if severity else [])


def test_l01_offers_a_fix_only_where_the_text_can_be_broken() -> None:
    long = track("söz " * 12 + "söz", "a" * 50)
    assert [f.fix for f in check(LineUp(long)) if f.rule == "L01"] == [True, False]


def test_l02_judges_the_number_of_lines_by_profile() -> None:
    assert found("L02", "a\nb") == []
    assert found("L02", "a\nb\nc") == [(1, "error")]
    assert found("L02", "a\nb\nc", profile=PROFILES["bbc"]) == [(1, "warning")]
    assert found("L02", "a\nb\nc\nd", profile=PROFILES["bbc"]) == [(1, "error")]


def test_l03_hints_at_two_lines_that_fit_in_one_but_not_at_two_speakers() -> None:
    assert found("L03", "Men işlemek üçin\ngeldim.") == [(1, "hint")]
    assert found("L03", "– Sen kim?\n– Men Aýna.") == []
    assert found("L03", "Men işlemek üçin bu ýere geldim,\nsen nireden geldiň?") == []


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["Men saňa kömek etmek\nüçin geldim."], [(1, "error")]),
        (["Men saňa kömek etmek üçin\ngeldim."], []),
        (["Men saňa kömek etmek", "üçin geldim."], [(2, "error")]),
        (["Men saňa kömek etdim.", "Üçin."], []),  # a full stop parts them
        (["Adam söwdasyna\ngarşy göreş."], [(1, "warning")]),  # after a dative
        (["Bu adam\ngarşy boldy."], []),  # the case is another
        (["Gije-gündiz,\nýaly däl."], []),  # a comma parts them
        (["Maksat şu\nüsti bilen bolar."], [(1, "error")]),
    ],
)
def test_l06_finds_postpositions_torn_from_their_noun(
    texts: list[str], wanted: list[tuple[int, str]]
) -> None:
    assert found("L06", *texts) == wanted
    assert found("L06", *texts, language="ru") == []
    assert found("L06", *texts, profile=PROFILES["netflix-general"]) == []


def test_l07_and_l09_find_units_and_auxiliaries_torn_off() -> None:
    assert found("L07", "Ol maňa 500\nmanat berdi.") == [(1, "warning")]
    assert found("L07", "Ol maňa köp\nmanat berdi.") == []
    assert found("L09", "Men günäkär\ndäl.") == [(1, "warning")]


@cache
def sure_words() -> list[str]:
    rows = files("workflow.language").joinpath("data/postpositions.txt").read_text("utf-8")
    found_words = []
    for line in rows.splitlines():
        if line and line[0] not in "#[" and line.endswith("\tsure"):
            words = line.split("\t")[0]
            bound = bound_start(words, POSTPOSITIONS)
            if bound and belongs_to(bound, "söz"):
                found_words.append(words)
    return found_words


def test_no_line_is_ever_broken_before_a_word_of_the_postposition_list() -> None:
    assert len(sure_words()) > 60
    for word in sure_words():
        cues = track(f"Bu sözlem gaty uzyn ýazylandyr {word} bölünmeli bolýar.")
        (mended,) = repair(LineUp(cues), ["L01"]).cues
        assert "\n" in mended.text
        assert not mended.text.split("\n")[1].startswith(word), mended.text


def test_x01_finds_a_cue_without_words() -> None:
    assert found("X01", "Söz", " ", "<i></i>", "") == [(2, "error"), (3, "error"), (4, "error")]


@pytest.mark.parametrize(
    "text", ["iki  boşluk", "soňunda \nboşluk", " öňünde", "belgiden öň !", "nokatdan öň ."]
)
def test_x03_finds_stray_spaces(text: str) -> None:
    assert found("X03", text) == [(1, "warning")]


@pytest.mark.parametrize("text", ["Bir söz.", "Aý, dost", "Bir ... iki", "1 234,50"])
def test_x03_leaves_good_spaces(text: str) -> None:
    assert found("X03", text) == []


@pytest.mark.parametrize("text", ["<i>Söz", "Söz</b>", "<font color=red>Söz", "{\\an8}Söz"])
def test_x04_finds_broken_and_visible_tags(text: str) -> None:
    assert found("X04", text) == [(1, "error")]
    assert found("X04", "<i>Söz</i> 5 < 6") == []


def test_x05_wants_the_dots_of_the_profile() -> None:
    assert found("X05", "Diýmek...") == [(1, "warning")]
    assert found("X05", "Diýmek…") == []
    assert found("X05", "Diýmek…", profile=PROFILES["bbc"]) == [(1, "warning")]


@pytest.mark.parametrize("text", ["Привет", "baºga", "Söz \ue000", "中"])
def test_x15_finds_characters_outside_the_language(text: str) -> None:
    assert found("X15", text) == [(1, "error")]
    assert found("X15", text, profile=PROFILES["bbc"]) == []


def test_x15_lets_names_from_abroad_and_music_pass() -> None:
    assert found("X15", "♪ José we Łukasz – “dostlar”… № 5 ♪") == []
    assert found("X15", "Привет, John", language="ru") == []


@pytest.mark.parametrize(
    "text", ["Moskвa", "TÜRKMENİSTAN", "ağaç", "kıtap", "vatan", "onuò", "baþga"]
)
def test_x16_finds_letters_of_another_alphabet(text: str) -> None:
    assert found("X16", text) == [(1, "error")]


def test_x16_lets_names_from_abroad_and_other_languages_pass() -> None:
    assert found("X16", "Viktor Xavier geldi") == []
    assert found("X16", "a vast quick fox", language="en") == []


ENGLISH = ["We must protect all of them.", "There are 25 victims here.", "John Smith"]
TURKMEN = ["Biz olaryň hemmesini goramaly.", "Bu ýerde 25 pida bar.", "John Smith"]


def against(source: list[str], target: list[str]) -> list[tuple[str, int]]:
    findings = check(LineUp(track(*target), source=track(*source)))
    return [(f.rule, f.cue) for f in findings if f.rule in {"X02", "M01", "M05"}]


def test_a_good_translation_has_no_finding_beside_its_source() -> None:
    assert against(ENGLISH, TURKMEN) == []


def test_x02_finds_a_copied_and_a_missing_translation() -> None:
    assert against(ENGLISH, [ENGLISH[0], "", TURKMEN[2]]) == [("X02", 1), ("M01", 2), ("X02", 2)]
    two = check(LineUp([track(*TURKMEN)[0], track(*TURKMEN)[2]], source=track(*ENGLISH)))
    assert [(f.rule, f.cue) for f in two if f.rule == "X02"] == [("X02", 2)]


@pytest.mark.parametrize(
    ("source", "target", "agrees"),
    [
        ("He is 25.", "Ol 25 ýaşynda.", True),
        ("He is 25.", "Ol 52 ýaşynda.", False),
        ("He is 25.", "Ol ýaş.", False),
        ("He is 25.", "Ol ýigrimi bäş ýaşynda.", True),
        ("He is twenty-five.", "Ol 25 ýaşynda.", True),
        ("Five months", "5 aý", True),
        ("Five months", "6 aý", False),
        ("1,500 people", "1 500 adam", True),
        ("1.5 million", "1,5 million", True),
        ("In 1948 and 1993", "1993-nji we 1948-nji ýyllarda", True),
        ("sixteen", "16", True),
        ("1 day", "bir gün", True),
        ("There is one way.", "Bir ýol bar.", True),
        ("For 3 days", "Üçin", False),  # "üçin" is no three
    ],
)
def test_m01_compares_numbers_in_figures_and_words(source: str, target: str, agrees: bool) -> None:
    assert (("M01", 1) not in against([source], [target])) is agrees


def test_m05_finds_a_translation_of_a_strange_length() -> None:
    source = "This sentence has a usual length."
    assert against([source], ["Gysga."]) == [("M05", 1)]
    assert against([source], ["Bu sözlem adaty uzynlykda."]) == []
    assert against(["Short."], ["Gaty uzyn, ýöne çeşme gysga bolansoň ölçenmeýär."]) == []


def test_a_track_that_is_not_aligned_yet_is_compared_by_number() -> None:
    moved = [
        Cue(c.uid, c.start + from_ms(3_600_000), c.end + from_ms(3_600_000), c.text)
        for c in track(*TURKMEN)
    ]
    assert not [f for f in check(LineUp(moved, source=track(*ENGLISH))) if f.rule in {"X02", "M01"}]


def test_two_cues_that_translate_one_are_compared_together() -> None:
    source = [Cue("s", 0, from_ms(6000), "There are 25 victims and 3 witnesses here.")]
    target = [
        Cue("a", 0, from_ms(2900), "Bu ýerde 25 pida"),
        Cue("b", from_ms(3000), from_ms(6000), "we 3 şaýat bar."),
    ]
    assert not [f for f in check(LineUp(target, source=source)) if f.rule in {"X02", "M01", "M05"}]


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="training-film"):
        profile_named("cinema")


def test_every_rule_in_the_table_has_a_title() -> None:
    assert all(rule.title for rule in RULES.values())
    assert len(RULES) >= 28
