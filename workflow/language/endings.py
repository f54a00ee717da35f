"""Endings of Turkmen nouns: which a word can have, and putting them on another stem.

A noun takes plural, possessive, case and the copula -dyr, in this order, and
each follows the vowels of the stem. The chains are spelled out once, four
tables of some two hundred, so that a word is split by looking up, not by rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

BACK, FRONT = frozenset("aouy"), frozenset("äeiöü")
VOWELS = BACK | FRONT
ROUNDED = frozenset("ouöü")
SOFTENED = {"g": "k", "d": "t", "b": "p", "j": "ç"}
"""A final letter before an ending that begins with a vowel, and what it is in the word alone."""
HARDENED = {hard: soft for soft, hard in SOFTENED.items()}

MIN_STEM = 3


@dataclass(frozen=True, slots=True)
class Chain:
    """Which endings a word has, without their letters.

    plural      "" or "pl"
    possessive  "" or person and number: "1s", "2s", "3", "1p", "2p"
    case        "" (nominative), "gen", "acc", "dat", "loc", "abl"
    more        "" or "dyr" (is), "ky" (which is at), "my" (question)
    """

    plural: str = ""
    possessive: str = ""
    case: str = ""
    more: str = ""


# Written with back vowels: A is a/e, Y is y/i, U is y/i or, after a rounded vowel, u/ü.
_PLURALS = {"": "", "pl": "lAr"}
_POSSESSIVES = {
    "vowel": {"": "", "1s": "m", "2s": "ň", "3": "sY", "1p": "mYz", "2p": "ňYz"},
    "consonant": {"": "", "1s": "Um", "2s": "Uň", "3": "Y", "1p": "UmYz", "2p": "UňYz"},
}
_CASES = {
    "vowel": {"": "", "gen": "nYň", "acc": "nY", "loc": "dA", "abl": "dAn"},
    "consonant": {"": "", "gen": "Uň", "acc": "Y", "dat": "A", "loc": "dA", "abl": "dAn"},
    "third": {"": "", "gen": "nYň", "acc": "nY", "dat": "nA", "loc": "ndA", "abl": "ndAn"},
}


def endings_of(word: str) -> list[tuple[str, str, Chain]]:
    """Every way to split *word* (lower case) into a stem and noun endings that fit it: stem, ending, chain.

    Longest stem first; the word itself, without endings, is among them. A stem is as written: final
    g, d, b, j may stand for k, t, p, ç, and final ä for e (see `stems_of`).
    """
    found = []
    for cut in range(len(word), MIN_STEM - 1, -1):
        stem, ending = word[:cut], word[cut:]
        chain = _table(*_kind(stem)).get(ending)
        if chain is not None:
            found.append((stem, ending, chain))
    return found


def stems_of(word: str) -> list[str]:
    """The stems that *word* can have, longest first, as they stand in a dictionary."""
    stems: dict[str, None] = {}
    for stem, ending, _ in endings_of(word):
        stems[stem] = None
        if ending and ending[0] in VOWELS and stem[-1] in SOFTENED:
            stems[stem[:-1] + SOFTENED[stem[-1]]] = None
        if stem[-1] == "ä":  # köçä: to the street, of köçe
            stems[stem[:-1] + "e"] = None
    return list(stems)


def inflected(stem: str, chain: Chain) -> str:
    """*stem* (as in a dictionary) with the endings of *chain*: kazyýet + genitive is kazyýetiň."""
    low = stem.lower()
    if chain.case == "dat" and low[-1:] in VOWELS and not chain.possessive and not chain.plural:
        ending = ""
        if low[-1] == "e":
            stem = stem[:-1] + "ä"
        elif low[-1] in "yi":
            stem = stem[:-1] + ("a" if low[-1] == "y" else "ä")
    else:
        ending = _by_chain(*_kind(low)).get(chain, "")
    last = low[-1:]
    # Words of one syllable keep theirs (at, et); so do many loanwords, which a person puts right.
    if ending and ending[0] in VOWELS and last in "kç" and len(low) > 3:
        stem = stem[:-1] + HARDENED[last]
    return stem + ending


def is_front(stem: str) -> bool:
    """Whether the last vowel of *stem* asks for front endings."""
    for char in reversed(stem):
        if char in VOWELS:
            return char in FRONT
    return False


def _kind(stem: str) -> tuple[bool, bool, bool]:
    """Front, one rounded syllable (after which the next is rounded too), and ending in a vowel."""
    vowels = [char for char in stem if char in VOWELS] or ["a"]
    rounded = len(vowels) == 1 and vowels[0] in ROUNDED
    return vowels[-1] in FRONT, rounded, stem[-1:] in VOWELS


@cache
def _table(front: bool, rounded: bool, vowel: bool) -> dict[str, Chain]:
    """Chains by their letters, for stems of one kind; where two read alike (-y: his, accusative) the first."""
    table: dict[str, Chain] = {}
    for chain, spellings in _chains(front, rounded, vowel):
        for letters in spellings:
            table.setdefault(letters, chain)
    return table


@cache
def _by_chain(front: bool, rounded: bool, vowel: bool) -> dict[Chain, str]:
    return {chain: spellings[0] for chain, spellings in _chains(front, rounded, vowel)}


def _chains(front: bool, rounded: bool, vowel: bool) -> list[tuple[Chain, list[str]]]:
    chains = []
    for plural, plural_letters in _PLURALS.items():
        end = "consonant" if plural or not vowel else "vowel"
        for possessive, possessive_letters in _POSSESSIVES[end].items():
            if possessive == "3":
                after = "third"
            elif possessive:
                after = "consonant"
            else:
                after = end
            for case, case_letters in _CASES[after].items():
                for more, more_letters in _more(case).items():
                    pattern = plural_letters + possessive_letters + case_letters + more_letters
                    chain = Chain(plural, possessive, case, more)
                    chains.append((chain, _spelled(pattern, front, rounded and not plural)))
    return chains


def _more(case: str) -> dict[str, str]:
    """-dyr and -my close a word in the nominative, locative or ablative; -ky stands after the locative alone."""
    more = {"": ""}
    if case in {"", "loc", "abl"}:
        more |= {"dyr": "dYr", "my": "mY"}
    return more | ({"ky": "kY"} if case == "loc" else {})


def _spelled(pattern: str, front: bool, rounded: bool) -> list[str]:
    """The spellings of a pattern. Before -ky the locative's vowel is ä after front vowels."""
    a, y = ("e", "i") if front else ("a", "y")
    u = ("ü" if front else "u") if rounded else y
    # Only the first syllable after a rounded vowel is rounded; writing varies, so both are known.
    made = pattern.replace("dAkY", "däkY" if front else "dakY").replace("A", a).replace("Y", y)
    first = made.replace("U", u, 1).replace("U", y)
    plain = made.replace("U", y)
    return [first] if first == plain else [first, plain]
