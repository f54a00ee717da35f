"""Rules M02 to M04 and M06 to M09: names, terms, sameness, spelling, and words left in the source's language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import lru_cache

from workflow.language.memory import alike
from workflow.language.scripts import to_latin
from workflow.language.spelling import WORD, turkmen
from workflow.qc.pairs import Pair, pairs
from workflow.qc.rule import ERROR, WARNING, Hit, LineUp, rule
from workflow.qc.usage import is_label
from workflow.sentences import sentence


def _translated(track: LineUp) -> Iterator[Pair]:
    return (p for p in pairs(track) if p.targets and p.sources and p.target_text.strip())


# English words that have a capital inside a sentence and are no names of people or places.
_CAPITAL_WORDS = frozenset(
    "i i'm i'd i'll i've january february march april may june july august september october november december "  # noqa: SIM905
    "monday tuesday wednesday thursday friday saturday sunday mr mrs ms miss dr sir madam god lord mom mum dad "
    "mother father grandma grandpa judge president minister doctor professor captain officer inspector court state "
    "english russian turkmen american british german french chinese japanese turkish arabic european asian "
    "christmas easter internet earth north south east west russia america england britain germany france china "
    "turkey europe asia africa egypt greece india japan hungary austria switzerland sweden norway greek roman "
    "christian muslim jewish islam".split()
)
_INSIDE = re.compile(
    r"(?<=[\w,;'’”\"»)] )[\"“«(]?(?P<name>[A-ZА-ЯЁ][a-zа-яё]+(?:['’-][A-Za-zА-Яа-яё]+)*)"
)


@rule("M02", "The names agree", "source")
def names(track: LineUp) -> Iterator[Hit]:
    """Names are the words with a capital inside a sentence of the source, and the project's table."""
    table = {source.casefold(): target for source, target in track.lore.names.items()}
    for pair in _translated(track):
        flat = " ".join(pair.source_text.split())
        if flat.isupper():
            continue
        target = pair.target_text.casefold()
        skeletons = [_skeleton(word) for word in WORD.findall(pair.target_text)]
        missing: dict[str, None] = {}
        for name in _names_in(flat, track, table):
            form = table.get(name.casefold())
            if form is not None:
                if form.casefold() not in target and not _stands(_skeleton(form), skeletons):
                    missing[f"{name} ({form})"] = None
            elif not _stands(_skeleton(name), skeletons):
                missing[name] = None
        if missing:
            yield Hit(
                pair.targets[0],
                WARNING,
                sentence("Not found here: %(names)s.", names=", ".join(list(missing)[:3])),
            )


def _names_in(text: str, track: LineUp, table: dict[str, str]) -> Iterator[str]:
    terms = track.lore.glossary.find(text, track.lore.source_language)
    for name in table:
        if found := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
            yield found[0]
    for found in _INSIDE.finditer(text):
        name = re.sub(r"['’]s$", "", found["name"])
        in_term = any(use.start <= found.start("name") < use.end for use in terms)
        if not in_term and name.lower() not in _CAPITAL_WORDS and name.casefold() not in table:
            yield name


_SOUNDS = (
    *(
        ("sch", "s"),
        ("sh", "s"),
        ("ch", "c"),
        ("zh", "z"),
        ("kh", "h"),
        ("ph", "f"),
        ("th", "t"),
        ("ck", "k"),
    ),
    *(("qu", "k"), ("x", "ks"), ("w", "v"), ("q", "k"), ("gh", "g"), ("tz", "s"), ("ts", "s")),
)


@lru_cache(maxsize=20_000)
def _skeleton(word: str) -> str:
    """The consonants of a name as both languages write them: George and Jorj differ, Lena and Leýla not."""
    low = to_latin(word).lower().translate(str.maketrans("çşžýňw", "\1sz\2nv"))
    low = "".join(c for c in unicodedata.normalize("NFD", low) if not unicodedata.combining(c))
    for written, sound in _SOUNDS:
        low = low.replace(written, sound)
    low = re.sub(r"c(?=[eiy])", "s", low)
    low = re.sub(r"c(?!$)|c$", "k", low).replace("\1", "k")
    low = re.sub(r"g(?=[ei])|j", "j", low)
    single = re.sub(r"(.)\1+", r"\1", low)
    return ("*" if low[:1] in "aeiou" else "") + re.sub(r"[aeiouyh\2'’-]", "", single)


