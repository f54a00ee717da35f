"""Everything the scripts of the pages say, out of the same catalogue as the pages themselves.

Keys are what `islands/shared/words.ts` asks for. A phrase with a number is a
table by plural category (Intl.PluralRules) made from the catalogue's own forms.
"""

from __future__ import annotations

from typing import Any

from flask_babel import get_translations, gettext

from web.pages.studio_words import studio_commands, studio_words

# A number of each plural category in the languages we speak (CLDR): one, few, many, other.
_SAMPLES = {"one": 1, "few": 2, "many": 5, "other": 10}


def _plural(one: str, many: str) -> dict[str, str]:
    """Both phrases with ``%(num)s``, which the script fills in. Babel extracts calls by ``-k _plural:1,2``."""
    catalogue = get_translations()
    return {
        category: catalogue.ngettext(one, many, sample).replace("%(num)s", "{num}")
        for category, sample in _SAMPLES.items()
    }


def script_words() -> dict[str, Any]:
    return {
        "saved": gettext("Saved"),
        "saving": gettext("Saving"),
        "waiting": _plural(
            "On this computer, %(num)s change waiting", "On this computer, %(num)s changes waiting"
        ),
        "offline": gettext("No connection."),
        "notSaved": gettext("Not saved by the server yet. It is tried again by itself."),
        "refused": gettext("The server refused the save: {message}"),
        "signedOut": gettext("You are signed out. Sign in in another tab; what you typed is kept."),
        "merged": _plural(
            "%(num)s change by others was joined in", "%(num)s changes by others were joined in"
        ),
        "recovered": gettext("Changes that were waiting on this computer are back."),
        "readOnly": gettext("You may read, not edit."),
        "conflictTitle": gettext("Two people changed the same cue"),
        "conflictText": gettext("Choose for each cue. Nothing is lost until you have chosen."),
        "mine": gettext("Mine"),
        "theirs": gettext("Theirs"),
        "removedHere": gettext("(removed)"),
        "useChosen": gettext("Use what I chose"),
        "later": gettext("Decide later"),
        "cue": gettext("Cue {n}"),
        "start": gettext("Start"),
        "end": gettext("End"),
        "text": gettext("Text"),
        "textOf": gettext("Text of cue {n}"),
        "startOf": gettext("Start of cue {n}"),
        "endOf": gettext("End of cue {n}"),
        "characters": _plural("%(num)s character", "%(num)s characters"),
        "cps": gettext("{n} characters a second"),
        "cpsShort": gettext("{n} c/s"),
        "tooFast": gettext("too fast to read"),
        "quick": gettext("quick to read"),
        "overlaps": gettext("overlaps the next cue"),
        "badTime": gettext("That is no time: write it like 00:01:23:10 or 00:01:23.400."),
        "frameEarlier": gettext("One frame earlier"),
        "frameLater": gettext("One frame later"),
        "cueList": gettext("Cues"),
        "noCues": gettext("No cues. Read a file in, or make the first cue."),
        "firstCue": gettext("Make the first cue"),
        "found": _plural("%(num)s place found", "%(num)s places found"),
        "replaced": _plural("%(num)s place replaced", "%(num)s places replaced"),
        "findings": _plural("%(num)s finding", "%(num)s findings"),
        "noFindings": gettext("No findings."),
        "severities": {
            "error": gettext("Errors"),
            "warning": gettext("Warnings"),
            "hint": gettext("Hints"),
        },
        "setAside": gettext("Set aside"),
        "setAsideDo": gettext("Set aside"),
        "setAsideTitle": gettext("Set this finding aside"),
        "setAsideWhy": gettext("Why is it right as it is?"),
        "takeBack": gettext("Take back"),
        "mend": gettext("Mend"),
        "mendAll": _plural("Mend %(num)s", "Mend all %(num)s"),
        "mendsTitle": _plural("Mending changes %(num)s cue", "Mending changes %(num)s cues"),
        "mendsList": gettext("What would change"),
        "mendConflicts": _plural(
            "%(num)s cue is pulled to and fro by two rules and stays as it is.",
            "%(num)s cues are pulled to and fro by two rules and stay as they are.",
        ),
        "mendTake": gettext("Take these changes"),
        "workingOut": gettext("Working it out"),
        "mendNoAnswer": gettext(
            "The server did not answer. Nothing was changed, and what you typed is kept: try again."
        ),
        "nothingToMend": gettext("Nothing here can be mended by itself."),
        "nothingHere": gettext("This cue has no such finding."),
        "notNow": gettext("Not now"),
        "addWord": gettext("Add the word"),
        "addToProject": gettext("It is right: add it to the project"),
        "wordsTitle": gettext("Words that the dictionary does not know"),
        "original": gettext("Original"),
        "terms": gettext("Terms"),
        "toLinguist": gettext("to a linguist"),
        "never": gettext("never"),
        "saidBefore": gettext("Said before"),
        "insert": gettext("Insert"),
        "findingsRemain": _plural(
            "%(num)s finding remains in the draft.", "%(num)s findings remain in the draft."
        ),
        "noPeaks": gettext("The waveform appears when the film is prepared."),
        "nothingToUndo": gettext("Nothing to undo."),
        "keysTitle": gettext("Keys"),
        "close": gettext("Close"),
        "lettersOn": gettext("Keys that are a single letter or sign work outside text fields"),
        "signOutTitle": gettext("Changes are still waiting"),
        "signOutText": gettext(
            "This computer holds changes that the server does not have yet. Signing out deletes them."
        ),
        "signOutAnyway": gettext("Sign out and delete them"),
        "stay": gettext("Stay"),
        "saveFirst": gettext("Waiting until the draft is saved"),
        "cannotSave": gettext(
            "The draft is not saved yet, so this has to wait. Try again in a moment."
        ),
        "uploadStart": gettext("Upload"),
        "uploadPause": gettext("Pause"),
        "uploadResume": gettext("Go on"),
        "uploadDrop": gettext("Drop it"),
        "uploadSafe": gettext("{done} of {all} are safe"),
        "uploadRate": gettext("{rate} a second, {left} left"),
        "uploadWaiting": gettext("Waiting for the connection. What is safe stays safe."),
        "uploadPaused": gettext(
            "Paused. It goes on where it stopped, also after the page was closed."
        ),
        "uploadDone": gettext("Uploaded. The film is being prepared."),
        "uploadRefused": gettext("The server refused the file."),
        "uploadFound": gettext("This file was begun before: it goes on where it stopped."),
        "uploadAsk": gettext("To go on with {name}, choose the same file again."),
        "identifying": gettext("Working out the fingerprint"),
        "identifyDone": gettext("{done} of {all} read"),
        "identifyStop": gettext("Stop"),
        "identifyUnread": gettext("{name} could not be read. Is it still there?"),
        "identifyUnasked": gettext(
            "The server cannot be asked just now. The fingerprint is {hash}: look it up below later."
        ),
        "hours": gettext("{h} h {m} min"),
        "minutes": gettext("{m} min {s} s"),
        "seconds": gettext("{s} s"),
        "watched": gettext("{n} %"),
        "commentOn": gettext("on cue {n}"),
        "buildReady": gettext("The review build is ready."),
        "watchIt": gettext("Watch it"),
        **studio_words(_plural),
        "commands": {
            **studio_commands(),
            "player/play": gettext("Play or pause"),
            "player/play-cue": gettext("Play this cue"),
            "player/before-start": gettext("Play the half second before the start"),
            "player/after-start": gettext("Play the half second after the start"),
            "player/before-end": gettext("Play the half second before the end"),
            "player/after-end": gettext("Play the half second after the end"),
            "player/frame-back": gettext("One frame back"),
            "player/frame-forward": gettext("One frame forward"),
            "player/second-back": gettext("One second back"),
            "player/second-forward": gettext("One second forward"),
            "player/half-back": gettext("Half a second back"),
            "player/half-forward": gettext("Half a second forward"),
            "player/reverse": gettext("Shuttle backward"),
            "player/stop": gettext("Stop"),
            "player/forward": gettext("Shuttle forward; again for faster"),
            "time/start-here": gettext("The cue starts here"),
            "time/end-here": gettext("The cue ends here"),
            "time/start-earlier": gettext("Start one frame earlier"),
            "time/start-later": gettext("Start one frame later"),
            "time/end-earlier": gettext("End one frame earlier"),
            "time/end-later": gettext("End one frame later"),
            "cue/previous": gettext("Previous cue"),
            "cue/next": gettext("Next cue"),
            "cue/commit": gettext("Done with this cue, go to the next"),
            "cue/here": gettext("Go to the cue at this place"),
            "cue/insert": gettext("New cue after this one"),
            "cue/split": gettext("Split the cue here"),
            "cue/merge": gettext("Join with the next cue"),
            "cue/delete": gettext("Delete the cue"),
            "cue/next-finding": gettext("Next finding"),
            "cue/previous-finding": gettext("Previous finding"),
            "findings/list": gettext("Show the findings"),
            "findings/mend": gettext("Mend this cue"),
            "findings/mend-all": gettext("Mend all that can be mended"),
            "findings/set-aside": gettext("Set a finding of this cue aside"),
            "findings/add-word": gettext("Add a word of this cue to the project"),
            "memory/insert": gettext("Insert what was said before"),
            "edit/undo": gettext("Undo"),
            "edit/redo": gettext("Redo"),
            "edit/find": gettext("Find and replace"),
            "edit/send": gettext("Save now"),
            "wave/in": gettext("Show less of the film"),
            "wave/out": gettext("Show more of the film"),
            "review/comment": gettext("Comment here"),
            "review/play-changes": gettext("Play the changes"),
            "review/next-change": gettext("Next change"),
            "review/previous-change": gettext("Previous change"),
            "proposal/next": gettext("Next segment"),
            "proposal/previous": gettext("Previous segment"),
            "proposal/accept": gettext("Accept the segment"),
            "proposal/reject": gettext("Leave the segment as it is"),
            "proposal/undo": gettext("Take the last decision back"),
            "help/keys": gettext("Show the keys"),
        },
        "groups": {
            "player": gettext("Player"),
            "time": gettext("Times"),
            "cue": gettext("Cues"),
            "findings": gettext("Findings"),
            "memory": gettext("Memory"),
            "edit": gettext("Editing"),
            "wave": gettext("Waveform"),
            "review": gettext("Review"),
            "proposal": gettext("New times"),
            "studio": gettext("Dub studio"),
            "confirm": gettext("Takes to confirm"),
            "help": gettext("Help"),
        },
    }
