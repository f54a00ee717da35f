"""How values read on a page: states, times, sizes, names of languages. All of it goes through the catalogue.

`install` gives templates these as filters and globals. Words that come from
the core in plain English (a station's word, what a job is doing) are looked up
in the catalogue under themselves; `core_words` lists those that are known.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone
from babel.numbers import format_decimal, format_percent
from flask import request
from flask_babel import get_locale, gettext, lazy_gettext, ngettext
from markupsafe import Markup, escape

from web.pages.remark_words import grouped
from web.pages.sentences import told
from workflow import timebase
from workflow.language.codes import bcp47
from workflow.timebase import FLICKS_PER_SECOND, FrameGrid

STATIONS = {
    "upload": lazy_gettext("Upload"),
    "align": lazy_gettext("Align"),
    "edit": lazy_gettext("Edit"),
    "review": lazy_gettext("Review"),
    "render": lazy_gettext("Render"),
    "deliver": lazy_gettext("Deliver"),
}
ROLES = {
    "translator": lazy_gettext("Translator"),
    "reviewer": lazy_gettext("Reviewer"),
    "producer": lazy_gettext("Producer"),
}
KINDS = {
    "subtitle": lazy_gettext("Subtitles"),
    "reference": lazy_gettext("Reference subtitles"),
    "dub": lazy_gettext("Dub"),
}
JOBS = {
    "ingest": lazy_gettext("Preparing the film"),
    "sound": lazy_gettext("Taking over another sound"),
    "align": lazy_gettext("Aligning"),
    "recut": lazy_gettext("Laying on a new cut"),
    "locate": lazy_gettext("Finding lines in a recording"),
    "stems": lazy_gettext("Making the stems"),
    "build": lazy_gettext("Review build"),
    "render": lazy_gettext("Final render"),
    "package": lazy_gettext("Package"),
}
FORMS = {
    "burned": lazy_gettext("Subtitles burned into the picture (MP4)"),
    "soft-mp4": lazy_gettext("Subtitles that can be switched off (MP4)"),
    "soft-mkv": lazy_gettext("Subtitles that can be switched off (MKV)"),
}

DUB_FORMS = {
    "soft-mp4": lazy_gettext("The picture as it is, dub and original as sounds (MP4)"),
    "soft-mkv": lazy_gettext("The picture as it is, dub and original as sounds (MKV)"),
    "burned": lazy_gettext("The picture made anew in another size (MP4)"),
}

PURPOSES = {
    "film": lazy_gettext("The film as it is"),
    "web": lazy_gettext("Web"),
    "projector": lazy_gettext("Projector"),
    "phone": lazy_gettext("Phone"),
    "broadcast": lazy_gettext("Broadcast"),
}
CODEC_NAMES = {
    "h264": lazy_gettext("H.264, plays everywhere"),
    "hevc": lazy_gettext("HEVC, smaller, not in every browser"),
    "av1": lazy_gettext("AV1, smallest, for new devices"),
}
FILE_KINDS = {
    "film": lazy_gettext("A film that was uploaded"),
    "version": lazy_gettext("A version of the subtitles or the dub"),
    "build": lazy_gettext("Review build"),
    "render": lazy_gettext("Final film"),
    "package": lazy_gettext("Package, or a file of one"),
}

# state → word, icon, tone (the CSS class tone-…; empty is the grey of drafts)
_STATES: dict[str, tuple[Any, str, str]] = {
    # assignments
    "open": (lazy_gettext("Not assigned yet"), "todo", ""),
    "assigned": (lazy_gettext("Assigned"), "person", ""),
    "in_progress": (lazy_gettext("In progress"), "edit", ""),
    "in_review": (lazy_gettext("In review"), "review", "review"),
    "changes_requested": (lazy_gettext("Changes requested"), "attention", "changes"),
    "approved": (lazy_gettext("Approved"), "done", "approved"),
    "rendering": (lazy_gettext("Rendering"), "render", "review"),
    "delivered": (lazy_gettext("Delivered"), "deliver", "approved"),
    "on_hold": (lazy_gettext("On hold"), "pause", ""),
    "cancelled": (lazy_gettext("Cancelled"), "cancelled", ""),
    # versions
    "draft": (lazy_gettext("Draft"), "edit", ""),
    "submitted": (lazy_gettext("Submitted"), "send", "review"),
    "stale": (lazy_gettext("Stale"), "stale", "stale"),
    "revoked": (lazy_gettext("Revoked"), "cancelled", "failed"),
    "withdrawn": (lazy_gettext("Withdrawn"), "undo", ""),
    "superseded": (lazy_gettext("Superseded"), "history", ""),
    # jobs and films
    "queued": (lazy_gettext("Waiting"), "queued", ""),
    "running": (lazy_gettext("Running"), "running", "review"),
    "done": (lazy_gettext("Done"), "done", "approved"),
    "failed": (lazy_gettext("Failed"), "failed", "failed"),
    "ingesting": (lazy_gettext("Being prepared"), "running", "review"),
    "ready": (lazy_gettext("Ready"), "done", "approved"),
    # proposals
    "undecided": (lazy_gettext("To decide on"), "attention", "changes"),
    "accepted": (lazy_gettext("Accepted"), "done", "approved"),
    "rejected": (lazy_gettext("Rejected"), "cancelled", ""),
}

# next step of a track → what its button says
STEPS = {
    "upload": lazy_gettext("Upload subtitles"),
    "align": lazy_gettext("Align"),
    "decide": lazy_gettext("Look at the new times"),
    "edit": lazy_gettext("Edit"),
    "submit": lazy_gettext("Submit"),
    "build": lazy_gettext("Prepare the review build"),
    "verdict": lazy_gettext("Review"),
    "render": lazy_gettext("Render"),
    "download": lazy_gettext("Download"),
    "wait": lazy_gettext("Open"),
    "none": lazy_gettext("Open"),
}
# what alignment says of a cue (workflow/align/values.py)
MARKS = {
    "snapped": lazy_gettext("on a boundary of the other track"),
    "moved_by_neighbours": lazy_gettext("fitted between its neighbours"),
    "no_counterpart": lazy_gettext("nothing like it there"),
}
STEP_ICONS = {
    "upload": "upload",
    "align": "align",
    "decide": "moved",
    "edit": "edit",
    "submit": "send",
    "build": "render",
    "verdict": "review",
    "render": "render",
    "download": "download",
}
STATION_ICONS = {
    "todo": "todo",
    "next": "next",
    "running": "running",
    "done": "done",
    "attention": "attention",
    "stale": "stale",
    "failed": "failed",
}


_VERSION = re.compile(r"Version (\d+)")


def state_word(state: str) -> str:
    return str(_STATES[state][0]) if state in _STATES else state.replace("_", " ")


def state_icon(state: str) -> str:
    return _STATES[state][1] if state in _STATES else "info"


def state_tone(state: str) -> str:
    return _STATES[state][2] if state in _STATES else ""


def said(word: str) -> str:
    """A word of the core in the person's language, as it is where the catalogue lacks it."""
    if version := _VERSION.fullmatch(word):
        return str(gettext("Version %(n)s", n=version[1]))
    return str(gettext(word)) if word else ""


