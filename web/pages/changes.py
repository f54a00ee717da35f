"""What changed between two versions, as a page shows it: old and new side by side, the differing words marked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext
from markupsafe import Markup, escape

KINDS = {
    "text": lazy_gettext("Text"),
    "timing": lazy_gettext("Times"),
    "text+timing": lazy_gettext("Text and times"),
    "position": lazy_gettext("Place on the picture"),
    "sound": lazy_gettext("Sound"),
    "added": lazy_gettext("New"),
    "removed": lazy_gettext("Removed"),
}
_TONES = {"added": "approved", "removed": "failed"}
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


def change_rows(
    changes: Sequence[dict[str, Any]], cues: Sequence[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """CueChange JSON as rows: number in *cues*, both texts with marks, both times."""
    numbers = {cue["uid"]: n for n, cue in enumerate(cues, start=1)}
    return [_row(change, numbers) for change in changes]


def _row(change: dict[str, Any], numbers: dict[str, int]) -> dict[str, Any]:
    old, new = change.get("old"), change.get("new")
    shown = new or old or {"start": 0, "end": 0, "text": ""}
    old_text, new_text = (old or {}).get("text", ""), (new or {}).get("text", "")
    old_marked, new_marked = mark_words(old_text, new_text)
    return {
        "uid": change.get("uid"),
        "what": change["kind"],
        "tone": _TONES.get(change["kind"], "review"),
        "number": change.get("number") or numbers.get(change.get("uid", "")),
        "at": shown["start"],
        "until": shown["end"],
        "old_text": old_text,
        "new_text": new_text,
        "old_marked": old_marked if new else escape(old_text),
        "new_marked": new_marked if old else escape(new_text),
        "moved": bool(old and new and (old["start"], old["end"]) != (new["start"], new["end"])),
        "old_start": old["start"] if old else None,
        "old_end": old["end"] if old else None,
        "new_start": new["start"] if new else None,
        "new_end": new["end"] if new else None,
    }


def mark_words(old: str, new: str) -> tuple[Markup, Markup]:
    """Both texts, escaped, with the words that differ in <del> and <ins>."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    old_parts, new_parts = [], []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        gone, come = "".join(before[a:b]), "".join(after[c:d])
        if kind == "equal":
            old_parts.append(escape(gone))
            new_parts.append(escape(come))
            continue
        if gone:
            old_parts.append(Markup("<del>{}</del>").format(gone))
        if come:
            new_parts.append(Markup("<ins>{}</ins>").format(come))
    return Markup("").join(old_parts), Markup("").join(new_parts)
