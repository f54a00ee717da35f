"""Terms and memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow.errors import BadInput
from workflow.language.glossary import (
    CONFIDENCES,
    Glossary,
    Term,
    read_tsv,
    replaced,
    seed,
    write_tsv,
)
from workflow.language.letters import tidy
from workflow.language.memory import Memory, Unit, alike, attach_rows


def forms(text: str, language: str, glossary: Glossary | None = None) -> list[str]:
    return [use.form for use in (glossary or seed()).find(text, language)]


def test_the_seed_has_107_terms_each_with_its_confidence() -> None:
    assert len(seed().terms) == 107
    assert {term.confidence for term in seed().terms} == set(CONFIDENCES)
    assert read_tsv(write_tsv(seed())).terms == seed().terms


def test_likely_and_proposed_rows_need_a_linguist_until_somebody_approves_them() -> None:
    unsure = [term for term in seed().terms if term.needs_linguist]
    assert {term.confidence for term in unsure} == {"M", "L"}
    assert not Term(en=("x",), tk=("y",), confidence="L", status="approved").needs_linguist


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("Adam söwdasynyň pidalary", "tk", ["adam söwdasy", "pida"]),
        ("Gul söwdasyna we adam hukuklarynyň", "tk", ["gul söwdasy", "adam hukuklary"]),
        ("zorlugyň güýji", "tk", ["zorluk"]),
        ("adamzat we kanunçylyk", "tk", []),
        ("kazylar", "tk", ["kazy"]),
        ("Ýokary kazyýetiň karary", "tk", ["Ýokary kazyýet"]),
        ("adam, söwdasy", "tk", []),
        ("The victims of trafficking in persons", "en", ["Victim", "Trafficking in persons"]),
        ("the Criminal Procedure Code", "en", ["Criminal Procedure Code"]),
        ("о торговле людьми и жертвах", "ru", ["Торговля людьми", "Жертва"]),
    ],
)
def test_terms_are_met_in_their_forms_and_not_in_other_words(
    text: str, language: str, wanted: list[str]
) -> None:
    assert forms(text, language) == wanted


def test_stems_find_more_of_the_declaration_than_strings() -> None:
    path = Path(__file__).parent / "data" / "declaration-second-half.tk-Latn.txt"
    text = tidy(path.read_text("utf-8"))[0]
    by_stem = len(seed().find(text, "tk"))
    by_string = sum(
        text.lower().split().count(form.lower()) for term in seed().terms for form in term.tk
    )
    assert by_stem > 2 * by_string


def test_either_form_of_a_source_word_is_allowed() -> None:
    glossary = Glossary(
        [Term(en=("Victim",), tk=("pida",)), Term(en=("Victim",), tk=("jebir çeken",))]
    )
    term = glossary.terms[0]
    assert glossary.has_allowed_form(term, "Jebir çekenleriň hukugy")
    assert glossary.has_allowed_form(term, "Pidalara kömek")
    assert not glossary.has_allowed_form(term, "Adamlara kömek")


def test_a_forbidden_form_is_found_unless_it_is_part_of_an_allowed_term() -> None:
    glossary = Glossary([
        Term(en=("Court",), tk=("kazyýet",), forbidden=("sud",)),
        Term(en=("Conciliation",), tk=("sud kömegi",)),
    ])  # fmt: skip
    assert [use.form for use in glossary.find_forbidden("Suduň karary")] == ["sud"]
    assert glossary.find_forbidden("Sud kömegi gerek") == []


def test_a_replaced_term_keeps_its_endings_and_its_capital() -> None:
    glossary = Glossary([Term(en=("Court",), tk=("kazyýet",), forbidden=("sud",))])
    text = "Suduň karary we sudlarda"
    first, second = glossary.find_forbidden(text)
    assert replaced(second, text, "kazyýet") == "Suduň karary we kazyýetlerde"
    assert replaced(first, text, "kazyýet") == "Kazyýetiň karary we sudlarda"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a\tb\n", "line 1"),
        ("en\ttk\tcolour\nx\ty\tz\n", "line 1"),
        ("en\ttk\nCourt\t\n", "line 2"),
        ("en\ttk\nCourt\tkazyýet\n\tpida\n", "line 3"),
        ("en\ttk\tconfidence\nCourt\tkazyýet\tX\n", "line 2"),
        ("en\ttk\tstatus\nCourt\tkazyýet\tmaybe\n", "line 2"),
        ("en\ttk\nCourt\t" + "a" * 201 + "\n", "line 2"),
    ],
)
def test_a_glossary_that_cannot_be_used_is_refused_with_its_line(text: str, where: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_tsv(text)
    assert (caught.value.code, caught.value.where) == ("GLOSSARY", where)


UNITS = [
    Unit("The court found 3 men guilty.", "Kazyýet 3 adamy günäli tapdy.", before="A", after="B"),
    Unit("The court found the men guilty yesterday.", "Kazyýet düýn adamlary günäli tapdy."),
    Unit("She was promised a job.", "Oňa iş söz berildi.", speaker="NARRATOR"),
]


def test_a_memory_finds_the_likest_source_and_takes_points_for_differences() -> None:
    memory = Memory(UNITS)
    exact = memory.find("The court found 3 men guilty.", before="A", after="B")
    assert (exact[0].score, exact[0].in_context, exact[0].may_fill) == (100, True, True)
    assert not memory.find("The court found 3 men guilty.", before="A", after="C")[0].in_context
    assert memory.find("The court found 5 men guilty.")[0].score == 95
    assert memory.find("<i>She was promised a job.</i>", speaker="LENA")[0].score == 90
    assert memory.find("She was promised a good job.")[0].unit is UNITS[2]
    assert memory.find("Nothing like it.") == []
    assert memory.find("") == []


def test_texts_are_alike_without_case_tags_and_figures() -> None:
    assert alike("<i>In  1 948</i>,\nSHE") == "in #, she"


def test_rows_of_an_old_script_find_their_cues_in_order() -> None:
    cues = [f"This is what person number {word} said." for word in ("one", "two", "three", "four")]
    rows = [cues[0], "A row of the old film that nobody says now", cues[1][:-5], cues[3]]
    attached = attach_rows(cues, rows)
    assert [a.row for a in attached] == [0, 2, None, 3] or [a.row for a in attached] == [0, 2, 1, 3]
    assert [a.sure for a in attached] == [True, True, False, True]
    by_number = attach_rows(cues, [cues[2], cues[0]], [3, 1])
    assert [a.row for a in by_number] == [1, None, 0, None]


def test_a_numbered_row_that_says_something_else_is_not_attached_in_silence() -> None:
    attached = attach_rows(["Where is she now?"], ["Completely different words here"], [1])
    assert not attached[0].sure
