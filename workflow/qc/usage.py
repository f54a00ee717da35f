"""Rules X06 to X14: marks, capitals, italics, labels, songs, figures, on-screen text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflow.language.order import MONTHS
from workflow.language.postpositions import UNITS, bound_start
from workflow.qc.pairs import pairs
from workflow.qc.rule import HINT, WARNING, Hit, LineUp, rule
from workflow.sentences import sentence

_DOUBLED = re.compile(r"!!|\?\?")
_SONG = re.compile(r"[♪♫#]")


@rule("X06", "Sentences end with one mark")
def final_marks(track: LineUp) -> Iterator[Hit]:
    for i, text in enumerate(track.texts):
        said = text.strip()
        if not said or is_label(said) or _SONG.search(said) or said.isupper():
            continue
        if _DOUBLED.search(said):
            yield Hit(i, WARNING, "A mark stands twice.")
        elif said[-1].isalnum() and _sentence_ends_at(track, i):
            yield Hit(i, WARNING, "The sentence ends here without a mark.")


def _sentence_ends_at(track: LineUp, index: int) -> bool:
    """Whether what follows begins a new sentence. A name may begin the next cue, so a capital must be
    one of a word that is no name: the same word stands small somewhere in the track."""
    if index + 1 == len(track.texts):
        return True
    first = re.match(r"[^\w]*(\w+)", track.texts[index + 1])
    if not first or not first[1][0].isupper() or first[1].isupper():
        return False
    return first[1].lower() in track.small_words


@rule("X07", "Sentences begin with a capital")
def capital_first(track: LineUp) -> Iterator[Hit]:
    for i, text in enumerate(track.texts):
        if capitalised(track, i, text) != text:
            yield Hit(i, WARNING, "A sentence begins with a small letter.", fix=True)


_ABBREVIATED = re.compile(
    r"(?:\b(?:ş\.m|m\.ü|ý\.b|s|ý|b\.e|b|j|k|t|g|mr|mrs|ms|dr|st|etc|vs|no|т\.д|т\.п|г|ул|стр|им|см|др)|\b\w|\.\w+)\.$",
    re.IGNORECASE,
)
_TAIL = 24  # characters that tell whether a full stop is an abbreviation's
_INNER = re.compile(r"(?<=[.!?])[\"”’»)]*\s+[\"“«(–-]*\s*(?P<letter>[a-zçäžňöşüýа-яё])")


def capitalised(track: LineUp, index: int, text: str) -> str:
    """*text* (markup allowed) with a capital after each final mark, in it and at its start."""
    out = list(text)
    for found in _INNER.finditer(text):
        mark = text[max(0, found.start() - _TAIL) : found.start()]
        if not _ABBREVIATED.search(re.sub(r"</?[ibu]>", "", mark)):
            out[found.start("letter")] = found["letter"].upper()
    if index and _ends_sentence(track.texts[index - 1]):
        start = re.match(r"(?:</?[ibu]>|[\s\"“«(–—-])*(?P<letter>[a-zçäžňöşüýа-яё])", text)
        if start:
            out[start.start("letter")] = start["letter"].upper()
    return "".join(out)


def _ends_sentence(text: str) -> bool:
    said = text.strip()[-_TAIL:]
    return bool(re.search(r"[.!?][\"”’»)]*$", said)) and not (
        said.endswith("...") or _ABBREVIATED.search(said)
    )


_SPLIT_ITALICS = re.compile(r"</([ibu])>(\s*)<\1>")


@rule("X09", "Italics only where they belong, tags joined")
def italics(track: LineUp) -> Iterator[Hit]:
    for i, cue in enumerate(track.cues):
        if not track.profile.italics and "<i>" in cue.text:
            yield Hit(i, HINT, "This kind of film has no italics.")
        elif _SPLIT_ITALICS.search(cue.text):
            yield Hit(i, HINT, "One tag could span both lines.", fix=True)


def joined_tags(text: str) -> str:
    return _SPLIT_ITALICS.sub(r"\2", text)


_LABEL = re.compile(
    r"^(?P<before>\s*(?:[-–—]\s*)?)(?P<open>[\[(])(?P<inside>[^\[\]()]{2,60})(?P<close>[\])])",
    re.MULTILINE,
)


def is_label(text: str) -> bool:
    """Whether a text is nothing but the label of a sound or a speaker."""
    found = _LABEL.match(text.strip())
    return found is not None and found.end() == len(text.strip())


@rule("X10", "Labels of sounds in the profile's form")
def labels(track: LineUp) -> Iterator[Hit]:
    for i, text in enumerate(track.texts):
        if labelled(text, track.profile.label) != text:
            yield Hit(i, WARNING, _LABEL_FORMS[track.profile.label], True)


_LABEL_FORMS = {
    "lower": sentence("A label is written in [small letters] here."),
    "capitals": sentence("A label is written in CAPITALS here."),
    "brackets": sentence("A label is written in [ ] here."),
}


def labelled(text: str, form: str) -> str:
    """*text* with labels in *form*. In round brackets only what fills its line is a label; a word in
    capitals (an abbreviation) is not made small."""

    def right(found: re.Match[str]) -> str:
        inside = found["inside"].strip()
        line_end = text.find("\n", found.end())
        rest = text[found.end() : line_end if line_end >= 0 else len(text)]
        if found["open"] == "(" and (rest.strip() or not any(char.islower() for char in inside)):
            return found[0]
        if not any(char.isalpha() for char in inside):
            return found[0]
        if form == "capitals":
            return found["before"] + inside.upper()
        if form == "lower" and inside[:1].isupper() and not inside[:2].isupper():
            first, *others = inside.split(" ")
            # [Lena laughs]: a capital that more small words follow may be a name; a lone one is not.
            inside = inside if others and first.istitle() else inside.lower()
        return f"{found['before']}[{inside}]"

    return _LABEL.sub(right, text)


@rule("X11", "Songs have their sign at both ends")
def songs(track: LineUp) -> Iterator[Hit]:
    for i, cue in enumerate(track.cues):
        if sung(cue.text, track.profile.song) != cue.text:
            yield Hit(
                i,
                WARNING,
                sentence(
                    "Sung words stand between %(sign)s and %(sign)s.", sign=track.profile.song
                ),
                True,
            )


def sung(text: str, sign: str) -> str:
    """*text* with *sign* and a space at both ends if it has a song's sign at either; a sign alone stays one.

    A # counts as one only where the profile writes it so: elsewhere it is a number sign.
    """
    signs = "♪♫#" if sign == "#" else "♪♫"
    body = text.strip()
    tagless = re.sub(r"</?[ibu]>", "", body).strip()
    if not tagless or (tagless[0] not in signs and tagless[-1] not in signs):
        return text
    if not tagless.strip(signs + " \n"):
        return text if set(tagless) <= {sign} else re.sub(f"[{signs}]", sign, text)
    opened = re.match(r"(?:<[ibu]>)*", body)
    closed = re.search(r"(?:</[ibu]>)*$", body)
    start, end = (opened.end() if opened else 0), (closed.start() if closed else len(body))
    inner = body[start:end].strip(signs + " ")
    return f"{body[:start]}{sign} {inner} {sign}{body[end:]}"


_SMALL_NUMBER = re.compile(
    r"(?<![\w.,:/№$€£+-])(?P<n>\d{1,2})(?![\w.,:/%°-]*\d|[:/%°-]|\s?[%°])(?P<after>\W*[^\W\d_]*)"
)


@rule("X12", "Small numbers are written in words")
def small_numbers(track: LineUp) -> Iterator[Hit]:
    """Not before units, ages, months and articles of a law, nor in dates and times."""
    for i, text in enumerate(track.texts):
        for found in _SMALL_NUMBER.finditer(text):
            following = text[found.start("after") :].lstrip()
            if 1 <= int(found["n"]) <= track.profile.written_numbers and not _takes_figures(
                following
            ):
                yield Hit(
                    i, HINT, sentence("%(number)s is written as a word here.", number=found["n"])
                )
                break


_ENGLISH_UNITS = re.compile(
    r"(?:a\.?m|p\.?m|o'clock|years?|km|kg|percent|degrees|dollars|article)\b", re.IGNORECASE
)
_LAW = frozenset({"madda", "maddasy", "maddasynyň", "bölek", "bölegi"})


def _takes_figures(following: str) -> bool:
    first = re.match(r"[^\W\d_]+", following)
    if not first:
        return False
    bound = bound_start(following, UNITS)
    counts = {"adam", "sany"}  # three people are not three kilometres
    if bound and not counts & set(bound.words):
        return True
    return first[0].lower().startswith(tuple(MONTHS)) or bool(_ENGLISH_UNITS.match(following))


@rule("X13", "No cue begins with a figure")
def figure_first(track: LineUp) -> Iterator[Hit]:
    for i, text in enumerate(track.texts):
        if re.match(r"\s*[\"“«–—-]*\s*\d", text):
            yield Hit(i, HINT, "The cue begins with a figure.")


@rule("X14", "Text on the screen is translated, in capitals", "source")
def forced_narrative(track: LineUp) -> Iterator[Hit]:
    """The source writes what is read on the screen in capitals (at least two words, or one long one)."""
    for pair in pairs(track):
        if not _is_on_screen(pair.source_text):
            continue
        if not pair.targets:
            at = min(pair.place, len(track.cues) - 1)
            yield Hit(
                at,
                WARNING,
                sentence(
                    "The text on the screen, “%(said)s”, has no cue.", said=pair.source_text[:60]
                ),
            )
        elif pair.target_text.strip() and not pair.target_text.isupper():
            yield Hit(pair.targets[0], WARNING, "Text on the screen is written in capitals.")


def _is_on_screen(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return len(letters) >= 6 and text.isupper() and not is_label(text)
