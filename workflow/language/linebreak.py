"""Where a line of subtitles may break, and where it likes to.

A line of Turkmen never begins with a word that belongs to the word before it:
a postposition, a unit after its number, a surname after its first name, an
auxiliary after its verb, the second half of a fixed pair. It likes to end
after a mark and to begin with a word that opens a phrase.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from workflow.language.postpositions import (
    CLITICS,
    OPENERS,
    POSTPOSITIONS,
    UNITS,
    belongs_to,
    bound_start,
)

AFTER_MARK = re.compile(r"[.,;:!?…–][\"”’»)]*$")
_FINAL_MARK = re.compile(r"[.!?…:][\"”’»)]*$")
_NUMBER = re.compile(r"(?:\d|-nj[iy]|№)$")
_ORDINAL = re.compile(r"\d+-nj[iy]$")
_CAPITALISED = re.compile(r"[A-ZÇÄŽŇÖŞÜÝА-ЯЁ][a-zçäžňöşüýа-яё’'-]+$|[A-Z]\.$")
_SURNAME = re.compile(r"(?:ow|owa|ew|ewa|in|ina|iý|aýa|gyzy|ogly|zada)[.,!?…]*$")
_TITLES = frozenset(
    "jenap hanym doktor professor kazy prokuror general polkownik podpolkownik maýor kapitan leýtenant "  # noqa: SIM905
    "ministr adwokat aklawçy sülçi inspektor direktor prezident mister missis mr. mrs. ms. dr. prof.".split()
)
_CONVERB = re.compile(r"[^\W\d_]{2,}(?:[yiuü]p|[aeäo]p)$")
_AUXILIARY = re.compile(
    r"(?:dur|otur|ýat|ýör|bil|başla|ber|gal|goý|iber|git|gid|gel|çyk|bol)"
    r"(?:ýa|dy|di|mak|mek|mag|meg|ma|me|ar|er|up|üp|yp|ip|sa|se|an|en|jak|jek|un|uň|yň|iň|$)"
)
_LIGHT_VERB = re.compile(r"(?:et(?:mek|meg|me|di|se|jek|siň|$)|ed(?:ýä|ip|en|er|il|iň|el))")
_BARE = re.compile(r"[^\W\d_]{3,}$")


@dataclass(frozen=True, slots=True)
class Tear:
    """What a break would part.

    kind    "postposition", "unit", "name", "verb" (or negation, or another word bound to the one before),
            "pair" (two nouns that are one term)
    word    the one that would begin the line
    sure    False: it may also begin a phrase; a person judges
    """

    kind: str
    word: str
    sure: bool


_COSTS = {"postposition": 1000, "unit": 1000, "name": 600, "verb": 400, "pair": 150}
"""About as many characters of imbalance is each worth avoiding."""


def torn(upper: str, lower: str) -> Tear | None:
    """What a break of Turkmen text (without markup) between *upper* and *lower* would part, the worst first."""
    return _torn(" ".join(upper.split()[-2:]), " ".join(lower.split()[:4]))


@lru_cache(maxsize=50_000)
def _torn(upper: str, lower: str) -> Tear | None:
    if not upper or not lower:
        return None
    bound = bound_start(lower, POSTPOSITIONS | CLITICS | UNITS)
    last, first = upper.rsplit(maxsplit=1)[-1], lower.split(maxsplit=1)[0]
    if bound and bound.group in POSTPOSITIONS and belongs_to(bound, upper):
        return Tear("postposition", " ".join(bound.words), bound.sure)
    if _NUMBER.search(last):
        if bound and bound.group in UNITS:
            return Tear("unit", " ".join(bound.words), True)
        if first[0] in "%°" or (_ORDINAL.search(last) and first[0].isalpha()) or last == "№":
            return Tear("unit", first, True)
    if _is_name(upper, last, first):
        return Tear("name", first, True)
    if bound and bound.group in CLITICS and belongs_to(bound, upper):
        return Tear("verb", " ".join(bound.words), bound.sure)
    low = first.lower()
    if _CONVERB.search(last.lower()) and _AUXILIARY.match(low):
        return Tear("verb", first, True)
    if "-" not in low and _BARE.search(last) and _LIGHT_VERB.match(low):
        return Tear("verb", first, True)
    if _BARE.search(last) and any(
        last.lower().startswith(a) and low.startswith(b) for a, b in _pairs()
    ):
        return Tear("pair", first, False)
    return None


def _is_name(upper: str, last: str, first: str) -> bool:
    """First name and surname, or a title and its name. A word in capitals says nothing."""
    last = last.strip("“\"«'(–-")
    first = first.strip("“\"«'(").rstrip(".,!?;:…”\"»)'")
    if not _CAPITALISED.fullmatch(first):
        return False
    if last.lower() in _TITLES:
        return True
    if not _CAPITALISED.fullmatch(last) or last.endswith(("yň", "iň", "uň", "üň")):
        return False  # a genitive before a capital is an office, not a name
    before = upper.rsplit(maxsplit=1)[0] if " " in upper else ""
    opens = not before or _FINAL_MARK.search(before)
    return not opens or bool(_SURNAME.search(first))


@cache
def _pairs() -> tuple[tuple[str, str], ...]:
    """The pairs of nouns that are one term of the glossary: jenaýat işi, adam söwdasy."""
    from workflow.language.glossary import seed  # noqa: PLC0415 (reads a file: only where lines break)

    forms = (form.lower().split() for term in seed().terms for form in term.tk if "…" not in form)
    pairs = {
        (a.strip("(),"), b.strip("(),"))
        for words in forms
        for a, b in itertools.pairwise(words)
        if b[-1] in "yi"
    }
    return tuple(sorted(pairs))


def is_good(upper: str, lower: str) -> bool:
    """Whether a break is where a reader pauses: after a mark, or before a word that opens a phrase."""
    return bool(AFTER_MARK.search(upper)) or bound_start(lower, OPENERS) is not None


def break_cost(upper: str, lower: str, *, turkmen: bool = True) -> int:
    """What the words say about a break between them; a point is about one character of imbalance."""
    cost = -12 if AFTER_MARK.search(upper) else 0
    if not turkmen:
        return cost
    if tear := torn(upper, lower):
        return cost + (_COSTS[tear.kind] if tear.sure or tear.kind == "pair" else 200)
    return cost - 8 if cost == 0 and bound_start(lower, OPENERS) else cost


def best_break(
    words: Sequence[str], lengths: Sequence[int], *, soft: int, hard: int, turkmen: bool = True
) -> int | None:
    """Before which word a cue breaks into two lines; None where no break keeps both within *hard*.

    words       without markup, parted by single spaces
    lengths     characters of each, as a viewer counts them
    """
    best: tuple[int, int] | None = None
    total = sum(lengths) + len(lengths) - 1
    upper = -1
    for at in range(1, len(words)):
        upper += lengths[at - 1] + 1
        lower = total - upper - 1
        if max(upper, lower) > hard:
            continue
        cost = abs(upper - lower) + (3 if upper > lower else 0)
        cost += 20 * (max(0, upper - soft) + max(0, lower - soft))
        if best is not None and cost - 12 >= best[0]:
            continue  # no words could make it the best
        cost += break_cost(
            " ".join(words[max(0, at - 2) : at]), " ".join(words[at : at + 4]), turkmen=turkmen
        )
        if best is None or cost < best[0]:
            best = cost, at
    return best[1] if best else None
