"""The film's sound: 48 kHz stereo as long as the picture, its wave, and the sound of the proxies.

Made with the film, and made again when somebody chooses another of its sound tracks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from workflow.media.examine import Sound
from workflow.media.facts import Finding
from workflow.media.ffmpeg import film_input, graph_arguments, graph_output, run_ffmpeg
from workflow.media.peaks import Wave, write_peaks
from workflow.progress import Watch, part, unwatched
from workflow.timebase import FLICKS_PER_SECOND, Flicks, to_seconds

SOUND_RATE = 48_000
FLAC = {"f": "flac", "c:a": "flac", "compression_level": 5, "sample_fmt": "s16"}
#: Nothing of the upload's tags (places, names, devices), nothing of the encoder's, goes along.
BARE = {"map_metadata": -1, "map_chapters": -1, "fflags": "+bitexact", "flags": "+bitexact"}
#: Of the proxies: kbit/s and channels.
_AAC = {"proxy240": (40, 1), "proxy480": (96, 2)}
#: One side is silent if it has less than this share of the other's power: 50 dB.
_SILENT_SHARE = 1e-5
_CLIPPED_SHARE = 1e-4  # of all samples at the very end of the scale


def aligned(audio: Any, sound: Sound, delay: Flicks, samples: int) -> Any:
    """Exactly *samples*, the first of them at the picture's first frame; gaps are silence.

    delay  of the sound's first sample after the first frame; negative: before
    """
    late = to_seconds(delay)
    audio = audio.filter("asetpts", f"PTS-STARTPTS+({late.numerator}/{late.denominator})/TB")
    if sound.channels == 1:  # at its own level on both sides; the default would take off 3 dB
        audio = audio.filter("pan", args="stereo|c0=c0|c1=c0")
    audio = audio.filter(
        "aresample", SOUND_RATE, **{"async": 1}, first_pts=0, out_chlayout="stereo"
    )
    return audio.filter("apad").filter("atrim", end_sample=samples)


def extract(
    source: Path,
    container: str,
    sound: Sound,
    delay: Flicks,
    samples: int,
    out: Path,
    *,
    watch: Watch = unwatched,
    ffmpeg: str = "",
) -> None:
    """Write the *sound* of the upload at *source* to the FLAC file *out*. Raises ToolFailed."""
    upload = film_input(source.absolute(), container)
    heard = aligned(upload[str(sound.index)], sound, delay, samples)
    run_ffmpeg(
        graph_arguments(graph_output(out, heard, **BARE, **FLAC)),
        duration=samples * (FLICKS_PER_SECOND // SOUND_RATE),
        watch=watch,
        doing="Taking out the sound",
        ffmpeg=ffmpeg,
        tolerant=True,
    )


def finish_sound(
    files: dict[str, Path], pictures: dict[str, Path], *, watch: Watch = unwatched, ffmpeg: str = ""
) -> tuple[int, tuple[Finding, ...]]:
    """Wave and proxies for the FLAC file *files["sound"]*; a sound on one side only is put on both.

    files     where "sound" is and where "peaks" and the proxies are to be
    pictures  role → MP4 whose picture is the proxy's

    Returns the samples of the sound, and what was found or changed.
    """
    wave = write_peaks(files["sound"], files["peaks"], watch=part(watch, 0, 400))
    findings = tuple(_findings(wave))
    if (side := _only_side(wave)) is not None:
        both = files["sound"].with_name("both.flac")
        heard = film_input(files["sound"].absolute(), "flac").audio
        heard = heard.filter("pan", args=f"stereo|c0=c{side}|c1=c{side}")
        run_ffmpeg(graph_arguments(graph_output(both, heard, **BARE, **FLAC)), ffmpeg=ffmpeg)
        both.replace(files["sound"])
    _join(files, pictures, ffmpeg, part(watch, 400, 1000))
    return wave.samples, findings


def _join(files: dict[str, Path], pictures: dict[str, Path], ffmpeg: str, watch: Watch) -> None:
    """The proxies with their sound. A small one is for slow links: one channel."""
    heard = film_input(files["sound"].absolute(), "flac").audio.asplit()
    outputs = []
    for role, picture in pictures.items():
        kbits, channels = _AAC[role]
        small = (
            heard[role].filter("pan", args="mono|c0=.5*c0+.5*c1") if channels == 1 else heard[role]
        )
        outputs.append(
            graph_output(
                files[role],
                film_input(picture.absolute(), "mp4").video,
                small,
                **BARE,
                **{"f": "mp4", "movflags": "+faststart", "c:v": "copy", "b:a": f"{kbits}k"},
                **{"c:a": "aac"},
            )
        )
    run_ffmpeg(graph_arguments(*outputs), doing="Encoding the sound", watch=watch, ffmpeg=ffmpeg)


def was_mended(findings: Iterable[Finding]) -> bool:
    """Whether the sound is another than the upload's because of what was found."""
    return any(finding.code == "ONE_SIDED_SOUND" for finding in findings)


def _only_side(wave: Wave) -> int | None:
    """The channel that alone is heard."""
    loud, quiet = max(wave.power), min(wave.power)
    return wave.power.index(loud) if quiet < loud * _SILENT_SHARE else None


def _findings(wave: Wave) -> Iterator[Finding]:
    if not any(wave.power):
        yield Finding("SILENT_SOUND", "The sound track is silent from beginning to end.")
        return
    if (side := _only_side(wave)) is not None:
        name = ("left", "right")[side]
        yield Finding(
            "ONE_SIDED_SOUND",
            f"The sound was on the {name} side only; it is heard on both now.",
            {"side": name},
        )
    if wave.clipped > wave.samples * _CLIPPED_SHARE:
        yield Finding(
            "SOUND_CLIPPED",
            "The sound is louder than a file can hold in places, and distorted there.",
        )
