"""Which encoding a file of text is in, judged by its letters.

Byte order mark, then the zero bytes of UTF-16, then strict UTF-8; what is left
is an old 8-bit code page, and each candidate is scored by how well the letter
pairs it gives fit Turkmen (either alphabet), Russian or English. General
detectors find windows-1250 Turkmen in a third of the cases; pairs of letters
find it nearly always (docs: subtitles 2.3).
"""

from __future__ import annotations

import codecs
import itertools
import math
import re
import unicodedata
from collections import Counter
from functools import cache
from typing import NamedTuple, TypeAlias

from workflow.errors import BadInput
from workflow.language.letters import TURKMEN_MARKED, script_of

CODE_PAGES = (
    "cp1250",
    "iso8859-2",
    "cp1254",
    "cp1252",  # before ptcp154: on a tie the earlier one is taken
    "cp852",
    "cp1251",
    "ptcp154",
    "koi8-r",
    "cp866",
)
"""The 8-bit encodings that are tried, likeliest first."""


@cache
def accepted() -> frozenset[str]:
    """What a person may name. Python's other codecs are not for text that came from outside."""
    names = (
        *CODE_PAGES,
        *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"),
        *("iso8859-1", "iso8859-5", "iso8859-9", "iso8859-15", "latin-1", "ascii"),
        *("cp437", "cp850", "cp855", "cp857", "cp1253", "cp1255", "cp1256", "cp1257", "cp1258"),
        *("koi8-u", "kz1048", "mac-roman", "mac-latin2", "mac-cyrillic", "mac-turkish"),
        *("gb18030", "big5", "shift-jis", "euc-jp", "euc-kr"),
    )
    return frozenset(codecs.lookup(name).name for name in names)  # each lookup loads its codec


SURE_NATS = 8.0
"""A reading is sure when its words are e^8 ≈ 3000 times likelier than another reading of the same bytes.

Only the words that differ are compared: windows-1250 and ISO 8859-2 share most of their letters, so
the mean over a long file hardly tells them apart although every ş and ž of it does.
"""

FITTING = -3.5
"""A reading below this mean log chance a letter pair is in none of the four languages, so not sure.

Turkmen, Russian and English in the right page gave -1.2 to -3.1; Polish, Czech, Turkish, Greek, Kazakh
and Persian, in whichever page came out best, -3.6 to -7 from a sentence up (the Declaration).
"""

_MODELS = ("tk-Latn", "tk-Cyrl", "ru", "en")
_SAMPLE_WORDS = 4000
_UNSEEN = math.log(5e-4)  # a pair that the model's text never shows, of letters it knows
_FOREIGN = math.log(1e-6)  # a letter that its alphabet does not have, or a sign inside a word
_QUOTES = frozenset("‘’“”„«»‹›–—…♪\u00a0")
_SIGNS = frozenset("№°§©®€•´`")  # never right before a letter
_WORD = re.compile(r"\S+")


class Reading(NamedTuple):
    encoding: str
    text: str


class Guess(NamedTuple):
    """The text of a file and how it was read.

    sure            False when another reading is as good: show *alternatives* and ask
    alternatives    the other readings worth showing, best first
    doubled         the code page through which UTF-8 had been encoded a second time, undone; else ""
    """

    encoding: str
    text: str
    sure: bool = True
    alternatives: tuple[Reading, ...] = ()
    doubled: str = ""


def decode(data: bytes, encoding: str) -> str:
    """*data* in the encoding that a person named. Raises BadInput ENCODING with the line."""
    try:
        codec = codecs.lookup(encoding).name
    except LookupError:
        codec = ""
    if codec not in accepted():
        raise BadInput(
            "ENCODING",
            f"{encoding!r} is not an encoding that this product reads.",
            advice=f"Use utf-8, utf-16 or one of {', '.join(CODE_PAGES)}.",
        )
    if codec == "utf-8":
        codec = "utf-8-sig"
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise _not_text(data, error.start, f"the bytes are not {encoding}") from None
    return text.removeprefix("\ufeff")


