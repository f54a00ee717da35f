"""Rules M: what the translation says, beside what the source says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from workflow.qc.pairs import pairs
from workflow.qc.rule import ERROR, WARNING, Hit, LineUp, counted, rule
from workflow.sentences import sentence

_FIGURES = re.compile(r"\d+(?:[ \u00a0.,]\d{3})*(?:[.,]\d+)?")

# Word stems by value, English, Russian and Turkmen. "One" is left out: in all three it is mostly
# no number. A stem counts where a word begins with it and its ending is one of a number's.
_STEMS: dict[int, str] = {
    2: "two|second|twice|дв(?:а|е|ух|ум|ое|оих)|втор|iki",
    3: "three|third|тр(?:и|е|ём)|треть|üç(?!in)",
    4: "four|четыр|четвер|dört",
    5: "five|fifth|пят|bäş",
    6: "six|шест|alty",
    7: "seven|сем(?:ь|и|еро)|седьм|ýedi",
    8: "eight|вос(?:емь|ьми)|sekiz",
    9: "nine|ninth|девят|dokuz",
    10: "ten(?:th)?\\b|десят|on(?:unjy|a|y|dan|da)?\\b",
    11: "eleven|одиннадцат|on bir",
    12: "twelve|twelfth|двенадцат|on iki",
    13: "thirteen|тринадцат|on üç",
    14: "fourteen|четырнадцат|on dört",
    15: "fifteen|пятнадцат|on bäş",
    16: "sixteen|шестнадцат|on alty",
    17: "seventeen|семнадцат|on ýedi",
    18: "eighteen|восемнадцат|on sekiz",
    19: "nineteen|девятнадцат|on dokuz",
    20: "twent|двадцат|ýigrimi",
    30: "thirt(?:y|ie)|тридцат|otuz",
    40: "fort(?:y|ie)|сорок|kyrk",
    50: "fift(?:y|ie)|пятьдесят|пятидесят|elli",
    60: "sixt(?:y|ie)|шестьдесят|шестидесят|altmyş",
    70: "sevent(?:y|ie)|семьдесят|семидесят|ýetmiş",
    80: "eight(?:y|ie)|восемьдесят|восьмидесят|segsen",
    90: "ninet(?:y|ie)|девяност|togsan",
    100: "hundred|сто\\b|сот|ýüz",
    1000: "thousand|тысяч|müň",
    1_000_000: "million|миллион",
}
_WORDS = {value: re.compile(rf"\b(?:{stems})", re.IGNORECASE) for value, stems in _STEMS.items()}


@rule("M01", "The numbers agree", "source")
def numbers(track: LineUp) -> Iterator[Hit]:
    for pair in pairs(track):
        if not pair.targets or not pair.sources:
            continue
        ours, theirs = pair.target_text, pair.source_text
        message = track.once(("M01", theirs, ours), lambda: _numbers_differ(theirs, ours))  # noqa: B023
        if message:
            yield Hit(pair.targets[0], ERROR, message)


def _numbers_differ(source: str, target: str) -> str:
    """What to say of the numbers of both texts; "" where they agree."""
    ours, theirs = _figures(target), _figures(source)
    # A figure may be written out on the other side, but it must be there.
    lost = ", ".join([n for n in theirs - ours if not _is_written_out(n, target)][:3])
    added = ", ".join([n for n in ours - theirs if not _is_written_out(n, source)][:3])
    if lost and added:
        return sentence(
            "%(lost)s of the source is not here; %(added)s is not in the source.",
            lost=lost,
            added=added,
        )
    if lost:
        return sentence("%(lost)s of the source is not here.", lost=lost)
    return sentence("%(added)s is not in the source.", added=added) if added else ""


def _figures(text: str) -> Counter[str]:
    """Numbers written in figures: groups of three joined, a decimal comma made a point."""
    return Counter(_value(found[0]) for found in _FIGURES.finditer(text))


def _value(figures: str) -> str:
    joined = re.sub(r"[ \u00a0.,](?=\d{3}(?!\d))", "", figures)
    return joined.replace(",", ".").lstrip("0") or "0"


def _is_written_out(number: str, text: str) -> bool:
    """Whether *text* has the number in words: its own word, or those of its parts (25: 20 and 5)."""
    if not number.isdigit() or len(number) > 9:
        return False
    value = int(number)
    if value == 1:
        return True  # one, один, bir: too common a word to be counted
    if value in _WORDS and _WORDS[value].search(text):
        return True
    parts = [
        part
        for power, digit in enumerate(reversed(number))
        for part in _parts(int(digit), 10**power)
    ]
    return len(parts) > 1 and all(p == 1 or (p in _WORDS and _WORDS[p].search(text)) for p in parts)


def _parts(digit: int, power: int) -> list[int]:
    if digit == 0:
        return []
    if power in {1, 10}:
        return [digit * power]
    return [digit, power]


@rule("M05", "About as long as the source", "source")
def length_ratio(track: LineUp) -> Iterator[Hit]:
    for pair in pairs(track):
        if not pair.targets or not pair.target_text.strip():
            continue
        source, target = counted(pair.source_text), counted(pair.target_text)
        if source > 20 and not 0.6 <= target / source <= 1.8:
            yield Hit(
                pair.targets[0],
                WARNING,
                sentence(
                    "%(times)s times as long as the source; 0.6 to 1.8 is usual.",
                    times=f"{target / source:.2f}",
                ),
            )
