"""What the islands of the dub studio say; a part of `script_words`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext


def studio_words(_plural: Callable[[str, str], dict[str, str]]) -> dict[str, Any]:
    """*_plural* makes a table of forms from a phrase for one and a phrase for many."""
    return {
        "studioLine": gettext("Line {n}"),
        "studioOriginal": gettext("The original"),
        "studioTake": gettext("The take"),
        "studioTakes": gettext("Takes"),
        "studioPreview": gettext("Mix"),
        "studioRecord": gettext("Record"),
        "studioStop": gettext("Stop"),
        "studioMicrophone": gettext("Microphone"),
        "studioCalibrate": gettext("Measure the delay"),
        "studioCalibrating": gettext(
            "Hold the headphones to the microphone: sound {done} of {of}. It takes five seconds."
        ),
        "studioMeasured": gettext("The delay is {ms} ms. Takes are moved back by it."),
        "studioUnsteady": gettext(
            "The delay wavers by {ms} ms. Close other programs, use a cable instead of radio, and measure again."
        ),
        "studioNotHeard": gettext(
            "The sounds were not heard. Hold the headphones to the microphone, louder, and measure again."
        ),
        "studioLatency": gettext("Delay {ms} ms, measured"),
        "studioUnmeasured": gettext("Delay not measured yet"),
        "studioHeadphones": gettext("I wear headphones: let me hear the original"),
        "studioSnap": gettext("The take begins where the voice begins"),
        "studioLevel": gettext("Level of the microphone"),
        "studioClip": gettext("Too loud"),
        "studioClipReset": gettext("The sound was cut off at full level. Click to clear."),
        "studioHearing": gettext("Listening …"),
        "studioHeard": gettext("Recorded. Listen to it."),
        "studioSilent": gettext(
            "Nothing was heard. Check the microphone and its level, and record again. Nothing was stored."
        ),
        "studioQuiet": gettext("Recorded, but very quiet. Come closer or turn the level up."),
        "studioClipped": gettext(
            "Recorded, but cut off at full level. Turn the level down and record once more."
        ),
        "studioMissingSamples": _plural(
            "Recorded, but %(num)s sample is missing: the computer was too busy. Record once more.",
            "Recorded, but %(num)s samples are missing: the computer was too busy. Record once more.",
        ),
        "studioMissingShort": _plural("%(num)s sample missing", "%(num)s samples missing"),
        "studioNotKept": gettext(
            "This computer could not keep the take. Make room on its disk and record again."
        ),
        "studioDenied": gettext(
            "The browser may not use the microphone. Allow it beside the address, and try again."
        ),
        "studioNoMicrophone": gettext("No microphone was found. Plug one in and try again."),
        "studioNoMicrophoneHere": gettext(
            "This browser cannot record here. Use a current browser, and an address that begins with https."
        ),
        "studioCannotPlay": gettext("This sound cannot be played just now. Try again in a moment."),
        "studioMixing": gettext("Mixing this line"),
        "studioGuide": gettext("Guide voice"),
        "studioGuideMaking": gettext("The guide voice is made"),
        "studioGuideTake": gettext("guide"),
        "studioTakesWaiting": _plural(
            "On this computer, %(num)s take waiting.", "On this computer, %(num)s takes waiting."
        ),
        "studioSending": gettext("It is being sent."),
        "studioTryAgain": gettext("No connection. It is tried again by itself; nothing is lost."),
        "studioWaitingFirst": gettext(
            "Takes are still waiting on this computer. Submit when they are sent."
        ),
        "studioTakeRefused": gettext("The server does not take the recording of line {n}:"),
        "studioSaveFile": gettext("Save as a file"),
        "studioRecorded": gettext("{n} of {of} recorded"),
        "studioIsochrony": gettext("fits the original {n} of 100"),
        "studioFilter": gettext("Which lines are shown"),
        "studioFilters": {
            "all": gettext("All"),
            "missing": gettext("Missing"),
            "long": gettext("Too long"),
            "doubtful": gettext("Doubtful"),
        },
        "studioStatus": {
            "no_text": gettext("no text"),
            "to_record": gettext("to record"),
            "to_confirm": gettext("to confirm"),
            "too_long": gettext("too long"),
            "tight": gettext("tight"),
            "overlap": gettext("overlaps"),
            "off_sync": gettext("off the lips"),
            "ok": gettext("good"),
            "approved": gettext("approved"),
        },
        "studioCut": _plural("cut %(num)s syllable", "cut %(num)s syllables"),
        "studioSyllables": _plural("%(num)s syllable", "%(num)s syllables"),
        "studioRoom": _plural("room for %(num)s", "room for %(num)s"),
        "studioTooLong": gettext("Too long"),
        "studioUnsaved": gettext("not saved yet"),
        "studioStale": gettext("other words"),
        "studioRejected": gettext("rejected"),
        "studioNoTake": gettext("This line has no take."),
        "studioNoTakeYet": gettext("No take yet. Press R: three beeps, then speak."),
        "studioNoneHere": gettext("No such lines."),
        "studioNoLines": gettext("This dub has no lines."),
        "studioSpeaker": gettext("Speaker"),
        "studioOnScreen": gettext("the mouth is seen"),
        "studioUse": gettext("Use"),
        "studioUsed": gettext("Used"),
        "studioPlayTake": gettext("Play take {n}"),
        "studioComment": gettext("Comment on take {n}"),
        "studioCommentHint": gettext("Comment"),
        "studioLineTools": gettext("Change the lines"),
        "studioSplit": gettext("Split at the cursor"),
        "studioMerge": gettext("Join with the next line"),
        "studioUndo": gettext("Undo"),
        "studioRedo": gettext("Redo"),
        "studioSplitWhere": gettext(
            "Put the cursor into the text, where the second line is to begin, and split again."
        ),
        "studioSplitDone": gettext(
            "Two lines now. Both have to be recorded; the takes stay listed. Undo takes it back."
        ),
        "studioMergeDone": gettext(
            "One line now. It has to be recorded; the takes of both stay listed. Undo takes it back."
        ),
        "studioLastLine": gettext("This is the last line: there is none to join it with."),
        "studioMergedTake": gettext("take of a joined line"),
        "studioUpload": gettext("Upload a take"),
        "studioFileTooLarge": gettext(
            "A file for one line has 64 MB at most. Nothing was sent. Upload it as a long recording, or cut it."
        ),
        "soundFindings": {
            "CLIPPED": gettext("cut off at full level"),
            "ONE_CHANNEL": gettext("one channel empty, the other is used"),
            "NARROW_BAND": gettext("sounds like a telephone"),
            "OTHER_RATE": gettext("brought to 48 kHz"),
            "TRUNCATED": gettext("the end may be missing"),
            "LINES_MISSING": gettext("lines were not found"),
            "LINES_DOUBTFUL": gettext("lines to be heard first"),
            "SAME_TEXT": gettext("the same text twice in the script"),
            "OTHER_SCRIPT": gettext("hardly a line found: perhaps another script"),
        },
        "confirmOpen": _plural("%(num)s line to confirm.", "%(num)s lines to confirm."),
        "confirmMissing": _plural(
            "%(num)s line is missing in the mix.", "%(num)s lines are missing in the mix."
        ),
        "confirmSure": gettext("certainty {n} %"),
        "confirmOthers": _plural("%(num)s other take", "%(num)s other takes"),
        "confirmMoved": gettext("edges moved, not accepted yet"),
        "confirmWave": gettext("Sound of the take, from {from} s to {to} s of the recording"),
        "confirmPlay": gettext("Play"),
        "confirmSpace": gettext("Space"),
        "confirmAccept": gettext("Accept"),
        "confirmNextTake": gettext("Next take"),
        "confirmNotRecorded": gettext("Not recorded"),
        "confirmUndo": gettext("Undo"),
        "confirmStartEarlier": gettext("Begin 20 ms earlier"),
        "confirmStartLater": gettext("Begin 20 ms later"),
        "confirmEndEarlier": gettext("End 20 ms earlier"),
        "confirmEndLater": gettext("End 20 ms later"),
        "confirmNothing": gettext(
            "Nothing to confirm. Upload a recording of the whole script, or record line by line."
        ),
        "confirmAllDone": gettext("Everything that was found is decided."),
        "confirmToStudio": gettext("To the studio"),
        "confirmNothingChanged": gettext("Nothing was changed."),
        "confirmLocating": gettext("Looking for the lines"),
        "confirmFailed": gettext("The lines could not be looked for."),
        "confirmAgain": gettext("Try again"),
        "recordingStates": {
            "received": gettext("waiting"),
            "locating": gettext("being searched"),
            "located": gettext("searched"),
            "failed": gettext("failed"),
        },
        "takeFlags": {
            "odd_length": gettext("unusual length"),
            "little_speech": gettext("little speech"),
            "same_text": gettext("text occurs twice"),
            "out_of_order": gettext("out of order"),
            "two_alike": gettext("two takes alike"),
            "found_in_gap": gettext("found between its neighbours"),
            "guide": gettext("guide"),
            "missing_samples": gettext("samples missing"),
        },
    }


def studio_commands() -> dict[str, str]:
    return {
        "studio/record": gettext("Record the line; again to stop"),
        "studio/stop": gettext("Stop everything"),
        "studio/play": gettext("Play the original of the line"),
        "studio/play-take": gettext("Play the take"),
        "studio/preview": gettext("Hear the mix of the line"),
        "studio/next": gettext("Next line"),
        "studio/previous": gettext("Previous line"),
        "studio/edit": gettext("Edit the text"),
        "studio/use-take": gettext("Use the take of that number"),
        "studio/split": gettext("Split the line at the cursor"),
        "studio/merge": gettext("Join the line with the next"),
        "studio/undo": gettext("Take the last change of the lines back"),
        "studio/redo": gettext("Make it again"),
        "confirm/play": gettext("Play the take"),
        "confirm/accept": gettext("Accept the take"),
        "confirm/next-take": gettext("Turn to the next take"),
        "confirm/not-recorded": gettext("The line was not recorded"),
        "confirm/undo": gettext("Take the last decision back"),
        "confirm/next": gettext("Next line"),
        "confirm/previous": gettext("Previous line"),
        "confirm/start-earlier": gettext("Begin 20 ms earlier"),
        "confirm/start-later": gettext("Begin 20 ms later"),
        "confirm/end-earlier": gettext("End 20 ms earlier"),
        "confirm/end-later": gettext("End 20 ms later"),
    }