def _stands(name: str, words: list[str]) -> bool:
    if len(name.strip("*")) < 2:
        return True  # Io, Eve: too little is left to compare
    soft = name[:-1]
    return any(w.startswith(name) or (len(soft) > 3 and w.startswith(soft)) for w in words)


@rule("M03", "Terms of the source have an allowed form", "source", turkmen=True)
def missing_terms(track: LineUp) -> Iterator[Hit]:
    for pair in _translated(track):
        source, target = pair.source_text, pair.target_text
        missing = track.once(("M03", source, target), lambda: _missing_terms(track, source, target))  # noqa: B023
        for severity, message in missing:
            yield Hit(pair.targets[0], severity, message)


def _missing_terms(track: LineUp, source: str, target: str) -> list[tuple[str, str]]:
    """Severity and message of each term of *source* without an allowed form in *target*."""
    glossary = track.lore.glossary
    missing: list[tuple[str, str]] = []
    for use in glossary.find(source, track.lore.source_language):
        if use.term.tk and not glossary.has_allowed_form(use.term, target):
            allowed = " / ".join(f"“{form}”" for form in use.term.tk)
            message = sentence(
                "“%(form)s” is %(allowed)s in Turkmen.", form=use.form, allowed=allowed
            )
            missing.append((ERROR if use.term.is_sure else WARNING, message))
    return missing


@rule("M04", "No forbidden form of a term", turkmen=True)
def forbidden_terms(track: LineUp) -> Iterator[Hit]:
    for i, text in enumerate(track.texts):
        for use in track.lore.glossary.find_forbidden(text):
            right = use.term.tk[0] if use.term.tk else ""
            form = text[use.start : use.end]
            message = (
                sentence("“%(form)s” is not used: write “%(right)s”.", form=form, right=right)
                if right
                else sentence("“%(form)s” is not used.", form=form)
            )
            yield Hit(i, ERROR, message, bool(right))


@rule("M06", "One source, one translation", "source")
def sameness(track: LineUp) -> Iterator[Hit]:
    """Sources of at least two words, and translations that stand for several sources."""
    translated = [p for p in _translated(track) if len(WORD.findall(p.source_text)) > 1]
    for of, to in (("source_text", "target_text"), ("target_text", "source_text")):
        by_text: dict[str, list[Pair]] = defaultdict(list)
        for pair in translated:
            by_text[_bare(getattr(pair, of))].append(pair)
        for group in by_text.values():
            forms = Counter(_bare(getattr(pair, to)) for pair in group)
            if len(forms) < 2:
                continue
            usual = forms.most_common(1)[0][0]
            shown = next(getattr(p, to) for p in group if _bare(getattr(p, to)) == usual)
            for pair in group:
                if _bare(getattr(pair, to)) != usual:
                    said = " ".join(shown.split())[:60]
                    message = (
                        sentence("Translated otherwise at another place: “%(said)s”.", said=said)
                        if to == "target_text"
                        else sentence("Stands at another place for “%(said)s”.", said=said)
                    )
                    yield Hit(pair.targets[0], WARNING, message)


def _bare(text: str) -> str:
    """Without case, figures, dashes and final marks."""
    return re.sub(r"^[\s–—-]+|[\s.!?…,;:]+$", "", alike(text))


