"""A track version as bytes, and cues from bytes that nobody vouches for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from workflow.errors import BadInput
from workflow.language.letters import tidy
from workflow.tracks import limits
from workflow.tracks.cues import Cue, TrackVersion, canonical, in_order

FORM = "terjime-track/1"


def to_document(version: TrackVersion) -> bytes:
    """Canonical JSON with everything in it, uids, notes and speakers too; equal versions give equal bytes."""
    return canonical(
        {
            "form": FORM,
            "number": version.number,
            "language": version.language,
            "film_hash": version.film_hash,
            "cues": [cue.to_json() for cue in in_order(version.cues)],
        }
    )


def from_document(document: bytes) -> TrackVersion:
    """The version that `to_document` wrote. Raises BadInput DOCUMENT for anything else."""
    try:
        body = json.loads(document)
        if body["form"] != FORM:
            raise BadInput(
                "DOCUMENT", f"The track document has the form {body['form']!r}, not {FORM!r}."
            )
        return TrackVersion(
            number=body["number"],
            language=body["language"],
            film_hash=body["film_hash"],
            cues=tuple(Cue.from_json(cue) for cue in body["cues"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput("DOCUMENT", "The bytes are not a track document.") from error


def cues_from_request(body: object) -> tuple[Cue, ...]:
    """Cues of a JSON body from a browser or a script, every value checked, in order.

    Text is brought to NFC and loses control characters; nothing else of it changes. Times, limits and
    uids that do not hold are refused. Raises BadInput with where="cue N", N from 1 as the body counts.
    """
    if not isinstance(body, list):
        raise BadInput("CUES", "The cues must be a list.")
    limits.refuse_too_many(len(body))
    cues = [_cue(item, f"cue {number}") for number, item in enumerate(body, start=1)]
    seen: dict[str, int] = {}
    for number, cue in enumerate(cues, start=1):
        if cue.uid in seen:
            raise BadInput(
                "UID_TWICE",
                f"Cues {seen[cue.uid]} and {number} have the same uid.",
                where=f"cue {number}",
            )
        seen[cue.uid] = number
    limits.refuse_crowd(
        [(cue.start, cue.end) for cue in cues],
        [f"cue {number}" for number in range(1, len(cues) + 1)],
    )
    return in_order(cues)


_KEYS = frozenset(
    {"uid", "start", "end", "text", "speaker", "note", "position", "take", "on_screen"}
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def _cue(item: object, where: str) -> Cue:
    if not isinstance(item, Mapping):
        raise _shape(where, "is not an object")
    if unknown := sorted(str(key) for key in item.keys() - _KEYS):
        raise _shape(where, f"has a field that cues do not have: {unknown[0][:40]!r}")
    uid = item.get("uid")
    if not isinstance(uid, str) or not limits.UID.fullmatch(uid):
        raise _shape(where, "has no usable uid (1 to 64 of letters, figures and . _ : -)")
    start, end = _time(item, "start", where), _time(item, "end", where)
    limits.refuse_bad_times(start, end, where=where)
    text = _text(item, "text", where, required=True)
    limits.refuse_long_text(text, where=where)
    position = item.get("position")
    if position is not None and (type(position) is not int or not 1 <= position <= 9):
        raise _shape(where, "has a position that is not a whole number from 1 to 9")
    take = item.get("take", "")
    if not isinstance(take, str) or (take and not limits.SHA256.fullmatch(take)):
        raise _shape(where, "has a take that is not the name of one")
    on_screen = item.get("on_screen", False)
    if not isinstance(on_screen, bool):
        raise _shape(where, "has an on_screen that is neither true nor false")
    return Cue(
        uid=uid,
        start=start,
        end=end,
        text=text,
        speaker=_limited(item, "speaker", where, limits.MAX_SPEAKER_CHARACTERS),
        note=_limited(item, "note", where, limits.MAX_NOTE_CHARACTERS),
        position=position,
        take=take,
        on_screen=on_screen,
    )


def _time(item: Mapping[Any, Any], name: str, where: str) -> int:
    value = item.get(name)
    # bool is an int to isinstance; 1.0 is what a careless script sends.
    if type(value) is not int:
        raise _shape(where, f"has a {name} that is not a whole number of flicks")
    return value


def _text(item: Mapping[Any, Any], name: str, where: str, *, required: bool = False) -> str:
    value = item.get(name, None if required else "")
    if not isinstance(value, str):
        raise _shape(where, f"has a {name} that is not text")
    if len(value) > limits.MAX_NOTE_CHARACTERS:  # before the work of tidying it
        raise BadInput(
            "CUE_TOO_LONG", f"The {name} of {where} has {len(value)} characters.", where=where
        )
    if "\0" in value or _SURROGATE.search(value):
        raise BadInput(
            "ENCODING", f"The {name} of {where} holds a code that is not a character.", where=where
        )
    return tidy(value.replace("\r\n", "\n").replace("\r", "\n"))[0]


def _limited(item: Mapping[Any, Any], name: str, where: str, most: int) -> str:
    value = _text(item, name, where)
    if len(value) > most:
        raise BadInput(
            "CUE_TOO_LONG",
            f"The {name} of {where} has {len(value)} characters; the most is {most}.",
            where=where,
        )
    return value


def _shape(where: str, what: str) -> BadInput:
    return BadInput("CUES", f"{where.capitalize()} {what}.", where=where)
