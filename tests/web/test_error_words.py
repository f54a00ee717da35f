"""Errors are told in the person's own language, and the sentence with the figures stands beside that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from web.error_words import _WORDS

CHECKOUT = Path(__file__).parents[2]


def test_every_word_belongs_to_a_code_that_there_is() -> None:
    guide = (CHECKOUT / "docs" / "guide" / "errors.md").read_text("utf-8")
    known = set(re.findall(r"^\| `([A-Z_0-9]+)`", guide, re.MULTILINE))
    assert set(_WORDS) - known == set()


@pytest.mark.parametrize("language", ["ru", "tk"])
def test_every_word_is_translated(language: str) -> None:
    path = CHECKOUT / "web" / "translations" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = {message.id: message.string for message in read_po(file)}
    assert [word for word in map(_source, _WORDS.values()) if not catalogue.get(word)] == []


def _source(word: object) -> str:
    return str(word._args[0])  # type: ignore[attr-defined]  # of a lazy string: what is translated


def test_a_refusal_is_told_in_turkmen_with_its_figures_beside_it(script, person, project) -> None:
    said = {}
    for locale in ("tk", "en"):
        who = person(f"ayna-{locale}", locale=locale)
        path = f"/projects/{project(who)}/members/{who.id}/producer"
        said[locale] = script(who).delete(path).json["error"]
    assert said["tk"]["told"] == (
        "Taslamada iň bolmanda bir prodýuser galmaly. Ilki başga adamy prodýuser ediň."
    )
    assert said["tk"] == said["en"] | {"told": said["tk"]["told"]}
    assert "told" not in said["en"]
