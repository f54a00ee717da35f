"""What reading or writing a file mended, left out or changed, in a person's words: by code, then by place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext

from web.pages.sentences import told

REMARKS = {
    # letters
    "NFC": lazy_gettext("Letters that came in two parts were put together"),
    "COMMA_BELOW": lazy_gettext("ș with a comma became ş"),
    "HYPHEN": lazy_gettext("Unusual hyphens became the usual one"),
    "SOFT_HYPHEN": lazy_gettext("Invisible signs were taken out"),
    "BIDI": lazy_gettext("Signs that turn the direction of writing were taken out"),
    "CONTROL": lazy_gettext("Control signs were taken out"),
    "MARKS": lazy_gettext("Too many marks on one letter were taken out"),
    "DOUBLE_ENCODING": lazy_gettext(
        "Letters that had been saved in a wrong encoding were restored"
    ),
    "LETTERS": lazy_gettext("Signs that the format does not have are written otherwise"),
    # lines and spaces
    "LINE_ENDS": lazy_gettext("Line ends were made alike"),
    "LINE_SEPARATOR": lazy_gettext("Unusual line ends became line breaks"),
    "TAB": lazy_gettext("Tabs became spaces"),
    "SPACES": lazy_gettext("Spaces at the ends of lines are left out"),
    "BLANK_LINE": lazy_gettext("Blank lines inside cues are left out"),
    "BLANK_LINE_IN_CUE": lazy_gettext("Blank lines inside cues were closed up; no text is lost"),
    "MISSING_BLANK_LINE": lazy_gettext("Blank lines between cues were missing"),
    "BLANK_AFTER_NUMBER": lazy_gettext("Blank lines after the number were closed up"),
    # numbers, order and times
    "MISSING_NUMBER": lazy_gettext("Cues had no number"),
    "NUMBER_OUT_OF_ORDER": lazy_gettext("The numbers were not in order"),
    "SORTED": lazy_gettext("Cues were put in the order of their times"),
    "ARROW": lazy_gettext("The arrow between the times was written otherwise"),
    "DECIMAL_MARK": lazy_gettext("Times used another decimal mark"),
    "DECIMALS": lazy_gettext("Times had fewer or more decimals"),
    "TIME_FORM": lazy_gettext("Times were written in an unusual way"),
    "HOURS_MISSING": lazy_gettext("Times had no hours"),
    "LONG_TIME": lazy_gettext("Times were beyond a day"),
    "COARSE_TIMES": lazy_gettext("The file's times are coarse: align this track"),
    "NO_TIMES": lazy_gettext(
        "The file has no times: provisional ones were given, align this track"
    ),
    "NO_END_TIMES": lazy_gettext("The file has no end times: provisional ones were given"),
    "TIMES_ROUNDED": lazy_gettext("Times are rounded to what the format can say"),
    "FRAME_RATE": lazy_gettext("About the frame rate"),
    "PROGRAMME_START": lazy_gettext("Times count from the start of the programme"),
    "OVERLAP": lazy_gettext("Cues overlap: players may not show both"),
    "NEVER_SHOWN": lazy_gettext("Cues that were never shown are left out"),
    # looks
    "STYLING": lazy_gettext("Italic, bold and underline are left out"),
    "STYLING_PART": lazy_gettext("A part of the styling is left out"),
    "POSITION": lazy_gettext("The place on the picture is left out"),
    "TAGS_BALANCED": lazy_gettext("Tags were closed or taken out"),
    "TAG_DROPPED": lazy_gettext("Tags that cues cannot hold are left out"),
    "TAG_AS_TEXT": lazy_gettext("What looked like a tag is kept as text"),
    "OVERRIDE_DROPPED": lazy_gettext("Effects are left out"),
    "DRAWING_DROPPED": lazy_gettext("Drawings are left out"),
    "EFFECT_DROPPED": lazy_gettext("Effects are left out"),
    "STYLE_DROPPED": lazy_gettext("Styles are left out"),
    "STYLES_DROPPED": lazy_gettext("Styles are left out"),
    "COLOURS_DROPPED": lazy_gettext("Colours are left out"),
    "FONTS_DROPPED": lazy_gettext("Fonts are left out"),
    "GRAPHICS_DROPPED": lazy_gettext("Pictures are left out"),
    "COORDINATES_DROPPED": lazy_gettext("Exact places on the picture are left out"),
    "SETTINGS": lazy_gettext("Settings of cues are left out"),
    "TELETEXT_WIDTH": lazy_gettext("Lines are longer than teletext shows"),
    "BRACES": lazy_gettext("Braces are written otherwise"),
    "BRACKETS": lazy_gettext("Brackets are written otherwise"),
    "REGION_DROPPED": lazy_gettext("Regions are left out"),
    "LOOKS_LIKE_MARKUP": lazy_gettext("What players may take for markup"),
    "RUBY": lazy_gettext("Text above the line is kept in brackets"),
    "ANIMATED": lazy_gettext("Changes inside a cue are left out"),
    "CUMULATIVE": lazy_gettext("Cues that add to one another were made whole"),
    "TIMED_SPANS": lazy_gettext("Parts with their own times became cues"),
    "NESTED_TIMES": lazy_gettext("Times inside times were worked out"),
    "HIDDEN_TEXT": lazy_gettext("Hidden text is left out"),
    # what stands beside the text
    "SPEAKER": lazy_gettext("Speakers' names are left out"),
    "SPEAKER_CUT": lazy_gettext("A speaker's name was too long and was cut"),
    "SPEAKER_SIGNS": lazy_gettext("Signs in speakers' names are written otherwise"),
    "NOTE": lazy_gettext("Notes are left out"),
    "NOTES_LEFT": lazy_gettext("Notes are left out"),
    "NOTE_CUT": lazy_gettext("A note was too long and was cut"),
    "NOTE_DROPPED": lazy_gettext("Comments are left out"),
    "COMMENT_DROPPED": lazy_gettext("Comments are left out"),
    "HEADER_DROPPED": lazy_gettext("The file's head is left out"),
    "HEADER_MISSING": lazy_gettext("The file's head was missing"),
    "TITLE": lazy_gettext("The title is written in plain letters"),
    "COLUMN": lazy_gettext("About the columns"),
    "COLUMN_LEFT": lazy_gettext("Columns are left out"),
    "SHEET_LEFT": lazy_gettext("Sheets are left out"),
    "ROW_LEFT": lazy_gettext("Rows without text are left out"),
    "TEXT_BESIDE_TABLE": lazy_gettext("Text beside the table is left out"),
    "TEXT_BEFORE_FIRST_CUE": lazy_gettext("Text before the first cue is left out"),
    "TEXT_WITHOUT_TIME": lazy_gettext("Text without a time was joined or left out"),
    "SOURCE_EDITED": lazy_gettext(
        "The original was edited in the file; only the translation is read"
    ),
    "OTHER_LANGUAGE": lazy_gettext("The text is in another language"),
    "PARAGRAPH_SPLIT": lazy_gettext("Long paragraphs became several cues"),
    "LOOKS_LIKE_TIMES": lazy_gettext("Lines that look like times are written otherwise"),
    "EMPTY_EVENT": lazy_gettext("Events without words are left out"),
    "CODE_DROPPED": lazy_gettext("Codes that are not understood are left out"),
    "CODE_TABLE": lazy_gettext("About the table of letters"),
    "BLOCK_COUNT": lazy_gettext("Blocks of the file were counted otherwise"),
    "TRUNCATED": lazy_gettext("The file ends in the middle"),
    "CUE_ID": lazy_gettext("Names of cues are left out"),
    "USER_DATA_DROPPED": lazy_gettext("Extra data of the file is left out"),
}
_WHERE = re.compile(r"(line|cue|row) (\d+)")


def grouped(remarks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Remarks {code, message, template, values, where, cue} as {title, code, count, places: [{where, message}]}."""
    groups: dict[str, dict[str, Any]] = {}
    for remark in remarks:
        code = remark.get("code", "")
        group = groups.setdefault(
            code,
            {
                "code": code,
                "title": str(REMARKS[code]) if code in REMARKS else told(remark),
                "count": 0,
                "places": [],
            },
        )
        group["count"] += 1
        group["places"].append(
            {
                "where": where(remark.get("where", ""), remark.get("cue", 0)),
                "message": told(remark),
            }
        )
    return list(groups.values())


def where(place: str, cue: int = 0) -> str:
    """ "line 12", "line 12, cue 3" in the person's language."""
    if cue:
        return f"{where(place)}, {where(f'cue {cue}')}"
    found = _WHERE.fullmatch(place)
    if not found:
        return place
    if found[1] == "cue":
        return str(gettext("cue %(n)s", n=found[2]))
    return str(gettext("line %(n)s", n=found[2]))
