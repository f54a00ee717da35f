from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.language.endings import Chain, endings_of, inflected, stems_of

NOUNS = ["kazyýet", "adam", "söwda", "ýol", "göz", "köçe", "zorluk", "kanun", "pida", "gulçulyk"]
CHAINS = st.builds(
    Chain,
    plural=st.sampled_from(["", "pl"]),
    possessive=st.sampled_from(["", "1s", "2s", "3", "1p", "2p"]),
    case=st.sampled_from(["", "gen", "acc", "dat", "loc", "abl"]),
)


@pytest.mark.parametrize(
    ("stem", "chain", "word"),
    [
        ("kazyýet", Chain(case="gen"), "kazyýetiň"),
        ("adam", Chain("pl", case="gen"), "adamlaryň"),
        ("söwda", Chain(possessive="3", case="dat"), "söwdasyna"),
        ("zorluk", Chain(case="gen"), "zorlugyň"),
        ("köçe", Chain(case="dat"), "köçä"),
        ("ýol", Chain(possessive="1s"), "ýolum"),
        ("göz", Chain("pl", "3", "loc"), "gözlerinde"),
        ("raýat", Chain("pl", "1p", "abl"), "raýatlarymyzdan"),
        ("derňew", Chain(possessive="3", more="dyr"), "derňewidir"),
        ("öý", Chain(case="loc", more="ky"), "öýdäki"),
    ],
)
def test_endings_follow_the_vowels_of_the_stem(stem: str, chain: Chain, word: str) -> None:
    assert inflected(stem, chain) == word


@given(st.sampled_from(NOUNS), CHAINS)
def test_the_stem_of_every_form_is_found_again(stem: str, chain: Chain) -> None:
    assert stem in stems_of(inflected(stem, chain))


@pytest.mark.parametrize("word", ["adamler", "kazyýetyň", "gözlar", "söwdaniň"])
def test_endings_that_break_the_harmony_of_vowels_are_no_endings(word: str) -> None:
    assert {ending for _, ending, _ in endings_of(word)}.isdisjoint({"ler", "yň", "lar", "niň"})