def language_name(tag: str) -> str:
    """ "tk" or "tuk" → "Turkmen" in the language of the page; the tag itself where nobody knows it."""
    try:
        name = Locale.parse(bcp47(tag), sep="-").get_display_name(get_locale())
    except (UnknownLocaleError, ValueError):
        name = None
    return name[:1].upper() + name[1:] if name else tag


def _zone() -> Any:
    """The browser's own time zone, which the page's script keeps in a cookie; UTC until it has."""
    try:
        return get_timezone(request.cookies.get("tz", "UTC"))
    except LookupError:
        return UTC


def when(ms: int | None) -> Markup:
    """An instant as a <time>, in the person's zone and language."""
    if ms is None:
        return Markup("")
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    here, language = moment.astimezone(_zone()), get_locale()
    text = f"{format_date(here, 'medium', language)}, {format_time(here, 'short', locale=language)}"
    return Markup('<time datetime="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), text.replace("\u202f", "\u00a0")
    )


def clock(time: int | None) -> str:
    """``0:12:34`` of a film's length or place."""
    if time is None:
        return ""
    seconds = time // FLICKS_PER_SECOND
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def timecode(time: int | None, rate: list[int] | None = None) -> Markup:
    """``00:12:34:05`` with the seconds to read on hover; milliseconds where the rate is not known."""
    if time is None:
        return Markup("")
    text = FrameGrid(Fraction(*rate)).timecode(time) if rate else timebase.clock(time)
    if time < 0 and rate:
        text = "-" + FrameGrid(Fraction(*rate)).timecode(-time)
    seconds = format_decimal(round(time / FLICKS_PER_SECOND, 3), locale=get_locale())
    return Markup('<span class="figures nowrap" title="{} s">{}</span>').format(seconds, text)


