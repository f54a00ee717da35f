"""What the rules find and what reading or writing a file mended, said in the person's language.

The core gives each message with its English template and the values in it (workflow/sentences.py). The
templates stand here so that the catalogues hold them; a test holds them to those of the core.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from babel.numbers import get_decimal_symbol
from flask_babel import get_locale, gettext

N_ = str  # marks a text for the catalogues, and leaves it as it is

#: Of the quality rules (workflow/qc).
FINDINGS = (
    N_("Two speakers stand in one line."),
    N_("The source has two speakers here; each line needs its dash."),
    N_("Only one of the two lines has a dash."),
    N_("The dash is written otherwise than in the rest of the track."),
    N_("A speaker's line begins “%(dash)sSöz” here."),
    N_("Line %(line)s begins with '%(word)s', torn from “%(above)s”."),
    N_("The cue begins with '%(word)s', torn from “%(above)s”."),
    N_("The text fits in one line."),
    N_("The upper line is longer where it could be the shorter."),
    N_("Breaks better after “%(word)s”."),
    N_("A line has %(longest)s characters; the most is %(most)s."),
    N_("%(lines)s lines; the most is %(most)s."),
    N_("A line of %(short)s characters beside one of %(long)s."),
    N_("%(lost)s of the source is not here; %(added)s is not in the source."),
    N_("%(lost)s of the source is not here."),
    N_("%(added)s is not in the source."),
    N_("%(times)s times as long as the source; 0.6 to 1.8 is usual."),
    N_("“%(form)s” is not used: write “%(right)s”."),
    N_("“%(form)s” is not used."),
    N_("Not found here: %(names)s."),
    N_("Not in the dictionary: %(words)s."),
    N_("Left in the source's language: %(words)s."),
    N_("“%(form)s” is %(allowed)s in Turkmen."),
    N_("Translated otherwise at another place: “%(said)s”."),
    N_("Stands at another place for “%(said)s”."),
    N_("The source ends with ? (question), this does not have it."),
    N_("The source ends with ! (exclamation), this does not have it."),
    N_("The source ends with … (dots), this does not have it."),
    N_("%(cps)s characters a second; %(soft)s is comfortable, %(hard)s the most."),
    N_("Goes %(frames)s frames before a cut: go %(due)s before it."),
    N_("Goes %(frames)s frames after a cut: go %(due)s before it."),
    N_("Stands across a cut, %(frames)s frames into the next shot."),
    N_("Stands %(length)s s; the least is %(least)s s."),
    N_("Stands %(length)s s; the most is %(most)s s."),
    N_("%(frames)s frames before the next cue; the least is %(least)s."),
    N_("%(frames)s frames before the next cue: close to %(close)s."),
    N_("Still stands when the next cue comes, %(seconds)s s."),
    N_("Stands %(frames)s frames after the speech; the most is %(most)s."),
    N_("Comes %(frames)s frames before the speech; up to %(early)s and %(late)s are good."),
    N_("Comes %(frames)s frames after the speech; up to %(early)s and %(late)s are good."),
    N_("Comes %(frames)s frames before a cut: move it to the cut."),
    N_("Comes %(frames)s frames before a cut: come %(half)s before it, or with it."),
    N_("Comes %(frames)s frames after a cut: move it to the cut."),
    N_("Ends at %(end)s, not after its start %(start)s."),
    N_("Starts before the cue that stands before it."),
    N_("Starts %(seconds)s s before the film."),
    N_("Ends %(seconds)s s after the film."),
    N_("A time lies %(ms)s ms from the nearest frame."),
    N_("%(wpm)s words a minute; %(most)s is usual."),
    N_("A mark stands twice."),
    N_("A sentence begins with a small letter."),
    N_("This kind of film has no italics."),
    N_("The cue begins with a figure."),
    N_("The sentence ends here without a mark."),
    N_("One tag could span both lines."),
    N_("A label is written in [small letters] here."),
    N_("A label is written in CAPITALS here."),
    N_("A label is written in [ ] here."),
    N_("Sung words stand between %(sign)s and %(sign)s."),
    N_("The text on the screen, “%(said)s”, has no cue."),
    N_("Text on the screen is written in capitals."),
    N_("%(number)s is written as a word here."),
    N_("The cue has no text."),
    N_("Two spaces together, at the end of a line or before a mark."),
    N_("Nothing stands here for the source's “%(said)s”."),
    N_("The translation is missing."),
    N_("Viewers would see %(shown)s."),
    N_("A tag is not closed, or closed twice."),
    N_("%(wrong)s is written %(right)s here."),
    N_("Not of this language or its punctuation: %(shown)s."),
    N_("The text is the source's own."),
    N_("Letters of two alphabets in “%(word)s”."),
    N_("No Turkmen word has %(foreign)s: “%(word)s”."),
)
#: Of the subtitle formats (workflow/tracks).
REMARKS = (
    N_("The cues were not in the order of their times."),
    N_("Spaces at the ends of lines are not written."),
    N_("A blank line inside the cue is not written."),
    N_("Tags were closed or removed."),
    N_("Italic, bold and underline are not written."),
    N_("The place on the picture is not written."),
    N_("The speaker's name is not written."),
    N_("The note is not written."),
    N_("The file mixes line ends: %(ends)s."),
    N_("The lines end with CR alone."),
    N_("A blank line inside the cue was closed up."),
    N_("The text seems to be %(language)s, not %(wanted)s."),
    N_("Letters were put together from letter and mark (NFC)."),
    N_("Hyphens U+2010 or U+2011 became the usual hyphen."),
    N_("Invisible characters (soft hyphen, zero-width space) were taken out."),
    N_("Unusual line separators became line breaks."),
    N_("Tabs became spaces."),
    N_("Marks that turn the direction of writing were taken out."),
    N_("Control characters were taken out."),
    N_("Combining marks beyond eight on one letter were taken out."),
    N_("ș with a comma below became ş."),
    N_("A speaker's name is too long: %(name)s…"),
    N_("A note is too long: %(note)s…"),
    N_("Text that looks like a tag is written with ‹ › marks."),
    N_("Times of %(moved)s cues are rounded down, by at most %(most)s ms."),
    N_("Times of %(moved)s cues are moved to frames, by at most %(most)s ms."),
    N_("UTF-8 had been read as %(encoding)s and saved again."),
    N_("An event without words is left out."),
    N_("Fonts inside the file are left out."),
    N_("Pictures inside the file are left out."),
    N_("Fonts, sizes, colours and margins are left out; italics and places are kept."),
    N_("An effect is left out: %(effect)s"),
    N_("An event of no length is left out: %(text)s"),
    N_("A comment is left out: %(text)s"),
    N_("A style sheet is left out: %(text)s"),
    N_("A region is left out: %(text)s"),
    N_("Braces are written as ( and )."),
    N_("Commas of the speaker's name are not written."),
    N_("The place of an empty cue is not written."),
    N_("Some players will hide %(text)s, which is text here."),
    N_("The same %(count)s more times."),
    N_("Italics, bold and colours of the document are left out."),
    N_("Footnotes of the document are left out."),
    N_("Comments of the document are left out."),
    N_("Text outside the table is left out: %(text)s"),
    N_("Styles of a part of a line are not written."),
    N_("What looks like a code is written with ( ), | as ¦."),
    N_("Belongs to no cue, left out: %(text)s"),
    N_("The file says that it counts %(rate)s a second."),
    N_("A code was taken out: %(code)s"),
    N_("The file says %(stated)s frames a second; read with %(rate)s."),
    N_("Style left out: %(code)s"),
    N_("MPL2 has times in tenths of a second: check them."),
    N_(
        "%(count)s cues have no times in the file: each got the time that reading it takes, after the cue before it. Align the track."
    ),
    N_(
        "%(count)s cues have no end in the file: each stays as long as reading it takes, at most until the next begins."
    ),
    N_("Text that looks like a tag got ‹ › marks."),
    N_("Left out of the header: %(text)s"),
    N_("Colours and places on the picture are left out."),
    N_("The file does not begin with Scenarist_SCC V1.0."),
    N_("Spaces stand where a tab parts time and codes."),
    N_("Not understood: %(text)s"),
    N_("A setting is left out: %(setting)s"),
    N_("The cue has no number."),
    N_("No blank line before the cue."),
    N_("A blank line between the number and the times."),
    N_("Numbered %(number)s where %(expected)s comes next."),
    N_("An arrow --> in the text is written as →."),
    N_("A line that reads as times is written otherwise."),
    N_("The arrow is written %(arrow)s."),
    N_("Left out after the times: %(text)s"),
    N_("Not part of any cue, left out: %(text)s"),
    N_("The last subtitle is not whole, left out."),
    N_("It begins before the cue above ends; most players show one at a time."),
    N_("Code table %(table)s is unknown; read as Latin (00)."),
    N_("The times began at %(hours)s hours; counted from there."),
    N_("Subtitles that add up became a cue for each state."),
    N_("Read with %(rate)s frames a second."),
    N_("The last %(rest)s bytes are no whole block, left out."),
    N_("%(announced)s blocks are announced, %(blocks)s are there."),
    N_("Data of some program is left out."),
    N_("Bytes that stand for no letter: %(bytes)s."),
    N_("Bold, and italic or underline of a part of a line, are not written."),
    N_("Spaces more than one are not written."),
    N_("A line has %(longest)s characters; a teletext row shows %(most)s."),
    N_("The title is written in ASCII: %(title)s."),
    N_("Signs that the file lacks: %(signs)s."),
    N_("Colours are left out."),
    N_("No translation is in the table: the original was read."),
    N_("The original was edited in the file; only the translation is read."),
    N_("%(written)s was read as seconds."),
    N_("A column is left out: %(name)s."),
    N_("Tags were closed."),
    N_("A row without text is left out: %(text)s"),
    N_("%(written)s has no %(mark)s before the fraction."),
    N_("%(written)s was read as a decimal fraction of a second."),
    N_("%(written)s has no hours."),
    N_("%(written)s is beyond 24 hours."),
    N_("%(written)s is not in the usual form."),
    N_("TMPlayer has times in whole seconds: check them."),
    N_("Texts in other languages are left out: %(languages)s."),
    N_("Parts of a paragraph have their own times: each state is a cue."),
    N_("The text is shown as long as its animation shows it."),
    N_("Times inside others count from the film's start, though TTML adds them up."),
    N_("Left out of the styles: %(names)s."),
    N_("Text that is not shown is left out: %(text)s"),
    N_("%(written)s has no '.' before the fraction."),
    N_("The file counts frames and does not say of which rate; read with %(rate)s."),
    N_("%(written)s has no unit; read as seconds."),
    N_("Reading aids (ruby) stand in the line after their word."),
    N_("An element %(name)s was left out: %(text)s"),
    N_("A long paragraph became several cues."),
    N_("A line that looks like times is written with ( )."),
    N_("No blank line after the header."),
    N_("No space between times and place."),
    N_("Place kept roughly of: %(settings)s"),
    N_("The name of the cue is left out: %(name)s"),
    N_("Classes taken out of %(tag)s"),
    N_("A tag was taken out: %(tag)s"),
    N_("The original texts beside the translations are left out."),
    N_("%(count)s units have no translation: the original was read."),
    N_("Italics and bold inside cells are left out."),
    N_("A sheet is left out: %(name)s."),
    N_("Tags were closed or removed in: %(text)s"),
    N_("Style commands were taken out: %(commands)s"),
    N_("A drawing was taken out: %(drawing)s"),
    N_("Attributes were taken out of %(tag)s"),
)
#: Words that stand in those as values.
LANGUAGES = (
    N_("Turkmen"),
    N_("Turkmen in Cyrillic letters"),
    N_("Turkish"),
    N_("Azerbaijani"),
    N_("Russian"),
    N_("Kazakh"),
    N_("Uzbek"),
    N_("English"),
)
_VALUES_TO_SAY = (
    "language",
    "wanted",
)  # values that are words of ours; all others are quoted as they are


def told(message: Mapping[str, Any]) -> str:
    """A finding or a remark, {message, template, values}, as a sentence; in English if it has no template."""
    template = message.get("template")
    if not template:  # kept from before messages had one
        return str(gettext(str(message.get("message", ""))))
    values = dict(message.get("values") or {})
    for name in _VALUES_TO_SAY:
        if name in values:
            values[name] = gettext(values[name])
    for name, value in values.items():
        if re.fullmatch(r"\d+\.\d+", str(value)):
            values[name] = str(value).replace(".", get_decimal_symbol(get_locale()))
    said = str(gettext(template))
    return said % values if values else said


def finding_words() -> dict[str, str]:
    """The template of every finding in the person's language, by the English one: for the scripts of a page."""
    return {template: str(gettext(template)) for template in FINDINGS}