@rule("M07", "Words are spelled right", turkmen=True)
def spelling(track: LineUp) -> Iterator[Hit]:
    """Not names (capitals inside a sentence, or never small in the track), abbreviations and source words."""
    speller = track.lore.speller
    source_words = _source_words(track)
    for i, text in enumerate(track.texts):
        wrong: dict[str, None] = {}
        for found in WORD.finditer(text):
            word = found[0]
            if not _is_for_speller(text, found.start(), word, track):
                continue
            if not speller.knows(word) and word.lower() not in source_words:
                wrong[word] = None
        if wrong:
            shown = ", ".join(f"“{word}”" for word in list(wrong)[:5])
            yield Hit(i, WARNING, sentence("Not in the dictionary: %(words)s.", words=shown))


def _is_for_speller(text: str, at: int, word: str, track: LineUp) -> bool:
    if text[at - 1 : at].isdigit() or (text[at - 2 : at - 1].isdigit() and text[at - 1] in "-–"):
        return False  # the ending of a figure
    if (
        len(word) == 1
        or text[at - 1 : at] in {"@", "/", "."}
        or text[at + len(word) :][:1] in {"@", "/"}
    ):
        return False
    if word[0].islower():
        return True
    if word.isupper() and len(word) > 1:
        # An abbreviation, unless the whole cue is in capitals.
        return len(word) > 5 or text.isupper()
    if re.search(r"[A-ZÇÄŽŇÖŞÜÝ]", word[1:]):
        return False  # BMG-niň, UNODC-den
    return _opens_sentence(text, at) and word.lower() in track.small_words


def _opens_sentence(text: str, at: int) -> bool:
    before = text[:at].rstrip(' \n"“«(–—-[♪')
    return not before or before[-1] in ".!?…"


def _source_words(track: LineUp) -> frozenset[str]:
    """Words of the source that have a capital there: names, which stand in the translation as they are."""
    texts = (cue.text for cue in track.source or ())
    return frozenset(w.lower() for text in texts for w in WORD.findall(text) if w[0].isupper())


_ENGLISH = frozenset(
    "the and of is are was were with that this you your they them have has not what which from will would can "  # noqa: SIM905
    "could should been there their when where who why how because about into than then but for".split()
)


@rule("M08", "Nothing is left in the source's language", "source")
def left_over(track: LineUp) -> Iterator[Hit]:
    """Small words of the source that stand in the translation too, and everyday English words."""
    if track.lore.source_language.partition("-")[0] == track.language.partition("-")[0]:
        return
    english = track.lore.source_language.partition("-")[0] == "en"
    for pair in _translated(track):
        theirs = {word for word in WORD.findall(pair.source_text) if word.islower()}
        found: dict[str, None] = {}
        for word in WORD.findall(pair.target_text):
            low = word.lower()
            everyday = english and low in _ENGLISH
            if (everyday or (len(low) > 3 and low in theirs)) and not _is_ours(track, low):
                found[word] = None
        if found and " ".join(pair.target_text.split()) != " ".join(pair.source_text.split()):
            shown = ", ".join(f"“{word}”" for word in list(found)[:3])
            yield Hit(
                pair.targets[0],
                WARNING,
                sentence("Left in the source's language: %(words)s.", words=shown),
            )


def _is_ours(track: LineUp, low: str) -> bool:
    """Words that both languages share (film, internet)."""
    return track.is_turkmen_latin and (track.lore.speller.knows(low) or turkmen().knows(low))


@rule("M09", "The marks agree", "source")
def marks(track: LineUp) -> Iterator[Hit]:
    for pair in _translated(track):
        if is_label(pair.source_text):
            continue
        for mark, message in _MARKS.items():
            if _ends_with(pair.source_text, mark) and not _has(pair.target_text, mark):
                yield Hit(pair.targets[0], WARNING, message)
                break


_MARKS = {
    "?": sentence("The source ends with ? (question), this does not have it."),
    "!": sentence("The source ends with ! (exclamation), this does not have it."),
    "…": sentence("The source ends with … (dots), this does not have it."),
}


def _ends_with(text: str, mark: str) -> bool:
    end = re.search(r"[?!….]*[\"”’»)]*\s*$", text)
    return end is not None and _has(end[0], mark)


def _has(text: str, mark: str) -> bool:
    return mark in text or (mark == "…" and "..." in text)