def span(seconds: int | None) -> str:
    """A length of time in words: "3 min 20 s"."""
    if seconds is None:
        return ""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    if hours:
        return str(gettext("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes))
    if minutes:
        return str(gettext("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest))
    return str(gettext("%(seconds)s s", seconds=rest))


def offset(time: int) -> str:
    """A shift: "+3.250 s", "−0.080 s"."""
    value = time / FLICKS_PER_SECOND
    text = format_decimal(abs(value), "0.000", locale=get_locale())
    return f"{'−' if value < 0 else '+'}{text} s"


def size(count: int | None) -> str:
    if count is None:
        return ""
    value = float(count)
    unit = "B"
    for unit in ("B", "KB", "MB"):  # noqa: B007  read below
        if value < 1000:
            break
        value /= 1000
    else:
        unit = "GB"
    return f"{format_decimal(value, '0' if unit == 'B' else '0.#', locale=get_locale())} {unit}"


def share(permille: int | None) -> str:
    return format_percent((permille or 0) / 1000, locale=get_locale())


def confidence(value: float) -> str:
    return format_percent(value, locale=get_locale())


def frame_rate(rate: list[int] | None) -> str:
    if not rate:
        return ""
    value = format_decimal(round(rate[0] / rate[1], 3), locale=get_locale())
    return str(gettext("%(rate)s frames a second", rate=value))


def cues(count: int) -> str:
    return str(ngettext("%(num)s cue", "%(num)s cues", count))


def lines_said(count: int) -> str:
    """Of a dub: what is spoken."""
    return str(ngettext("%(num)s line", "%(num)s lines", count))


def short_hash(value: str | None) -> str:
    return (value or "")[:8]


def marked_up(text: str) -> Markup:
    """A cue's text with its italic, bold and underlined parts; any other < is literal text."""
    html = str(escape(text))
    for tag in ("i", "b", "u"):
        if html.count(f"&lt;{tag}&gt;") == html.count(f"&lt;/{tag}&gt;"):
            html = html.replace(f"&lt;{tag}&gt;", f"<{tag}>").replace(
                f"&lt;/{tag}&gt;", f"</{tag}>"
            )
    return Markup(html)  # noqa: S704  escaped above; only the three tags come back


def filters() -> dict[str, Any]:
    return {
        "state_word": state_word,
        "state_icon": state_icon,
        "state_tone": state_tone,
        "said": said,
        "language_name": language_name,
        "when": when,
        "clock": clock,
        "timecode": timecode,
        "span": span,
        "offset": offset,
        "size": size,
        "share": share,
        "confidence": confidence,
        "frame_rate": frame_rate,
        "cues": cues,
        "lines_said": lines_said,
        "short_hash": short_hash,
        "marked_up": marked_up,
        "grouped": grouped,
        "told": told,
    }


def tables() -> dict[str, Any]:
    return {
        "STATIONS": STATIONS,
        "ROLES": ROLES,
        "KINDS": KINDS,
        "JOBS": JOBS,
        "FORMS": FORMS,
        "DUB_FORMS": DUB_FORMS,
        "PURPOSES": PURPOSES,
        "CODEC_NAMES": CODEC_NAMES,
        "FILE_KINDS": FILE_KINDS,
        "STEPS": STEPS,
        "MARKS": MARKS,
        "STEP_ICONS": STEP_ICONS,
        "STATION_ICONS": STATION_ICONS,
    }
