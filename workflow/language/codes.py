"""Languages as containers write them, ISO 639-2, and as people and projects do, BCP 47."""

from __future__ import annotations

#: ISO 639-2 → ISO 639-1. Where there are two codes the terminological one, which we write, is first.
_SHORT = {
    **{"tuk": "tk", "rus": "ru", "eng": "en", "fas": "fa", "per": "fa", "prs": "fa", "tur": "tr"},
    **{"uzb": "uz", "kaz": "kk", "aze": "az", "tgk": "tg", "kir": "ky", "tat": "tt", "ara": "ar"},
    **{"deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt"},
    **{"pol": "pl", "ukr": "uk", "zho": "zh", "chi": "zh", "jpn": "ja", "kor": "ko", "hin": "hi"},
    **{"nld": "nl", "dut": "nl", "ces": "cs", "cze": "cs", "ron": "ro", "rum": "ro", "heb": "he"},
    **{"hye": "hy", "arm": "hy", "kat": "ka", "geo": "ka", "urd": "ur", "pus": "ps", "mon": "mn"},
}
_LONG = {short: long for long, short in reversed(_SHORT.items())}


def bcp47(tag: str) -> str:
    """The tag that the rest of the product uses: "eng" → "en"; others as they are, in lower case."""
    main, dash, rest = tag.strip().lower().replace("_", "-").partition("-")
    return _SHORT.get(main, main) + dash + rest


def same_language(one: str, other: str) -> bool:
    """Whether two tags mean one language, whatever country or script they add."""
    first, second = (bcp47(tag).split("-")[0] for tag in (one, other))
    return first == second != ""


def three_letters(language: str | None) -> str:
    """ "tk-Latn" → "tuk"; three letters stay; "und" for what has none or is not known."""
    if not language:
        return "und"
    short = language.split("-", maxsplit=1)[0].lower()
    known = len(short) == 3 and short.isascii() and short.isalpha()
    return _LONG.get(short, short if known else "und")
