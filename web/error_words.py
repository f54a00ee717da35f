"""Refusals and failures in a person's own language: what it is and what to do, without the figures.

The sentence of the error itself, with its figures and names, is English and stands beside it (workflow/errors.py).
"""

from __future__ import annotations

from flask_babel import get_locale, lazy_gettext

_WORDS = {
    "BAD_DURATION": lazy_gettext("The film's length cannot be accepted."),
    "BAD_FRAME_RATE": lazy_gettext(
        "The film's frame rate cannot be accepted. Export it again with 24, 25, 30, 50 or 60 frames a second."
    ),
    "BAD_SOUND": lazy_gettext("The sound is of a kind that cannot be used."),
    "BAD_TIME": lazy_gettext("A time in the file cannot be read. Correct it in a text editor."),
    "BLOCKING_FINDINGS": lazy_gettext(
        "There are mistakes that must be corrected before it goes on."
    ),
    "CLOCK_JUMPS": lazy_gettext(
        "The file is several recordings in one, and they cannot be put on one clock. Join them in a video editor."
    ),
    "CODEC_UNSUPPORTED": lazy_gettext(
        "The film is coded in a way that is not accepted. Export it again as MP4 (H.264 and AAC)."
    ),
    "COMMENT": lazy_gettext("The comment is empty."),
    "CUE_OUTSIDE_FILM": lazy_gettext(
        "A cue ends after the film. Align the track to this film, or remove the cue."
    ),
    "CUE_TOO_LONG": lazy_gettext(
        "A cue is too long. Split it, or look for a missing blank line in the file."
    ),
    "EMAIL": lazy_gettext("That is not an e-mail address."),
    "EMAIL_TAKEN": lazy_gettext("Somebody with this address is here already."),
    "EMPTY": lazy_gettext("The file is empty. Export it again and upload it."),
    "ENCODING": lazy_gettext(
        "The file cannot be read as text. Save it as UTF-8, or name its encoding."
    ),
    "ENCODING_UNSURE": lazy_gettext(
        "Which letters the file holds is not sure. Look at the previews and choose the right encoding."
    ),
    "ENCRYPTED": lazy_gettext(
        "The film is encrypted. Ask its owner for a copy without copy protection."
    ),
    "END_BEFORE_START": lazy_gettext("A cue ends before it begins. Correct one of the two times."),
    "FILM_TOO_SHORT": lazy_gettext(
        "The cues do not fit into so short a film. Check that film and subtitles belong together."
    ),
    "FINDINGS_NOT_ACKNOWLEDGED": lazy_gettext(
        "Some quality rules are broken. Correct them, or submit knowing that they are there."
    ),
    "FRAME": lazy_gettext("The film has no such frame."),
    "FRAME_RATE": lazy_gettext("That is not a frame rate. Write 25, 23.976 or 30000/1001."),
    "GLOSSARY": lazy_gettext(
        "The first line of a glossary names its columns; there must be tk and en or ru."
    ),
    "HASH_MISMATCH": lazy_gettext(
        "The file that arrived is not the one that was chosen. Upload it again."
    ),
    "LANGUAGE": lazy_gettext("That is not a language tag. Use a tag such as tk, ru or en-GB."),
    "LETTERS": lazy_gettext(
        "The track has letters that this format cannot hold. Choose another format."
    ),
    "LINE_OUTSIDE_FILM": lazy_gettext(
        "A line would end after the film. Check that the script is timed to this film."
    ),
    "MAY_NOT_IGNORE": lazy_gettext(
        "This project does not let anybody set aside this finding. Correct the cue."
    ),
    "MERGE": lazy_gettext("Only cues that follow one another can be merged."),
    "NEGATIVE_TIME": lazy_gettext(
        "A cue has a time before the beginning. Correct it, or shift the whole track."
    ),
    "NOT_A_FILE": lazy_gettext("This is a folder or a device, not a file."),
    "NOT_A_RECORDING": lazy_gettext(
        "A line is recorded as WAV or FLAC; this file became no take. Save it as WAV, or upload it as a long recording."
    ),
    "NOT_A_VIDEO_CONTAINER": lazy_gettext(
        "The file is not a film or a recording of a kind that is known here. Choose a film, or for a line a WAV or FLAC file."
    ),
    "NOT_FOR_BROWSERS": lazy_gettext(
        "Not every browser plays this film. Render it burned in as H.264 for the training room."
    ),
    "NO_CUES": lazy_gettext(
        "There is not one cue with text in the file. Check that it is the right file."
    ),
    "NO_FILE": lazy_gettext("Choose a subtitle file first."),
    "NO_FIX": lazy_gettext("This cannot be mended by itself."),
    "NO_LINES_FOUND": lazy_gettext(
        "Not one line of the script was found for sure in the recording. Check that it is a recording of this script."
    ),
    "NO_REFERENCE": lazy_gettext(
        "There is nothing to align to. Give a subtitle file of the film, or the film itself."
    ),
    "NO_SOUND": lazy_gettext(
        "There is no sound in this file. Nothing was changed. Choose another file, or align to a subtitle file."
    ),
    "NO_SPEECH": lazy_gettext(
        "No voice is heard. Nothing was lost. Choose the right microphone or file, or align to a subtitle file."
    ),
    "NO_STREAMS": lazy_gettext(
        "There is no picture and no sound in the file. Check that it plays on your own machine."
    ),
    "NO_SUCH_CUE": lazy_gettext("There is no such cue; it may have been removed since."),
    "NO_SUCH_TAKE": lazy_gettext("The line has no such take. Choose one of its own takes."),
    "NO_SUCH_LINE": lazy_gettext(
        "The line is not there any more. A take that was not sent is kept on this computer: save it as a file."
    ),
    "NO_SUCH_PERSON": lazy_gettext(
        "Nobody with this address may sign in here. An administrator can add them first."
    ),
    "NO_SUCH_FINDING": lazy_gettext("This finding is gone; the cue has changed since."),
    "NO_VIDEO": lazy_gettext("The file has sound but no picture. Choose the film."),
    "OVERLAP": lazy_gettext("Too many cues are on screen at once. Correct the times."),
    "PACKAGE": lazy_gettext(
        "One of the films does not fit such a package. Choose among the finished films."
    ),
    "PASSWORDS_DIFFER": lazy_gettext("The two passwords differ; nothing was changed."),
    "PASSWORD_SHORT": lazy_gettext("The password is too short; nothing was changed."),
    "PASSWORD_TOO_SHORT": lazy_gettext("The password is too short; nothing was changed."),
    "POINTS": lazy_gettext(
        "The two points must be at different times and in the same order on both sides."
    ),
    "QUESTION_OPEN": lazy_gettext("Something about this file has to be said first."),
    "REASON_NEEDED": lazy_gettext("Say why it is right as it is. Write a reason."),
    "RECIPE": lazy_gettext("These settings do not fit together."),
    "REFERENCE": lazy_gettext("Choose another track of the film, or the film's speech."),
    "SCRIPT_EMPTY": lazy_gettext(
        "The script has no line with words to speak. If there is a recording, it is kept. Write the lines, or choose the track whose lines were read."
    ),
    "SCRIPT_TOO_LONG": lazy_gettext(
        "The script has more lines than can be looked for at once. The recording is kept. Divide script and recording."
    ),
    "SILENT": lazy_gettext(
        "Nothing is heard in this recording. Choose the right microphone or file, and record again."
    ),
    "SOUND_NUMBER": lazy_gettext("The film has no such sound."),
    "SPLIT": lazy_gettext(
        "Each half needs words and time. Nothing was changed. Put the cursor between two words and split again."
    ),
    "STEM_LENGTH": lazy_gettext(
        "The stem is not as long as the film. Export it from the first frame to the last."
    ),
    "STEM_MISSING": lazy_gettext("A full dub needs the film's music and effects without voices."),
    "TAKE_LENGTH": lazy_gettext(
        "A take is at least as long as a word and lies within its recording. Nothing was changed. Record the line again, or set other edges."
    ),
    "TAKE_NOT_ACCEPTED": lazy_gettext("Listen to the take and accept it first."),
    "TIME_TOO_LATE": lazy_gettext("A cue is later than any film is long. Correct the time."),
    "TOO_LARGE": lazy_gettext("The file is too large. Export it smaller or in parts."),
    "TOO_LARGE_PICTURE": lazy_gettext("The picture is too large. Export a smaller one."),
    "TOO_LONG": lazy_gettext(
        "The sound is too long. Nothing was changed. Cut it and upload the parts."
    ),
    "TOO_MANY_BYTES": lazy_gettext(
        "The subtitle file is too large: check that it is the right one."
    ),
    "TOO_MANY_CUES": lazy_gettext("The file has too many cues."),
    "TOO_MANY_STREAMS": lazy_gettext("The file has too many pictures or sounds."),
    "TOO_MANY_WORDS": lazy_gettext("There are too many words already."),
    "TOO_SMALL_PICTURE": lazy_gettext("The picture is too small."),
    "TRUNCATED": lazy_gettext("The file is not complete. Copy or export it again."),
    "TWO_SPEAKERS": lazy_gettext(
        "One line is not spoken by two. Nothing was changed. Give both lines the same speaker first."
    ),
    "TYPE_MISMATCH": lazy_gettext("The file's ending is not that of what it holds."),
    "UNREADABLE": lazy_gettext(
        "The file cannot be read. Check that it plays on your own machine, then export it again and upload it."
    ),
    "UNRELATED": lazy_gettext("The two do not belong together."),
    "UPLOAD_REFUSED": lazy_gettext("The film was refused."),
    "VOICE_UNKNOWN": lazy_gettext("There is no guide voice for this language."),
    "WORD": lazy_gettext("A word must have 1 to 60 characters."),
    "LICENCE_NOT_TICKED": lazy_gettext(
        "The licence of this model forbids commercial use. Someone who may decide it must allow it."
    ),
    "NOT_ALLOWED": lazy_gettext(
        "Your roles in this project do not allow that. A producer can give you another role."
    ),
    "NOT_YOURS": lazy_gettext("Only its author takes a version back."),
    "OWN_CUES": lazy_gettext(
        "You changed cues of this version yourself. Somebody else must approve it; you may request changes."
    ),
    "BLOB_MISSING": lazy_gettext(
        "A stored file is missing. An operator can restore it from the backup."
    ),
    "NOT_FOUND": lazy_gettext("It is not there, or you may not see it."),
    "UNKNOWN_FILE": lazy_gettext("No film, version or package of yours has this hash or tag."),
    "ALREADY_TAKEN": lazy_gettext(
        "This file was taken or dropped already. Upload it again if you need it."
    ),
    "BLOB_GOING": lazy_gettext("The same file is just being removed. Try again in a moment."),
    "DRAFT_BUSY": lazy_gettext("Others are saving this draft at this moment. Try again."),
    "DRAFT_CHANGED": lazy_gettext(
        "The draft was changed by somebody else. Your own text is still with you; load the newer state."
    ),
    "FILM_NOT_READY": lazy_gettext(
        "The film is not ready yet. Everything is kept. Try again in a minute."
    ),
    "GUIDE_TAKES": lazy_gettext(
        "The guide voice still speaks in this dub. Record these lines, or say that it may stay."
    ),
    "JOB_NOT_OVER": lazy_gettext("Only failed or cancelled work can be tried again."),
    "JOB_OVER": lazy_gettext("The work is over already."),
    "LAST_ADMIN": lazy_gettext("Somebody must remain who manages people."),
    "LAST_PRODUCER": lazy_gettext(
        "A project keeps at least one producer. Make somebody else producer first."
    ),
    "NOTHING_CHANGED": lazy_gettext("Nothing was changed since the last version."),
    "NOTHING_RENDERED": lazy_gettext("No finished film fits into such a package yet."),
    "NOTHING_TO_UNDO": lazy_gettext("There is nothing to take back."),
    "NOT_APPROVED": lazy_gettext(
        "The version is not approved. A reviewer must approve the newest one first."
    ),
    "NOT_RENDERED": lazy_gettext("The final film is not done yet."),
    "PROPOSAL_DECIDED": lazy_gettext("The proposal was decided already."),
    "QUOTA": lazy_gettext("The project would have too many films. An administrator can help."),
    "SOUND_BUSY": lazy_gettext(
        "Another sound is being taken over at the moment. Wait until that is done."
    ),
    "SOUND_IN_USE": lazy_gettext(
        "A version was submitted with the sound there is. Withdraw it first."
    ),
    "STALE_VERSION": lazy_gettext("A newer version appeared. Watch the newest one."),
    "TOO_MANY_COMMENTS": lazy_gettext("Too many comments in a short time. Wait a minute."),
    "TOO_MANY_JOBS": lazy_gettext(
        "Too much of your work is waiting already. Wait until some of it is done."
    ),
    "TOO_MANY_RENDERS": lazy_gettext(
        "Too many final renders of yours are under way already. Wait until one is done."
    ),
    "TOO_MANY_UPLOADS": lazy_gettext(
        "Too many uploads are under way in this project. Finish or drop some of them first."
    ),
    "UPLOAD_CLOSED": lazy_gettext("The upload is closed."),
    "UPLOAD_INCOMPLETE": lazy_gettext("Not all bytes are here. Send the rest first."),
    "WRONG_STATE": lazy_gettext("The version has moved on in the meantime. Look at it again."),
    "BLOB_DAMAGED": lazy_gettext(
        "A stored file is damaged. An operator can restore it from the backup."
    ),
    "CONTAINER": lazy_gettext(
        "The film's picture or sound cannot be copied into such a file. Choose another kind."
    ),
    "DISK_FULL": lazy_gettext(
        "The disk is full. What was finished is kept; free some space and try again."
    ),
    "DISK_LOW": lazy_gettext(
        "There is too little room on the server. Texts and verdicts are still saved."
    ),
    "ESPEAK_FAILED": lazy_gettext("The guide voice could not say a line."),
    "FFMPEG_FAILED": lazy_gettext(
        "A part of the work on the film failed. An operator can see why."
    ),
    "OUTPUT_INVALID": lazy_gettext("What was made is not what was planned. It is tried again."),
    "POISON": lazy_gettext(
        "The work failed several times and was given up. Try again, or give the reference to an operator."
    ),
    "SEGMENT_DAMAGED": lazy_gettext(
        "A kept part of the film is damaged. Render again: only this part is made anew."
    ),
    "STALLED": lazy_gettext("The work made no progress and was stopped. It is tried again."),
    "STORAGE_REFUSED": lazy_gettext(
        "The storage of films refused a request. An operator looks at it."
    ),
    "STORAGE_AWAY": lazy_gettext(
        "The storage of films cannot be reached. Nothing was lost; try again in a moment."
    ),
    "TIME_LIMIT": lazy_gettext(
        "The work took too long. Try again when the machine has less to do."
    ),
    "UNEXPECTED": lazy_gettext(
        "Something went wrong that should not. Try again, or give the reference to an operator."
    ),
    "DATABASE_BUSY": lazy_gettext(
        "The database is busy. Nothing was saved; try again in a moment."
    ),
    "READERS_DISAGREE": lazy_gettext(
        "Two readers of this file do not see the same cues. Please report this file."
    ),
    "CANCELLED": lazy_gettext("The work was cancelled."),
}


def told(code: str) -> str:
    """What an error with this *code* says in the page's language; "" in English, which says more itself."""
    return str(_WORDS.get(code, "")) if _is_translated() else ""


def all_told() -> dict[str, str]:
    """The same by code, for a page whose script tells how work failed; {} in English."""
    return {code: str(words) for code, words in _WORDS.items()} if _is_translated() else {}


def _is_translated() -> bool:
    locale = get_locale()
    return locale is not None and locale.language != "en"