def guess(data: bytes) -> Guess:
    """The encoding and text of *data*. Raises BadInput ENCODING where no encoding makes it text."""
    if by_structure := _by_structure(data):
        return by_structure
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if _is_damaged_utf8(data):
            raise _not_text(
                data, error.start, "the file is UTF-8, but these bytes are not"
            ) from None
        return _by_letters(data)
    return _undoubled(text) or Guess("utf-8", text)


_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _by_structure(data: bytes) -> Guess | None:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            body = data[len(mark) :]
            try:
                return Guess(encoding, body.decode(encoding))
            except UnicodeDecodeError as error:
                raise _not_text(
                    data, error.start + len(mark), f"marked as {encoding}, but is not"
                ) from None
    if 0 not in data:
        return None
    # Spaces, figures and line ends of UTF-16 text have one zero byte, always on the same side.
    even, odd = data[0::2].count(0), data[1::2].count(0)
    share = len(data) / 2 * 0.08
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if len(data) % 2 == 0 and zeros > share and others * 20 < zeros:
            try:
                return Guess(encoding, data.decode(encoding))
            except UnicodeDecodeError as error:
                raise _not_text(data, error.start, f"looks like {encoding}, but is not") from None
    raise _not_text(data, data.index(0), "a zero byte in the text")


