"""A script found in a sound file: the one way from a file to located lines, for the command and the stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workflow.align.speech import detect_speech
from workflow.dub.features import RATE
from workflow.dub.locate import Located, locate
from workflow.dub.sound import read_recording
from workflow.errors import BadInput
from workflow.media.container import sniff
from workflow.media.facts import Finding
from workflow.media.ffmpeg import DEMUXERS
from workflow.media.probe import examine
from workflow.progress import Watch, part


def locate_in(
    audio: Path, texts: Sequence[str], language: str, watch: Watch, *, name: str = ""
) -> tuple[Located, list[Finding]]:
    """Find *texts* in a sound file; its own findings come first.

    name    of the file, as a person knows it; a blob has none

    Raises BadInput NO_SOUND, and as `sniff`, `examine`, `read_recording` and `locate` do.
    """
    container = sniff(audio, name=name)
    examined = examine(audio, name=name, watch=part(watch, 0, 50))
    if examined.sound is None:
        raise BadInput("NO_SOUND", "There is no sound in this file.", where=name)
    heard = read_recording(
        audio, rate=RATE, stream=examined.sound.index, watch=part(watch, 50, 150)
    )
    speech = detect_speech(
        audio,
        demuxer=DEMUXERS[container],
        stream=examined.sound.index,
        zero=examined.sound.start,
        watch=part(watch, 150, 400),
    )
    located = locate(
        heard.samples,
        texts,
        language=language,
        speech=speech.probabilities,
        watch=part(watch, 400, 1000),
    )
    return located, [*heard.findings, *located.findings]
