"""The dubbed film: the picture as it was, the dub first, the original second, both named by language."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from workflow.dub.loudness import Measured, Meter, measure_file
from workflow.dub.mix import Mix, MixReport, Target, loudness_in, master
from workflow.dub.sound import RATE, Samples, decoded, samples_of
from workflow.dub.stem import Ear
from workflow.errors import BadInput, ToolFailed
from workflow.language.codes import three_letters
from workflow.media.container import sniff
from workflow.media.facts import Finding
from workflow.media.ffmpeg import input_arguments, run_ffmpeg
from workflow.media.probe import Examined, examine
from workflow.progress import Watch, part, unwatched
from workflow.timebase import FLICKS_PER_SECOND, Flicks, decimal_seconds

SUFFIXES = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".wav": "wav"}
_BIT_RATE = "256k"
_ATTEMPTS = 4
_CLOSE_ENOUGH, _TOLERANCE = 0.06, 0.1  # LU


@dataclass(frozen=True, slots=True)
class Original:
    """The film that is dubbed: measures that the mix needs."""

    path: Path
    container: str
    length: int  # samples at 48 kHz
    start: Flicks  # of the earliest stream, on the file's clock
    picture_start: Flicks
    sound_index: int | None
    language: str | None

    @property
    def duration(self) -> Flicks:
        return self.length * (FLICKS_PER_SECOND // RATE)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was written, measured as a player decodes it."""

    mix: MixReport
    file: Measured


def open_film(path: Path, *, watch: Watch = unwatched) -> Original:
    """Raises BadInput NO_VIDEO and whatever `examine` raises."""
    found: Examined = examine(path, name=path.name, watch=watch)
    if found.picture is None:
        raise BadInput(
            "NO_VIDEO",
            f"{path.name} has sound but no picture.",
            where=path.name,
            advice="Name the film that is to be dubbed.",
        )
    languages = [stream.language for stream in found.facts.streams if stream.type == "audio"]
    return Original(
        path,
        sniff(path, name=path.name),
        samples_of(found.picture.end - found.picture.start),
        found.facts.start,
        found.picture.start,
        found.sound.index if found.sound else None,
        languages[0] if languages else None,
    )


def film_sound(film: Original, work: Path, *, watch: Watch = unwatched) -> Samples:
    """The film's own sound on the picture's time, exactly as long: a memory map in *work*; silence if none."""
    return _laid_down(
        film.path, film, work / "original.f32", film.sound_index, film.picture_start, watch
    )


def stem_sound(
    stem: Path, film: Original, work: Path, *, watch: Watch = unwatched
) -> tuple[Samples, tuple[Finding, ...]]:
    """An M&E stem and what is to be said of it; its first sample is the film's first.

    Raises BadInput STEM_LENGTH, SILENT, and as `decoded`.
    """
    ear = Ear()
    laid = _laid_down(stem, film, work / "stem.f32", None, None, watch, ear=ear)
    return laid, ear.say(stem, film.length)


def _laid_down(
    path: Path,
    film: Original,
    out: Path,
    stream: int | None,
    zero: Flicks | None,
    watch: Watch,
    *,
    ear: Ear | None = None,
) -> Samples:
    mapped = np.memmap(out, np.float32, "w+", shape=(film.length, 2))
    if ear is None and stream is None:
        return mapped
    place = 0
    for block in decoded(path, stream=stream, zero=zero, watch=watch):
        end = min(place + len(block), film.length)
        if place < end:
            mapped[place:end] = block[: end - place]
        place += len(block)
        if ear is not None:
            ear.hear(block)
    return mapped


