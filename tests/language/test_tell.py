"""Which language, on the halves of the Declaration that no model was counted from."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from workflow.language.tell import MODELS, lacks_marks, tell

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("cues", [1, 5])
def test_five_cues_tell_their_language_and_so_does_one(name: str, cues: int) -> None:
    words = (DATA / f"declaration-second-half.{name}.txt").read_text("utf-8").split()
    told = []
    for seed in range(30):
        start = random.Random(seed).randrange(len(words) - cues * 6)
        told.append(tell(" ".join(words[start + 6 * i : start + 6 * i + 6]) for i in range(cues)))
    assert sum(answer.language == MODELS[name] for answer in told) >= 0.98 * len(told)
    assert all(answer.language == MODELS[name] for answer in told if answer.sure)


def test_a_word_or_two_are_never_called_sure() -> None:
    assert not tell(["Salam dost"]).sure
    assert tell(["Salam dost, sen nirä barýarsyň şu gün?"]).sure


@pytest.mark.parametrize("text", ["", "123 — 456!", "♪"])
def test_text_without_letters_has_no_language(text: str) -> None:
    assert tell([text]).language == "und"


def test_text_typed_without_marks_is_noticed() -> None:
    text = (DATA / "declaration-second-half.tk-Latn.txt").read_text("utf-8")
    assert not lacks_marks(text)
    assert lacks_marks(text.translate(str.maketrans("äöüşňžçýÄÖÜŞŇŽÇÝ", "aousnzcyAOUSNZCY")))
    assert not lacks_marks("gysga")
