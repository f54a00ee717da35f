"""The dub script: what is to be said, by whom, when, and whether it can be said in that time."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND, Flicks, clock, from_ms
from workflow.tracks.cues import Cue
from workflow.tracks.text import plain

#: Vowels of Turkmen in Latin and Cyrillic letters, and of the languages it borrows names from; every
#: vowel is a syllable. Ý and й are consonants.
_VOWELS = frozenset("aeiouyäöüáéíóúâêîôûàèèëïåæøаеёиоуыэюяәөүі")
_SYLLABLES_PER_SECOND = 6.0  # a calm reader; house rule
_DIRECTION = re.compile(r"\[[^\]]*\]|\([^)]*\)|♪")
_SENTENCE_END = re.compile(r"[.!?…:;][\"'”’»)\]]*$")
_MERGED_GAP = from_ms(300)
_MERGED_LONGEST: Flicks = 8 * FLICKS_PER_SECOND


@dataclass(frozen=True, slots=True)
class DubLine:
    """One line to be spoken; a subtitle that runs over several cues is one line.

    number     counts from 1 in the script
    cues       uids of the cues that it is made of
    on_screen  the speaker's mouth is seen: the line must begin when it opens
    """

    number: int
    cues: tuple[str, ...]
    speaker: str
    text: str
    start: Flicks
    end: Flicks
    on_screen: bool = False

    @property
    def syllables(self) -> int:
        return syllables(self.text)

    @property
    def room(self) -> int:
        """Syllables that a calm reader says in the time of the line."""
        return int((self.end - self.start) / FLICKS_PER_SECOND * _SYLLABLES_PER_SECOND)


def dub_lines(cues: Iterable[Cue], *, merge: bool = False) -> tuple[DubLine, ...]:
    """Lines to be spoken, from subtitle cues in order.

    merge  a sentence that runs on into the next cue without a pause becomes one line, of at most 8 s

    Directions in brackets are not spoken. Raises BadInput SCRIPT_EMPTY.
    """
    lines: list[DubLine] = []
    for cue in cues:
        text = spoken_text(cue.text)
        last = lines[-1] if lines else None
        if merge and last is not None and _runs_on(last, cue, text):
            lines[-1] = replace(
                last, cues=(*last.cues, cue.uid), text=f"{last.text} {text}", end=cue.end
            )
        else:
            lines.append(DubLine(len(lines) + 1, (cue.uid,), cue.speaker, text, cue.start, cue.end))
    if not any(line.syllables for line in lines):
        raise BadInput(
            "SCRIPT_EMPTY",
            "The script has no line with words to speak.",
            advice="Choose the track whose lines are to be dubbed.",
        )
    return tuple(lines)


def _runs_on(last: DubLine, cue: Cue, text: str) -> bool:
    return (
        bool(last.text and text)
        and last.speaker == cue.speaker
        and not _SENTENCE_END.search(last.text)
        and cue.start - last.end <= _MERGED_GAP
        and cue.end - last.start <= _MERGED_LONGEST
    )


def spoken_text(text: str) -> str:
    """What is said of a cue's text: no markup, no directions, one row."""
    return " ".join(_DIRECTION.sub(" ", plain(text)).replace("\n", " ").split()).lstrip("-–— ")


def syllables(text: str) -> int:
    """Syllables of Turkmen: its vowels. Numerals count as they are written in words."""
    words = numbers_in_words(text).lower()
    return sum(char in _VOWELS for char in words)


_ONES = ("", "bir", "iki", "üç", "dört", "bäş", "alty", "ýedi", "sekiz", "dokuz")
_TENS = ("", "on", "ýigrimi", "otuz", "kyrk", "elli", "altmyş", "ýetmiş", "segsen", "togsan")
_GROUPS = ("", "müň", "million", "milliard")
_NUMBER = re.compile(r"\d{1,3}(?:[ \u00a0]\d{3})+(?!\d)|\d+")


def number_in_words(number: int) -> str:
    """A whole number in Turkmen: 1985 is “müň dokuz ýüz segsen bäş”.

    Raises ValueError beyond 999 999 999 999 and below 0.
    """
    if not 0 <= number < 1000 ** len(_GROUPS):
        raise ValueError(f"no words for {number}")
    if number == 0:
        return "nol"
    words: list[str] = []
    for power in range(len(_GROUPS) - 1, -1, -1):
        group = number // 1000**power % 1000
        if not group:
            continue
        hundreds, rest = divmod(group, 100)
        if hundreds:
            words += [*((_ONES[hundreds],) if hundreds > 1 else ()), "ýüz"]
        words += [_TENS[rest // 10], "" if power == 1 and group == 1 else _ONES[rest % 10]]
        words.append(_GROUPS[power])
    return " ".join(word for word in words if word)


def numbers_in_words(text: str) -> str:
    """*text* with its whole numbers spelled out; longer ones than there are words for stay."""

    def spelled(found: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", found.group())
        return number_in_words(int(digits)) if len(digits) <= 12 else found.group()

    return _NUMBER.sub(spelled, text)


_COLUMNS = (
    "line",
    "in",
    "out",
    "speaker",
    "on_screen",
    "text",
    "syllables",
    "room",
    "status",
    "note",
)


def cue_sheet(lines: Sequence[DubLine], status: Sequence[tuple[str, str]] = ()) -> str:
    """The script as CSV for the studio; *status* gives each line's status and a note.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for place, line in enumerate(lines):
        word, note = status[place] if status else ("", "")
        row = (
            line.number,
            clock(line.start),
            clock(line.end),
            line.speaker,
            "yes" if line.on_screen else "no",
            line.text,
            line.syllables,
            line.room,
            word,
            note,
        )
        writer.writerow([_harmless(value) if isinstance(value, str) else value for value in row])
    return out.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") else text
