"""Languages as containers write them: three letters of ISO 639-2/T for a tag of BCP 47."""

from __future__ import annotations

_THREE_LETTERS = {
    **{"tk": "tuk", "ru": "rus", "en": "eng", "de": "deu", "fr": "fra", "es": "spa", "ar": "ara"},
    **{"zh": "zho", "fa": "fas", "tr": "tur", "uz": "uzb", "kk": "kaz", "az": "aze", "uk": "ukr"},
    **{"ky": "kir", "tg": "tgk", "it": "ita", "pt": "por", "pl": "pol", "hi": "hin", "ur": "urd"},
}


def three_letters(language: str | None) -> str:
    """ "tk-Latn" → "tuk"; "und" for what has no three letters or is not known."""
    if not language:
        return "und"
    short = language.split("-", maxsplit=1)[0].lower()
    known = len(short) == 3 and short.isascii() and short.isalpha()
    return _THREE_LETTERS.get(short, short if known else "und")
