"""Alignment by everything there is: a subtitle file, the speech, or both, whichever explains more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workflow.align.place import GAP_FRAMES
from workflow.align.subtitles import align_to_subtitles
from workflow.align.values import Alignment, Retimed
from workflow.errors import BadInput
from workflow.progress import Watch, part, unwatched
from workflow.timebase import FLICKS_PER_MS, Flicks, FrameGrid
from workflow.tracks.cues import Cue

if TYPE_CHECKING:
    from workflow.align.speech import Speech

AGREE: Flicks = 200 * FLICKS_PER_MS


def align(
    cues: Sequence[Cue],
    reference: Sequence[Cue] | None = None,
    speech: Speech | None = None,
    *,
    grid: FrameGrid | None = None,
    film_duration: Flicks | None = None,
    shots: Sequence[Flicks] = (),
    gap_frames: int = GAP_FRAMES,
    watch: Watch = unwatched,
) -> Alignment:
    """New times for *cues* by *reference* cues, by *speech*, or by both.

    Of two alignments that belong to the film the surer one is taken; where the other puts a cue at the same
    place, to AGREE, both vouch for it, and where it does not, neither does fully.

    Raises BadInput NO_REFERENCE with neither; NO_SPEECH when silence is all there is; FILM_TOO_SHORT.
    """

    def to_subtitles(known: Sequence[Cue], told: Watch) -> Alignment:
        return align_to_subtitles(
            cues,
            known,
            grid=grid,
            film_duration=film_duration,
            shots=shots,
            gap_frames=gap_frames,
            watch=told,
        )

    def to_speech(heard: Speech, told: Watch) -> Alignment:
        from workflow.align.to_speech import align_to_speech  # noqa: PLC0415  subtitles alone need no ear

        return align_to_speech(
            cues,
            heard,
            grid=grid,
            film_duration=film_duration,
            shots=shots,
            gap_frames=gap_frames,
            watch=told,
        )

    if reference is not None and speech is not None:
        by_subtitles = to_subtitles(reference, part(watch, 0, 500))
        try:
            by_speech = to_speech(speech, part(watch, 500, 1000))
        except BadInput as refusal:
            if refusal.code != "NO_SPEECH":
                raise
            return by_subtitles
        return surer(by_subtitles, by_speech)
    if reference is not None:
        return to_subtitles(reference, watch)
    if speech is not None:
        return to_speech(speech, watch)
    raise BadInput(
        "NO_REFERENCE",
        "There is nothing to align to.",
        advice="Give a subtitle file of the film, or the film itself.",
    )


def surer(by_subtitles: Alignment, by_speech: Alignment) -> Alignment:
    """The one of two alignments of a track that belongs to its film, or the surer one, told by both."""
    if by_subtitles.related != by_speech.related:
        return by_subtitles if by_subtitles.related else by_speech
    if by_speech.confidence > by_subtitles.confidence + 0.1:
        chosen, other = by_speech, by_subtitles
    else:  # subtitles know in-times to the frame
        chosen, other = by_subtitles, by_speech
    if not chosen.related:
        return chosen
    cues = tuple(_weighed(a, b) for a, b in zip(chosen.cues, other.cues, strict=True))
    return chosen._replace(
        cues=cues,
        confidence=sum(cue.confidence for cue in cues) / len(cues),
        method="both",
    )


def _weighed(chosen: Retimed, other: Retimed) -> Retimed:
    if abs(chosen.start - other.start) <= AGREE:
        both = 1 - (1 - chosen.confidence) * (1 - other.confidence)
    else:
        both = chosen.confidence * (1 - other.confidence / 2)
    return chosen._replace(confidence=both)
