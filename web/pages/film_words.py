"""What ingest found in a film and what it changed, in the words of the page.

The core says the same in English (`message`); here it is said by its code and values, so that it can be
translated. A code that is missing here is shown in English.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext

_WORDS = {
    "TAKEN_AS_IS": lazy_gettext("The picture is taken as it is: it did not have to be encoded."),
    "RATE_CHANGED": lazy_gettext("From %(old)s to a constant %(new)s frames a second."),
    "ROTATED": lazy_gettext("Turned upright by %(degrees)s°."),
    "MIRRORED": lazy_gettext("Left and right were exchanged, as the file asks for."),
    "SQUARE_PIXELS": lazy_gettext("Stretched to %(size)s, as it is meant to be seen."),
    "PADDED": lazy_gettext("A black line was added to make width and height even."),
    "DEINTERLACED": lazy_gettext("Fields were made into whole frames."),
    "TONE_MAPPED": lazy_gettext("HDR colours were brought to the standard range."),
    "PICTURE_ENDS_EARLY": lazy_gettext(
        "The last %(frames)s frames of the film could not be decoded."
    ),
    "MIXED_DOWN": lazy_gettext("%(channels)s channels were mixed down to stereo."),
    "SOUND_CUT:before": lazy_gettext(
        "%(seconds)s s of sound before the picture begins were left out."
    ),
    "SOUND_CUT:after": lazy_gettext(
        "%(seconds)s s of sound after the picture has ended were left out."
    ),
    "SILENT_SOUND": lazy_gettext("The sound track is silent from beginning to end."),
    "ONE_SIDED_SOUND:left": lazy_gettext(
        "The sound was on the left side only; it is heard on both now."
    ),
    "ONE_SIDED_SOUND:right": lazy_gettext(
        "The sound was on the right side only; it is heard on both now."
    ),
    "SOUND_CLIPPED": lazy_gettext(
        "The sound is louder than a file can hold in places, and distorted there."
    ),
    "SHORTER_THAN_DECLARED": lazy_gettext(
        "The file says that it lasts %(declared)s, but only %(real)s are in it."
    ),
    "DAMAGED": lazy_gettext(
        "The file is damaged or stops in the middle of its data; %(real)s could be read."
    ),
    "VARIABLE_FRAME_RATE": lazy_gettext(
        "The frames do not come evenly (on average %(rate)s a second);"
        " the working copy has a constant rate."
    ),
    "CLOCK_JUMPS": lazy_gettext(
        "The file is %(count)s recordings one behind the other, each with a clock of its own:"
        " they were put on one clock."
    ),
    "INTERLACED": lazy_gettext("The picture is interlaced; the working copy is not."),
    "HDR": lazy_gettext("The picture is HDR; the working copy has standard colours."),
    "NO_SOUND": lazy_gettext("The film has no sound."),
    "SOUND_UNREADABLE": lazy_gettext("The film's sound could not be decoded and is left out."),
    "STEM_LONGER": lazy_gettext("The stem's last %(seconds)s s are not heard."),
    "STEM_SHORTER": lazy_gettext("The film's last %(seconds)s s have no stem."),
    "STEM_MONO": lazy_gettext("The stem has one channel: it is heard alike on both sides."),
    "CLIPPED": lazy_gettext("%(count)s samples are at full scale: the stem is distorted."),
    "OTHER_RATE": lazy_gettext("The stem has %(rate)s Hz; it was brought to %(wanted)s Hz."),
    "ONE_CHANNEL": lazy_gettext("Only one side of the stem holds sound."),
    "SEVERAL_PICTURES": lazy_gettext("The file has %(count)s pictures; the largest is used."),
    "SEVERAL_SOUNDS:chosen": lazy_gettext(
        "The file has %(count)s sound tracks; number %(place)s is used: somebody chose it."
    ),
    "SEVERAL_SOUNDS:language": lazy_gettext(
        "The file has %(count)s sound tracks; number %(place)s is used:"
        " it is in the project's source language."
    ),
    "SEVERAL_SOUNDS:default": lazy_gettext(
        "The file has %(count)s sound tracks; number %(place)s is used:"
        " the file says that it is the usual one."
    ),
    "SEVERAL_SOUNDS:first": lazy_gettext(
        "The file has %(count)s sound tracks; number %(place)s is used: it is the first."
    ),
}


def film_note(finding: Any) -> str:
    """One finding or change of a film, or of a dub's stem, as a sentence."""
    if not isinstance(finding, dict):
        return str(gettext(finding))
    values = finding.get("values") or {}
    code = str(finding["code"])
    if code == "SHORTER_THAN_DECLARED" and "declared" not in values:
        code = "DAMAGED"
    kind = values.get("why") or values.get("side") or values.get("where")
    words = _WORDS.get(f"{code}:{kind}" if kind else code)
    try:
        return str(words) % values if words else str(finding["message"])
    except KeyError:  # of a film that was taken in before the values were kept
        return str(finding["message"])
