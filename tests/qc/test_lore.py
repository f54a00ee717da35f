"""What a project knows beside its cues: its terms, words and names."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from workflow.language.glossary import Glossary, Term
from workflow.qc import LineUp, Lore, check, repair
from workflow.timebase import from_ms
from workflow.tracks.cues import Cue

S = from_ms(1000)


def track(*texts: str, every: int = 5) -> list[Cue]:
    return [Cue(f"c{n}", n * every * S, (n * every + 4) * S, text) for n, text in enumerate(texts)]


def found(rule: str, cues: Sequence[Cue], **more: object) -> list[tuple[int, str]]:
    findings = check(LineUp(cues, **more))  # type: ignore[arg-type]
    return [(f.cue, f.message) for f in findings if f.rule == rule]


def test_words_of_the_project_are_not_misspelt() -> None:
    cues = track("Biz kerimberdini gördük.")
    assert found("M07", cues)
    assert found("M07", cues, lore=Lore(words=frozenset({"Kerimberdi"}))) == []


@pytest.mark.parametrize(
    "text",
    [
        "Biz BMG-niň 1-nji maddasyny 25-den okadyk.",
        "Men UNODC barada okadym.",
        "Salgysy: ynam@bmg.tm",
    ],
)
def test_abbreviations_endings_of_figures_and_addresses_are_not_misspelt(text: str) -> None:
    assert found("M07", track(text)) == []


def test_names_of_the_source_are_not_misspelt_at_the_start_of_a_sentence() -> None:
    source = track("Hannah came.")
    assert found("M07", track("Hannah geldi."), source=source) == []


def test_a_name_is_known_by_its_sound_or_by_the_table() -> None:
    source = track("Then George came.", "We saw Matthew there.", "I know Fleur.")
    target = track("Soň Jorj geldi.", "Biz ol ýerde Metýuwy gördük.", "Men Güli tanaýaryn.")
    assert [cue for cue, _ in found("M02", target, source=source)] == [3]
    assert found("M02", target, source=source, lore=Lore(names={"Fleur": "Gül"})) == []
    assert found("M02", target, source=source, lore=Lore(names={"Fleur": "Fler"})) == [
        (3, "Not found here: Fleur (Fler).")
    ]


def test_russian_names_and_terms_are_compared_too() -> None:
    source = track("Потом пришла Наташа.", "Он жертва.")
    target = track("Soň Nataşa geldi.", "Ol pida.")
    for rule in ("M02", "M03"):
        assert found(rule, target, source=source, lore=Lore(source_language="ru")) == []
    wrong = track("Soň ol geldi.", "Ol adam.")
    assert found("M02", wrong, source=source, lore=Lore(source_language="ru")) == [
        (1, "Not found here: Наташа.")
    ]
    assert [
        cue for cue, _ in found("M03", wrong, source=source, lore=Lore(source_language="ru"))
    ] == [2]


def test_the_glossary_of_a_project_stands_in_for_the_seed() -> None:
    house = Term(en=("house",), tk=("jaý",), forbidden=("tam",), confidence="A")
    lore = Lore(Glossary([house]))
    source = track("The house.")
    assert found("M03", track("Öý."), source=source, lore=lore)
    assert found("M03", track("Jaýyň."), source=source, lore=lore) == []
    assert found("M03", track("Öý."), source=track("The court."), lore=lore) == []
    mended = repair(LineUp(track("Tamyň gapysy."), lore=lore), ["M04"]).cues
    assert mended[0].text == "Jaýyň gapysy."


def test_a_track_that_is_timed_to_another_cut_is_compared_by_number() -> None:
    source = track(
        "Who are you?", "Leave us alone!", "I came here to work.", "The court decides it."
    )
    texts = ("Sen kim?", "Biziň ýanymyzdan git!", "Men işlemäge geldim.", "Muny kazyýet çözýär.")
    late = [Cue(c.uid, c.start + 5 * S, c.end + 5 * S, c.text) for c in track(*texts)]
    assert [
        f.rule for f in check(LineUp(late, source=source)) if f.rule in {"X02", "M03", "M09"}
    ] == []


def test_the_same_words_in_both_languages_are_not_left_over() -> None:
    source = track("the film internet")
    assert found("M08", track("Film internet."), source=source) == []
    assert found("M08", track("Gel, the film."), source=source)