_UTF8_CHARACTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_NEVER_UTF8 = re.compile(rb"[\xc0\xc1][\x80-\xbf]|\xed[\xa0-\xbf][\x80-\xbf]")


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether most of what is not ASCII is well-formed UTF-8, or the rest is a known trick
    (overlong forms, surrogates) and nothing else."""
    whole = sum(len(found) for found in _UTF8_CHARACTER.findall(_NEVER_UTF8.sub(b"", data)))
    tricks = sum(len(found) for found in _NEVER_UTF8.findall(data))
    high = len(data) - len(data.translate(None, bytes(range(128, 256))))
    return whole + tricks == high if tricks else whole * 2 > high


def _not_text(data: bytes, offset: int, why: str) -> BadInput:
    head = data[:offset]
    line = head.count(b"\n") + head.replace(b"\r\n", b"\n").count(b"\r") + 1
    found = data[offset : offset + 4].hex(" ")
    return BadInput(
        "ENCODING",
        f"Line {line} cannot be read as text: {why} (bytes {found}).",
        where=f"line {line}",
        advice="Save the file as UTF-8, or name its encoding.",
    )


def _undoubled(text: str) -> Guess | None:
    """UTF-8 that was read in a code page and written as UTF-8 again (``Ã½`` for ``ý``), put right."""
    if text.isascii():
        return None
    for page in ("cp1252", "cp1254", "cp1250", "cp1251"):
        try:
            inner = text.encode(page, "terjime.keep-c1").decode("utf-8")
        except UnicodeError:
            continue
        if _good_letters(inner) > _good_letters(text):
            return Guess("utf-8", inner, doubled=page)
    return None


def _keep_c1(error: UnicodeError) -> tuple[bytes, int]:
    """Encodes C1 controls as their own byte: software that damages text this way keeps them so."""
    if isinstance(error, UnicodeEncodeError):
        part = error.object[error.start : error.end]
        if all("\x80" <= char <= "\x9f" for char in part):
            return part.encode("latin-1"), error.end
    raise error


codecs.register_error("terjime.keep-c1", _keep_c1)


def _good_letters(text: str) -> float:
    """Share of marked Turkmen or Cyrillic letters among all characters that are not ASCII."""
    beyond = [char for char in text if not char.isascii()]
    good = sum(char in TURKMEN_MARKED or script_of(char) == "Cyrl" for char in beyond)
    return good / len(beyond) if beyond else 1.0


def _by_letters(data: bytes) -> Guess:
    readings: list[Reading] = []
    for page in CODE_PAGES:
        try:
            text = data.decode(page)
        except UnicodeDecodeError:
            continue
        if all(text != other.text for other in readings):
            readings.append(Reading(page, text))
    if not readings:
        raise _not_text(data, 0, "no encoding that this product reads fits")
    spans = _judged(readings)
    scores = {reading.encoding: _fit(reading.text, spans) for reading in readings}
    readings.sort(
        key=lambda reading: -scores[reading.encoding]
    )  # a tie keeps the order of CODE_PAGES
    best, *others = readings
    close = tuple(other for other in others if _lead(best, other, spans) < SURE_NATS)
    sure = not close and scores[best.encoding] >= FITTING
    return Guess(best.encoding, best.text, sure, close or tuple(others[:2]))


Span: TypeAlias = tuple[int, int]


def _judged(readings: list[Reading]) -> list[Span]:
    """Where words with a character beyond ASCII stand: the others are the same in every code page.

    One byte is one character in all of them, so a place in one reading is the same place in the next.
    """
    found = (m.span() for m in _WORD.finditer(readings[0].text) if not m[0].isascii())
    return list(itertools.islice(found, _SAMPLE_WORDS))


def _fit(text: str, spans: list[Span]) -> float:
    """Mean log chance of a letter pair, of the model that fits best; always negative."""
    words = Counter(text[start:end] for start, end in spans)
    return max(_total(words, _model(name)) for name in _MODELS) / max(
        1, sum((end - start + 1) for start, end in spans)
    )


def _lead(best: Reading, other: Reading, spans: list[Span]) -> float:
    """Log of how many times likelier *best* is, over the words that the two read differently."""
    mine: Counter[str] = Counter()
    its: Counter[str] = Counter()
    for start, end in spans:
        if best.text[start:end] != other.text[start:end]:
            mine[best.text[start:end]] += 1
            its[other.text[start:end]] += 1
    return max(_total(mine, _model(m)) for m in _MODELS) - max(
        _total(its, _model(m)) for m in _MODELS
    )


def _total(words: Counter[str], model: _Pairs) -> float:
    return sum(model.score(word) * times for word, times in words.items())


class _Pairs:
    """Chances of one letter after another, counted from a text."""

    def __init__(self, text: str) -> None:
        lowered = unicodedata.normalize("NFC", text).lower()
        pairs: Counter[str] = Counter()
        for word in re.findall(r"[^\W\d_]+", lowered):
            padded = f" {word} "
            pairs.update(padded[i : i + 2] for i in range(len(padded) - 1))
        firsts: Counter[str] = Counter()
        for pair, count in pairs.items():
            firsts[pair[0]] += count
        self._letters = frozenset(firsts) - {" "}
        self._log = {pair: math.log(n / firsts[pair[0]]) for pair, n in pairs.items()}

    def score(self, word: str) -> float:
        """Sum of log chances of the letter pairs of *word*."""
        total = 0.0
        before = " "
        for i, char in enumerate(word):
            small = char.lower()
            inside = 0 < i < len(word) - 1
            if small in self._letters:
                total += self._log.get(before + small, _UNSEEN)
                if char != small and word[i - 1 : i].islower():
                    total += _FOREIGN  # aB: the case of KOI8-R read in another page
                before = small
            elif char.isascii() and not char.isalpha() and char.isprintable():
                total += self._log.get(before + " ", _UNSEEN) if before != " " else 0.0
                before = " "
            elif char in _QUOTES or (char in _SIGNS and not word[i + 1 : i + 2].isalpha()):
                total += _UNSEEN / 2 if inside else self._log.get(before + " ", -1.0)
                before = " "
            else:
                total += _FOREIGN * (2 if unicodedata.category(char) in {"Cc", "Co", "Cn"} else 1)
                before = char  # no letter follows it in any model
        if before != " ":
            total += self._log.get(before + " ", _UNSEEN)
        return total


@cache
def _model(name: str) -> _Pairs:
    from importlib.resources import files  # noqa: PLC0415  UTF-8 needs no models

    text = files("workflow.language").joinpath(f"data/declaration.{name}.txt").read_text("utf-8")
    return _Pairs(text)
