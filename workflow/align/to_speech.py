"""Alignment to what is said in the film, with no other subtitle file: in-times to the rise of the voice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workflow.align import place, walk
from workflow.align.fit import fit
from workflow.align.reference import (
    SPEECH_END_SCALES,
    SPEECH_SCALES,
    Floats,
    Reference,
    reference_of_spans,
    seconds_of,
)
from workflow.align.speech import Probabilities, Speech
from workflow.align.subtitles import FEWEST_CUES, Marks, align_to, story_order
from workflow.align.values import Alignment
from workflow.align.voice import HOP_SAMPLES, SAMPLE_RATE
from workflow.errors import BadInput
from workflow.progress import Watch, part, unwatched
from workflow.timebase import Flicks, FrameGrid
from workflow.tracks.cues import Cue

HOP_SECONDS = HOP_SAMPLES / SAMPLE_RATE
ON, OFF = 0.5, 0.35  # probability at which a voice is taken to begin, and to have ended
JOINED = 0.25  # seconds: a shorter pause is a breath within a line
SHORTEST = 0.1  # seconds
LEAST_SPEECH = 1.0  # seconds in a film, below which it has none
END_LAG = 0.1  # seconds that the detector goes on hearing a voice that has ended; then learnt from the film


def align_to_speech(
    cues: Sequence[Cue],
    speech: Speech,
    *,
    grid: FrameGrid | None = None,
    film_duration: Flicks | None = None,
    shots: Sequence[Flicks] = (),
    gap_frames: int = place.GAP_FRAMES,
    watch: Watch = unwatched,
) -> Alignment:
    """New times for *cues* by what is heard in the film, in any language.

    The arguments are those of `align_to_subtitles`. Raises BadInput NO_SPEECH for a film in which nobody
    speaks, and FILM_TOO_SHORT.
    """
    ref = reference_of_speech(speech)
    times = seconds_of([cues[i] for i in story_order(cues)])
    if len(cues) >= FEWEST_CUES and len(ref.starts) >= FEWEST_CUES:
        ref = with_lag_learnt(times, ref, part(watch, 0, 450))
    room = place.Room(grid, film_duration, tuple(sorted(shots)), gap_frames)
    return align_to(cues, ref, Marks(), room, "speech", part(watch, 450, 1000))


def reference_of_speech(speech: Speech) -> Reference:
    """Voices as a reference; `spoken` keeps the raw probability. Raises NO_SPEECH."""
    spans = voiced_spans(speech.probabilities)
    if float((spans[:, 1] - spans[:, 0]).sum()) < LEAST_SPEECH:
        raise BadInput(
            "NO_SPEECH",
            "Nobody is heard to speak in this film.",
            advice="Align to a subtitle file of the film instead.",
        )
    spans[:, 1] = np.maximum(spans[:, 1] - END_LAG, spans[:, 0] + SHORTEST / 2)
    clock = np.arange(len(speech.probabilities) + 1, dtype=np.float64) * HOP_SECONDS
    return reference_of_spans(spans, SPEECH_SCALES, SPEECH_END_SCALES)._replace(
        clock=clock,
        spoken=np.concatenate([[0.0], np.cumsum(speech.probabilities, dtype=np.float64)])
        * HOP_SECONDS,
    )


def voiced_spans(heard: Probabilities) -> Floats:
    """float64[m, 2] seconds: where somebody speaks, pauses shorter than JOINED left out.

    A voice begins where the probability rises through ON, between two hops in proportion, and lasts until
    it falls through OFF. The probability of a hop is taken to stand at its beginning: measured on speech of
    known times, that leaves in-times without bias (median 0 ms; 10 ms on human readings).
    """
    spans: list[list[float]] = []
    padded = np.concatenate([[0.0], heard.astype(np.float64), [0.0]])
    rises = np.flatnonzero((padded[:-1] < ON) & (padded[1:] >= ON))
    falls = np.flatnonzero((padded[:-1] >= OFF) & (padded[1:] < OFF))
    ended = -1
    for rise in rises:
        if rise < ended:
            continue
        fall = (
            int(falls[np.searchsorted(falls, rise)])
            if len(falls) and falls[-1] >= rise
            else len(heard)
        )
        ended = fall
        start = rise - 0.5 + (ON - padded[rise]) / (padded[rise + 1] - padded[rise])
        end = (
            fall
            - 0.5
            + (padded[fall] - OFF)
            / max(1e-6, padded[fall] - padded[min(fall + 1, len(padded) - 1)])
        )
        if spans and start * HOP_SECONDS - spans[-1][1] < JOINED:
            spans[-1][1] = end * HOP_SECONDS
        else:
            spans.append([start * HOP_SECONDS, end * HOP_SECONDS])
    kept = [span for span in spans if span[1] - span[0] >= SHORTEST]
    return np.maximum(np.array(kept, np.float64).reshape(-1, 2), 0)


def with_lag_learnt(times: Floats, ref: Reference, watch: Watch) -> Reference:
    """*ref* with its out-times shifted to where those of the track usually are.

    How long a voice is heard after its line, and how long the translator lets a line stand, differ from
    film to film; both are the same all through one.
    """
    found = fit(times, ref, watch)
    fitted = times * float(found.rate) + found.offsets[:, None]
    at_start = walk.nearest(ref.starts, fitted[:, 0])
    at_end = walk.nearest(ref.ends, fitted[:, 1])
    close = (np.abs(at_start) < 0.2) & (np.abs(at_end) < 0.8)
    if close.sum() < FEWEST_CUES:
        return ref
    lag = float(np.median(at_end[close]))
    return ref._replace(ends=ref.ends - lag)
