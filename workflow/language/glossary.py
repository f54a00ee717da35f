"""Terms: what a word of the source is called in the translation, found by stems, not by strings.

A row has forms in English, Russian and Turkmen, forms that are forbidden, how
sure the row is, and who says so. Turkmen forms are met by the stems of their
words (`adam hukuklarynyň` is `adam hukuklary`), English and Russian ones by a
light stemmer. Matching strings finds 64 of 160 uses, stems all (docs: subtitles 5).
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from workflow.errors import BadInput
from workflow.language.endings import endings_of, inflected
from workflow.language.stems import all_stems, dictionary_stems

CONFIDENCES = ("A", "H", "M", "L")
"""A: the form stands in a published law or official text. H: the writer is sure. M: likely. L: a proposal.
Nobody has reviewed the seed as a whole; M and L go to a linguist before a film is released."""

STATUSES = ("proposed", "approved")
LANGUAGES = ("en", "ru", "tk")
COLUMNS = (*LANGUAGES, "forbidden", "confidence", "status", "owner", "evidence", "note")
MAX_TERMS = 20_000
MAX_FORM = 200

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_ASIDE = re.compile(r"\s*\([^()]*\)")


@dataclass(frozen=True, slots=True)
class Term:
    """One row. Forms of a language are alternatives, the first the one to write."""

    en: tuple[str, ...] = ()
    ru: tuple[str, ...] = ()
    tk: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()  # of Turkmen
    confidence: str = "H"
    status: str = "proposed"
    owner: str = ""  # who answers for it
    evidence: str = ""  # the published text that it stands in
    note: str = ""

    @property
    def target(self) -> tuple[str, ...]:
        return self.tk

    def forms(self, language: str) -> tuple[str, ...]:
        return {"en": self.en, "ru": self.ru, "tk": self.tk}.get(language.partition("-")[0], ())

    @property
    def needs_linguist(self) -> bool:
        """Whether somebody must confirm the row before a film is released."""
        return self.confidence in {"M", "L"} and self.status != "approved"

    @property
    def is_sure(self) -> bool:
        """Whether a wrong form is an error and not only a warning."""
        return self.confidence in {"A", "H"} or self.status == "approved"


@dataclass(frozen=True, slots=True)
class Use:
    """A term met in a text, from *start* to *end*."""

    term: Term
    form: str
    start: int
    end: int


class Glossary:
    """Terms, looked up by the stems of their words."""

    def __init__(self, terms: Iterable[Term] = ()) -> None:
        self.terms = tuple(terms)
        self._indexes: dict[str, dict[str, list[tuple[Term, str, list[frozenset[str]]]]]] = {}
        self._opening: dict[str, frozenset[str]] = {}
        self._forms: dict[Term, list[list[frozenset[str]]]] = {}

    def find(self, text: str, language: str) -> list[Use]:
        """The terms in *text*, by place; where one stands inside another the longer one alone counts."""
        return self._search(text, language, language)

    def find_forbidden(self, text: str) -> list[Use]:
        """Forbidden Turkmen forms in *text*, less those that are part of an allowed form of any term."""
        found = self._search(text, "tk", "forbidden")
        allowed = [(use.start, use.end) for use in self.find(text, "tk")] if found else []
        return [
            use
            for use in found
            if not any(start <= use.start and use.end <= end for start, end in allowed)
        ]

    def has_allowed_form(self, term: Term, text: str) -> bool:
        """Whether Turkmen *text* has any allowed form of *term*, or of a term with the same source form.

        `pida` and `jebir çeken` both stand for *victim*: the context decides, so either is right.
        """
        words = [_stems(found[0], "tk") for found in _WORD.finditer(text)]
        return any(_stands_in(sets, words) for sets in self._allowed(term))

    def _allowed(self, term: Term) -> list[list[frozenset[str]]]:
        """The stems of every form that may stand for *term*."""
        if term not in self._forms:
            own = {form.casefold() for form in (*term.en, *term.ru)}
            kin = [t for t in self.terms if own & {form.casefold() for form in (*t.en, *t.ru)}]
            self._forms[term] = [_stem_sets(form, "tk") for t in (term, *kin) for form in t.tk]
        return self._forms[term]

    def _search(self, text: str, language: str, index: str) -> list[Use]:
        language = language.partition("-")[0]
        which = index.partition("-")[0]
        heads = self._heads(which)
        words = [(found[0], found.start(), found.end()) for found in _WORD.finditer(text)]
        if heads.isdisjoint(word[:2].lower() for word, _, _ in words):
            return []
        table = self._index(which)
        stems: list[frozenset[str] | None] = [None] * len(words)

        def at(i: int) -> frozenset[str]:
            known = stems[i]
            if known is None:
                # Only words that could open a term are worth stemming.
                known = stems[i] = _stems(words[i][0], language)
            return known

        uses: list[Use] = []
        i = 0
        while i < len(words):
            best: Use | None = None
            length = 0
            rows = (
                [row for stem in at(i) for row in table.get(stem, ())]
                if words[i][0][:2].lower() in heads
                else []
            )
            for term, form, sets in rows:
                n = len(sets)
                if n <= length or i + n > len(words):
                    continue
                if all(sets[k] & at(i + k) for k in range(n)) and _adjacent(text, words[i : i + n]):
                    best = Use(term, form, words[i][1], words[i + n - 1][2])
                    length = n
            if best:
                uses.append(best)
                i += length
            else:
                i += 1
        return uses

    def _index(self, which: str) -> dict[str, list[tuple[Term, str, list[frozenset[str]]]]]:
        """First stems of the forms of a language (or of the forbidden ones), with what follows."""
        if which not in self._indexes:
            table: dict[str, list[tuple[Term, str, list[frozenset[str]]]]] = {}
            for term in self.terms:
                language = "tk" if which == "forbidden" else which
                for form in term.forbidden if which == "forbidden" else term.forms(which):
                    sets = _stem_sets(form, language)
                    for stem in sets[0] if sets else ():
                        table.setdefault(stem, []).append((term, form, sets))
            self._indexes[which] = table
        return self._indexes[which]

    def _heads(self, which: str) -> frozenset[str]:
        """The first two letters of every stem that opens a term."""
        if which not in self._opening:
            self._opening[which] = frozenset(stem[:2] for stem in self._index(which))
        return self._opening[which]


def replaced(use: Use, text: str, form: str) -> str:
    """*text* with *form* in the place of *use*, with the endings that its last word had, and its capital."""
    old = text[use.start : use.end]
    last = _WORD.findall(old)[-1].lower()
    base = _WORD.findall(use.form)[-1].lower()
    chain = next((c for stem, _, c in endings_of(last) if _same_stem(stem, base)), None)
    new = inflected(form, chain) if chain else form
    if old[:1].isupper():
        new = new[:1].upper() + new[1:]
    return text[: use.start] + new + text[use.end :]


def _same_stem(stem: str, base: str) -> bool:
    softened = {"g": "k", "d": "t", "b": "p", "j": "ç", "ä": "e"}
    return stem == base or (stem[:-1] + softened.get(stem[-1:], stem[-1:])) == base


def _adjacent(text: str, words: Sequence[tuple[str, int, int]]) -> bool:
    """Nothing but white space between the words of a term: a comma parts them."""
    return all(not text[a[2] : b[1]].strip() for a, b in itertools.pairwise(words))


def _stands_in(sets: list[frozenset[str]], words: list[frozenset[str]]) -> bool:
    n = len(sets)
    return any(all(sets[k] & words[i + k] for k in range(n)) for i in range(len(words) - n + 1))


@lru_cache(maxsize=20_000)
def _form_stems(form: str, language: str) -> tuple[frozenset[str], ...]:
    words = _WORD.findall(_ASIDE.sub("", form))
    if language != "tk":
        return tuple(_stems(word, language) for word in words)
    # A word of a term is met by its own longest stems: `kazyýet` is not met by `kazy`.
    return tuple(_own_stems(word) for word in words)


def _stem_sets(form: str, language: str) -> list[frozenset[str]]:
    return list(_form_stems(form, language))


def _own_stems(word: str) -> frozenset[str]:
    low = word.lower()
    stems = dictionary_stems(low)
    longest = max(stems, key=len, default=low)
    hard = {"g": "k", "d": "t", "b": "p", "j": "ç"}
    kept = {low, longest}
    if low.endswith(("lyk", "lik", "luk", "lük", "çylyk", "çilik")):
        kept = {low}
    return frozenset(kept | {s[:-1] + hard[s[-1]] for s in kept if s[-1:] in hard})


@lru_cache(maxsize=100_000)
def _stems(word: str, language: str) -> frozenset[str]:
    low = unicodedata.normalize("NFC", word).lower()
    if language == "tk":
        return all_stems(low)
    return frozenset({low, _light_stem(low, language)})


_RUSSIAN = re.compile(
    r"(?:иями|ями|ами|иях|иям|ием|ией|ого|его|ому|ему|ыми|ими|ах|ях|ам|ям|ом|ем|ой|ей|ою|ею|ов|ев|ий|ый|"
    r"ая|яя|ое|ее|ые|ие|ых|их|ым|им|ую|юю|ия|ию|ии|ье|ья|ью|а|я|о|е|у|ю|ы|и|ь|й)$"
)


def _light_stem(low: str, language: str) -> str:
    """English and Russian words without their endings, at least three letters; both sides are cut alike."""
    if language == "ru":
        cut = _RUSSIAN.sub("", low)
        return cut if len(cut) >= 3 else low
    if language == "en":
        low = re.sub(r"['’]s?$", "", low)
        for ending, rest in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh")):
            if low.endswith(ending) and len(low) - len(ending) >= 2:
                return low[: -len(ending)] + rest
        if low.endswith("s") and not low.endswith(("ss", "us", "is")) and len(low) > 3:
            return low[:-1]
    return low


def _split(cell: str) -> tuple[str, ...]:
    return tuple(form for part in cell.split(";") if (form := " ".join(part.split())))


def _source_forms(cell: str) -> tuple[str, ...]:
    """Forms of a source cell: `Offender, criminal` is two; what stands in brackets is an aside."""
    parts = re.split(r"[;,]", _ASIDE.sub("", cell))
    return tuple(form for part in parts if (form := " ".join(part.split())))


def read_tsv(text: str) -> Glossary:
    """A glossary from tab-separated text with a line of column names, of `COLUMNS`; `;` parts alternatives.

    Needed are `tk` and one of `en` and `ru`. Raises BadInput GLOSSARY with the line.
    """
    lines = csv.reader(
        io.StringIO(text.removeprefix("\ufeff")), delimiter="\t", quoting=csv.QUOTE_NONE
    )
    names = [name.strip().lower() for name in next(lines, [])]
    if "tk" not in names or not {"en", "ru"} & set(names):
        raise BadInput(
            "GLOSSARY",
            "The first line of a glossary names its columns; there must be tk and en or ru.",
            where="line 1",
            advice=f"The columns are {', '.join(COLUMNS)}.",
        )
    if strange := [name for name in names if name not in {*COLUMNS, "needs_linguist"}]:
        raise BadInput(
            "GLOSSARY",
            f"There is no column {strange[0]!r}.",
            where="line 1",
            advice=f"The columns are {', '.join(COLUMNS)}.",
        )
    terms: list[Term] = []
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        terms.append(_term(dict(zip(names, cells, strict=False)), f"line {number}"))
        if len(terms) > MAX_TERMS:
            raise BadInput(
                "GLOSSARY", f"A glossary holds {MAX_TERMS} terms at most.", where=f"line {number}"
            )
    return Glossary(terms)


def _term(row: dict[str, str], where: str) -> Term:
    term = Term(
        en=_source_forms(row.get("en", "")),
        ru=_source_forms(row.get("ru", "")),
        tk=_split(row.get("tk", "")),
        forbidden=_split(row.get("forbidden", "")),
        confidence=row.get("confidence", "").strip().upper() or "H",
        status=row.get("status", "").strip().lower() or "proposed",
        owner=row.get("owner", "").strip(),
        evidence=row.get("evidence", "").strip(),
        note=row.get("note", "").strip(),
    )
    if not (term.tk or term.forbidden) or not (term.en or term.ru):
        raise BadInput(
            "GLOSSARY", "A term needs a Turkmen form and one in English or Russian.", where=where
        )
    if term.confidence not in CONFIDENCES:
        raise BadInput(
            "GLOSSARY",
            f"The confidence is {term.confidence!r}, not one of {', '.join(CONFIDENCES)}.",
            where=where,
        )
    if term.status not in STATUSES:
        raise BadInput(
            "GLOSSARY",
            f"The status is {term.status!r}, not one of {', '.join(STATUSES)}.",
            where=where,
        )
    if any(len(form) > MAX_FORM for form in (*term.en, *term.ru, *term.tk, *term.forbidden)):
        raise BadInput("GLOSSARY", f"A form is longer than {MAX_FORM} characters.", where=where)
    return term


def write_tsv(glossary: Glossary) -> str:
    """The text that `read_tsv` reads back the same."""

    def cell(value: str) -> str:
        return " ".join(value.split())

    rows = ["\t".join(COLUMNS)]
    for term in glossary.terms:
        values = (
            "; ".join(term.en),
            "; ".join(term.ru),
            "; ".join(term.tk),
            "; ".join(term.forbidden),
            term.confidence,
            term.status,
            term.owner,
            term.evidence,
            term.note,
        )
        rows.append("\t".join(cell(value) for value in values))
    return "\n".join(rows) + "\n"


@cache
def seed() -> Glossary:
    """The 107 terms of the product's field, prosecuting trafficking in persons, each with its confidence."""
    return read_tsv(files("workflow.language").joinpath("data/glossary.tsv").read_text("utf-8"))
