"""Numbers in Turkmen words: for dubbing scripts, and to tell whether a number was kept.

ICU spells numbers of `tk` in English, so the words are ours. Ordinals,
decimals and times of day should be heard by a speaker before a recording
(SOURCES.md).
"""

from __future__ import annotations

import re
from decimal import Decimal

from workflow.language.endings import ROUNDED, VOWELS, is_front
from workflow.language.order import MONTHS

ONES = ["nol", "bir", "iki", "üç", "dört", "bäş", "alty", "ýedi", "sekiz", "dokuz"]
TENS = ["", "on", "ýigrimi", "otuz", "kyrk", "elli", "altmyş", "ýetmiş", "segsen", "togsan"]
POWERS = (
    (10**12, "trillion"),
    (10**9, "milliard"),
    (10**6, "million"),
    (1000, "müň"),
    (100, "ýüz"),
)
MOST = 10**15 - 1

_PARTS = {1: "ondan", 2: "ýüzden", 3: "müňden", 4: "on müňden", 5: "ýüz müňden", 6: "milliondan"}
_CURRENCIES = {
    "TMT": "manat",
    "manat": "manat",
    "$": "dollar",
    "USD": "dollar",
    "€": "ýewro",
    "EUR": "ýewro",
    "₽": "rubl",
    "RUB": "rubl",
    "£": "funt",
}


def cardinal(n: int) -> str:
    """``1948``: müň dokuz ýüz kyrk sekiz. Raises ValueError beyond a thousand million million."""
    if abs(n) > MOST:
        raise ValueError(f"too large to say: {n}")
    if n < 0:
        return f"minus {cardinal(-n)}"
    if n < 10:
        return ONES[n]
    words: list[str] = []
    for power, name in POWERS:
        many, n = divmod(n, power)
        if many:
            # One thousand and one hundred are said without "bir".
            words += [name] if many == 1 and power <= 1000 else [cardinal(many), name]
    tens, ones = divmod(n, 10)
    words += [TENS[tens]] * (tens > 0) + [ONES[ones]] * (ones > 0)
    return " ".join(words)


def ordinal(n: int) -> str:
    """``4``: dördünji; only the last word takes the ending."""
    words = cardinal(n).split()
    return " ".join([*words[:-1], _ordinal_word(words[-1])])


def _ordinal_word(word: str) -> str:
    front = is_front(word)
    if word[-1] in VOWELS:
        # iki is ikinji, ýigrimi ýigriminji, alty altynjy.
        return word + ("nji" if front else "njy")
    stem = "dörd" if word == "dört" else word
    # After one rounded syllable the next is rounded too (onunjy, üçünji), further on not (otuzynjy).
    vowels = [char for char in word if char in VOWELS]
    rounded = len(vowels) == 1 and vowels[0] in ROUNDED
    vowel = ("ü" if rounded else "i") if front else ("u" if rounded else "y")
    return stem + vowel + ("nji" if front else "njy")


def written_ordinal(n: int) -> str:
    """``1-nji``, ``6-njy``: the figure with the ending of its last word."""
    return f"{n}-{ordinal(n)[-3:]}"


def decimal_number(value: Decimal) -> str:
    """``2,5``: iki bitin ondan bäş. Raises ValueError with more than six places."""
    sign, digits, exponent = value.as_tuple()
    places = -int(exponent) if int(exponent) < 0 else 0
    if places > max(_PARTS):
        raise ValueError(f"too many places to say: {value}")
    whole = abs(value).to_integral_value(rounding="ROUND_DOWN")
    part = int("".join(map(str, digits[-places:]))) if places else 0
    said = cardinal(int(whole))
    if places:
        said += f" bitin {_PARTS[places]} {cardinal(part)}"
    return f"minus {said}" if sign else said


def spoken_year(year: int) -> str:
    """``2026``: iki müň ýigrimi altynjy ýyl."""
    return f"{ordinal(year)} ýyl"


def spoken_time(hour: int, minute: int) -> str:
    """``14:05``: on dört sagat bäş minut; whole hours without minutes."""
    return f"{cardinal(hour)} sagat" + (f" {cardinal(minute)} minut" if minute else "")


def spoken_date(day: int, month: int, year: int) -> str:
    """``03.11.2026``: iki müň ýigrimi altynjy ýylyň üçünji noýabry."""
    name = MONTHS[month - 1]
    return f"{ordinal(year)} ýylyň {ordinal(day)} {name}{'i' if is_front(name) else 'y'}"


def spoken_money(amount: Decimal, currency: str = "manat") -> str:
    """``1234,50`` manat: müň iki ýüz otuz dört manat elli teňňe."""
    whole = int(amount)
    part = int((abs(amount) - abs(whole)) * 100)
    if currency != "manat" or not part:
        return f"{decimal_number(amount) if part else cardinal(whole)} {currency}"
    return f"{cardinal(whole)} manat {cardinal(part)} teňňe"


_GROUPED = r"\d{1,3}(?:[ \u00a0]\d{3})+(?!\d)|\d+"
_SPOKEN = re.compile(
    rf"(?P<telephone>\+\d[\d \u00a0()-]{{5,18}}\d)"
    rf"|(?P<date>\b\d{{1,2}}\.\d{{1,2}}\.\d{{4}}\b)"
    rf"|(?P<time>\b(?:[01]?\d|2[0-3]):[0-5]\d\b(?!:))(?:-(?P<at>[^\W\d_]+))?"
    rf"|(?P<ordinal>\b(?:{_GROUPED})-nj[iy])"
    rf"|(?P<range>\b\d+[-–]\d+\b)"
    rf"|(?P<sign>[$€₽£])[ \u00a0]?(?P<money>(?:{_GROUPED})(?:,\d+)?)"
    rf"|(?P<minus>(?<![\w-])[-−])?(?P<number>\b(?:{_GROUPED})(?:,\d+)?)(?P<tail>[ \u00a0]?(?:%|TMT\b|USD\b|EUR\b|RUB\b|[$€₽])|-(?P<ending>[^\W\d_]+))?"
)


