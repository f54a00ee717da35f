"""How a file of unsure letters is shown: its first cues with letters beyond ASCII, as each encoding reads them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fractions import Fraction
from typing import Any

from workflow.errors import BadInput
from workflow.language import encodings
from workflow.tracks.formats import Imported, read_subtitles
from workflow.tracks.text import plain

CHOICES = (
    *("windows-1250", "windows-1251", "windows-1252", "windows-1254", "windows-1257"),
    *("iso8859-2", "iso8859-5", "iso8859-9", "cp852", "cp866", "koi8-r", "ptcp154", "kz1048"),
    *("utf-8", "utf-16"),
)
"""What a person may choose where none of the previews is right."""

SHOWN_CUES = 5
_MOST_PREVIEWS = 4


@dataclass(frozen=True)
class Preview:
    """The first cues whose letters the encodings read differently, as one of them reads them.

    cues    {number, parts}: *parts* are [text, differs] pairs, in order
    """

    encoding: str
    cues: list[dict[str, Any]]


def is_eight_bit(imported: Imported) -> bool:
    """Whether its letters were judged: nothing in such a file says what they are."""
    name = imported.report.encoding
    return bool(name) and not name.startswith(("utf", "ascii"))


def previews(data: bytes, imported: Imported, frame_rate: Fraction | None) -> list[Preview]:
    """The reading that was taken, then the others, likeliest first; only those that a person can tell apart."""
    names = [imported.report.encoding, *(r.encoding for r in imported.report.alternatives)]
    if len(names) < 2:
        # A sure reading stands beside the one that most programs would have taken.
        names += [name for name in ("cp1252", "cp1251") if name != names[0]][:1]
    read: dict[str, list[str]] = {}
    for name in names:
        if len(read) < _MOST_PREVIEWS:
            texts = _texts(data, name, frame_rate)
            if texts and texts not in read.values():
                read[name] = texts
    shown = _places(list(read.values()))
    return [
        Preview(
            name,
            [
                {
                    "number": i + 1,
                    "parts": _parts(texts[i], [t[i] for t in read.values() if i < len(t)]),
                }
                for i in shown
                if i < len(texts)
            ],
        )
        for name, texts in read.items()
    ]


def _texts(data: bytes, encoding: str, frame_rate: Fraction | None) -> list[str]:
    try:
        read = read_subtitles(
            data,
            encoding=encoding,
            frame_rate=frame_rate or Fraction(25),
            uid=lambda: uuid.uuid4().hex[:16],
        )
    except BadInput:
        return []
    return [plain(cue.text) for cue in read.cues]


def _places(readings: Sequence[Sequence[str]]) -> list[int]:
    """Cues in which the readings differ; where they do not, cues with any letter beyond ASCII."""
    count = min((len(texts) for texts in readings), default=0)
    differing = [i for i in range(count) if len({texts[i] for texts in readings}) > 1]
    foreign = [i for i in range(count) if not readings[0][i].isascii()]
    return (differing or foreign)[:SHOWN_CUES]


def _parts(text: str, readings: Sequence[str]) -> list[list[Any]]:
    """*text* in pieces that are the same in every reading and pieces that are not."""
    differs = [False] * len(text)
    for other in readings:
        matcher = SequenceMatcher(None, text, other, autojunk=False)
        for kind, start, end, _, _ in matcher.get_opcodes():
            if kind != "equal":
                differs[start:end] = [True] * (end - start)
    pieces: list[list[Any]] = []
    for char, marked in zip(text, differs, strict=True):
        if pieces and pieces[-1][1] == marked:
            pieces[-1][0] += char
        else:
            pieces.append([char, marked])
    return pieces


def refuse_unsure(data: bytes, imported: Imported, frame_rate: Fraction | None) -> None:
    """For who cannot be asked on a page. Raises BadInput ENCODING_UNSURE with the previews in details."""
    if imported.report.sure or not is_eight_bit(imported):
        return
    shown = previews(data, imported, frame_rate)
    if len(shown) < 2:
        return
    raise BadInput(
        "ENCODING_UNSURE",
        f"The file could be {' or '.join(p.encoding for p in shown[:3])}: its letters do not say.",
        advice="Look at the previews and send it again with the right encoding.",
        details={
            "candidates": [{"encoding": p.encoding, "cues": p.cues} for p in shown],
            "encodings": [*encodings.CODE_PAGES],
        },
    )