def deliver(
    mix: Mix,
    film: Original,
    out: Path,
    target: Target,
    *,
    language: str = "tk",
    keep_mix: Path | None = None,
    watch: Watch = unwatched,
    ffmpeg: str = "",
) -> Delivered:
    """Write the mix as *out*: a film (.mp4, .mov, .mkv) or the sound alone (.wav).

    The picture is copied. The dub is AAC in MP4 and lossless FLAC in Matroska. What was written is decoded
    and measured; when the codec overshoots the true peak, the mix is limited lower and written again.

    keep_mix  where the mix as WAV is to stay

    Raises BadInput OUTPUT_NAME, ToolFailed OUTPUT_INVALID when the loudness cannot be met.
    """
    kind = SUFFIXES.get(out.suffix.lower())
    if kind is None:
        raise BadInput(
            "OUTPUT_NAME",
            f"A dub cannot be written as “{out.suffix}”.",
            where=out.name,
            advice=f"Use one of {', '.join(SUFFIXES)}.",
        )
    with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=".dub.") as name:
        work = Path(name)
        wav, made = keep_mix or work / "mix.wav", work / f"made{out.suffix.lower()}"
        lossy = kind in {"mp4", "mov"}
        headroom, offset = (0.5 if lossy else 0.0), 0.0
        for attempt in range(_ATTEMPTS):
            step = part(watch, 1000 * attempt // _ATTEMPTS, 1000 * (attempt + 1) // _ATTEMPTS)
            aim = replace(target, lufs=target.lufs + offset)
            report = master(mix, wav, aim, watch=part(step, 0, 600), headroom_db=headroom)
            made.unlink(missing_ok=True)
            if kind == "wav":
                made.hardlink_to(wav)
            else:
                _mux(film, wav, made, kind, language, part(step, 600, 900), ffmpeg)
            measured = measure_file(
                made, duration=film.duration, watch=part(step, 900, 1000), ffmpeg=ffmpeg
            )
            heard = _loudness_as_decoded(made, mix, target) if lossy else report.lufs
            over = measured.true_peak_db - target.true_peak_db
            off = target.lufs - heard
            if not math.isfinite(off) or (over <= 0 and abs(off) < _CLOSE_ENOUGH):
                break
            # a codec takes away the highest frequencies, and overshoots
            offset += off if lossy else 0.0
            headroom += max(0.0, over + 0.1)
        else:
            if over > 0 or abs(off) > _TOLERANCE:
                raise ToolFailed(
                    "OUTPUT_INVALID",
                    f"The written dub has {heard:.2f} LUFS and peaks at {measured.true_peak_db} dBTP;"
                    f" wanted are {target.lufs} and at most {target.true_peak_db}.",
                    advice="The material is too uneven for this loudness: choose a lower one.",
                )
        made.replace(out)
    watch(1000, "Done")
    return Delivered(replace(report, lufs=heard), measured)


def _loudness_as_decoded(path: Path, mix: Mix, target: Target) -> float:
    meter = Meter()
    for block in decoded(path):
        meter.add(block)
    return loudness_in(meter.cells, mix, target)


def _mux(
    film: Original, wav: Path, out: Path, kind: str, language: str, watch: Watch, ffmpeg: str
) -> None:
    sound = film.sound_index is not None
    codec = ["-c:a:0", "flac"] if kind == "matroska" else ["-c:a:0", "aac", "-b:a:0", _BIT_RATE]
    original = (
        [
            *("-map", f"0:{film.sound_index}", "-c:a:1", "copy", "-disposition:a:1", "0"),
            *("-metadata:s:a:1", f"language={three_letters(film.language)}"),
        ]
        if sound
        else []
    )
    run_ffmpeg(
        [
            *input_arguments(film.path.absolute(), film.container),
            # ffmpeg moves the film's earliest stream to 0; the dub begins with the first frame.
            *("-itsoffset", decimal_seconds(film.picture_start - film.start)),
            *input_arguments(wav.absolute(), "wav"),
            *("-map", "0:v:0", "-c:v", "copy", "-map", "1:a:0", *codec),
            *(
                "-disposition:a:0",
                "default",
                "-metadata:s:a:0",
                f"language={three_letters(language)}",
            ),
            *original,
            *("-map_chapters", "0", "-map_metadata", "-1", "-fflags", "+bitexact"),
            *(("-movflags", "+faststart") if kind in {"mp4", "mov"} else ()),
            *("-f", kind, f"file:{out.absolute()}"),
        ],
        duration=film.duration,
        watch=watch,
        doing="Writing the dubbed film",
        ffmpeg=ffmpeg,
    )