def spoken(text: str) -> str:
    """*text* with its figures in words, as a voice reads them: dates, times, ordinals, money, percent, decimals.

    An ending after a hyphen goes on the word (25-den: ýigrimi bäşden). Figures that open with a nought, or are
    longer than fifteen, are read one by one, as numbers of telephones are. Thousands are parted by spaces and
    decimals by a comma, as Turkmen writes them; `1.5` is left for a person.
    """
    return _SPOKEN.sub(_said, text)


def _said(found: re.Match[str]) -> str:
    if found["telephone"]:
        return " ".join(ONES[int(char)] for char in found["telephone"] if char.isdigit())
    if found["date"]:
        day, month, year = map(int, found["date"].split("."))
        if 1 <= day <= 31 and 1 <= month <= 12:
            return spoken_date(day, month, year)
        return found[0]
    if found["time"]:
        hour, minute = map(int, found["time"].split(":"))
        return spoken_time(hour, minute) + (found["at"] or "")
    if found["ordinal"]:
        figures = _figures(found["ordinal"].rsplit("-", 1)[0])
        return ordinal(int(figures)) if int(figures) <= MOST else found[0]
    if found["range"]:
        low, high = re.split("[-–]", found["range"])
        return f"{_plain_number(low)}-{_plain_number(high)}"
    figures = _figures(found["money"] or found["number"])
    said = _plain_number(figures)
    if found["sign"] or (found["tail"] and found["tail"].strip() in _CURRENCIES):
        unit = _CURRENCIES[(found["sign"] or found["tail"]).strip()]
        return spoken_money(Decimal(figures.replace(",", ".")), unit)
    if found["minus"]:
        said = f"minus {said}"
    if found["ending"]:
        return _with_ending(said, found["ending"])
    return f"{said} göterim" if found["tail"] else said


def _figures(text: str) -> str:
    return re.sub(r"[ \u00a0]", "", text)


def _plain_number(figures: str) -> str:
    if "," in figures:
        places = figures.partition(",")[2]
        if len(places) <= max(_PARTS) and len(figures) <= 15:
            return decimal_number(Decimal(figures.replace(",", ".")))
    elif len(figures) <= 15 and (figures == "0" or figures[0] != "0"):
        return cardinal(int(figures))
    return " ".join(ONES[int(char)] for char in figures if char.isdigit())


def _with_ending(said: str, ending: str) -> str:
    if said.endswith("dört") and ending[0] in VOWELS:
        said = said[:-1] + "d"
    return said + ending


_VALUES = {word: value for value, word in enumerate(ONES)} | {
    word: value * 10 for value, word in enumerate(TENS) if word
}
_SCALES = {name: power for power, name in POWERS}


def values_in(words: list[str]) -> list[int]:
    """The whole numbers that *words* (lower case) say: ["on", "bäş", "adam", "müň"] is 15 and 1000.

    Endings of nouns and ordinals are known. "Bir" and "ýüz" alone are left out: mostly "a" and "face".
    """
    found: list[int] = []
    total, current, seen = 0, 0, 0
    last = 10**18
    alone = False

    def close() -> None:
        nonlocal total, current, seen, last, alone
        if seen and not (seen == 1 and alone):
            found.append(total + current)
        total, current, seen, last, alone = 0, 0, 0, 10**18, False

    for word in words:
        name = _number_word(word)
        if name is None:
            close()
            continue
        if name in _SCALES:
            power = _SCALES[name]
            if power == 100:
                current = current - current % 10 + (current % 10 or 1) * 100 if current else 100
            else:
                total += (current or 1) * power
                current = 0
            # "Ýüz" alone is mostly a face.
            last, alone = power, name == "ýüz"
        else:
            value = _VALUES[name]
            # "bäş alty" is two numbers, "on alty" is one.
            if seen and (value >= last or (value >= 10 and last < 100)):
                close()
            current += value
            alone = name == "bir"
            last = 1 if value < 10 else 10
        seen += 1
        if word != name:
            close()  # an ending stands at the end of a number
    close()
    return found


def _number_word(word: str) -> str | None:
    if word in _VALUES or word in _SCALES:
        return word
    return _inflected_words().get(word)


def _inflected_words() -> dict[str, str]:
    if not _INFLECTED:
        endings = (
            *(
                "y",
                "i",
                "a",
                "e",
                "ä",
                "da",
                "de",
                "dan",
                "den",
                "yň",
                "iň",
                "uň",
                "üň",
                "nyň",
                "niň",
                "ny",
                "ni",
            ),
            *(
                "sy",
                "si",
                "syny",
                "sini",
                "synyň",
                "siniň",
                "syna",
                "sine",
                "synda",
                "sinde",
                "ini",
                "iniň",
                "ine",
            ),
            *("lap", "läp", "ar", "er"),
        )
        for name in (*_VALUES, *_SCALES):
            stems = {name, "dörd"} if name == "dört" else {name}
            _INFLECTED[_ordinal_word(name)] = name
            if name in _AMBIGUOUS:
                continue
            for stem in stems:
                for ending in endings:
                    _INFLECTED.setdefault(stem + ending, name)
    return _INFLECTED


_INFLECTED: dict[str, str] = {}
_AMBIGUOUS = frozenset({"on", "ýüz"})
"""onuň is "his", ýüze "to the face": with case endings these are hardly ever ten and a hundred."""
