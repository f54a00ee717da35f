"""Names that users give their files: shown and offered, never used as a path."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

MOST_BYTES = 180  # of UTF-8, so that " (2)", a language and a suffix still fit into 255

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])")
_UNSAFE = re.compile(r'[<>:"|?*]')  # Windows refuses them
_INVISIBLE = {
    "Cc",
    "Cf",
    "Cs",
    "Co",
    "Cn",
    "Zl",
    "Zp",
}  # controls, bidi marks, zero widths, lone surrogates


def display_name(raw: str) -> str:
    """*raw* as a plain file name: NFC, at most 180 bytes of UTF-8, safe on every system, never empty.

    Folders before it, control, bidi and zero-width characters are dropped; a suffix survives shortening.
    """
    text = unicodedata.normalize("NFC", raw)
    text = "".join(" " if c in "\t\r\n" else c for c in text)
    text = "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE)
    text = re.split(r"[/\\]", text.rstrip("/\\ "))[-1]
    text = _UNSAFE.sub("_", re.sub(r"\s+", " ", text)).strip(" ").rstrip(". ")
    stem, dot, suffix = text.rpartition(".")
    if not dot or len(suffix.encode()) > 16:
        stem, dot, suffix = text, "", ""
    stem = _shortened(stem, MOST_BYTES - len((dot + suffix).encode()) - 1).rstrip(". ")
    if _RESERVED.fullmatch(stem.split(".")[0].strip()):
        stem = f"_{stem}"
    return f"{stem or 'film'}{dot}{suffix}"


def attachment_header(name: str) -> str:
    """Value of Content-Disposition that offers *name* for download (RFC 6266, RFC 8187)."""
    clean = display_name(name)
    plain = unicodedata.normalize("NFKD", clean).encode("ascii", "ignore").decode()
    plain = re.sub(r'[%"\\;]', "_", plain).strip() or "film"
    if plain.startswith("."):
        plain = f"film{plain}"
    encoded = quote(clean, safe="!#$&+-.^_`|~")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def _shortened(text: str, most: int) -> str:
    """As many whole characters of *text* as fit into *most* bytes of UTF-8."""
    return text.encode()[:most].decode(errors="ignore")
