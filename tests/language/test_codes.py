"""Language codes of containers and of people are told apart and into each other."""

from __future__ import annotations

import pytest

from workflow.language.codes import bcp47, same_language, three_letters


@pytest.mark.parametrize(
    ("tag", "long"),
    [
        *(("tk-Latn", "tuk"), ("de", "deu"), ("fa", "fas"), ("ja", "jpn")),
        *(("ger", "ger"), ("zz", "und"), ("", "und"), (None, "und")),
    ],
)
def test_containers_get_three_letters(tag: str | None, long: str) -> None:
    assert three_letters(tag) == long


@pytest.mark.parametrize(
    ("tag", "short"), [("eng", "en"), ("GER_at", "de-at"), ("tk-Latn", "tk-latn"), ("xal", "xal")]
)
def test_people_get_the_short_tag(tag: str, short: str) -> None:
    assert bcp47(tag) == short


def test_a_language_is_the_same_in_both_writings() -> None:
    assert same_language("tuk", "tk-Latn")
    assert same_language("per", "fas")
    assert not same_language("rus", "en")
    assert not same_language("", "")
