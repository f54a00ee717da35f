"""From an uploaded film to what everybody works with: mezzanine, sound, proxies, poster, peaks, shot changes.

One decode of the upload feeds every output. The mezzanine (render.md 1) is the
film from then on: constant rate, first frame at 0, upright, square pixels,
closed GOPs of two seconds. What was written is measured before it is handed
over; ffmpeg's word is not enough.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from workflow.errors import ToolFailed
from workflow.media import limits
from workflow.media.facts import Film, Finding, MediaFacts
from workflow.media.ffmpeg import film_input, graph_arguments, graph_output, run_ffmpeg
from workflow.media.measure import PictureMeasure, measure_picture
from workflow.media.peaks import write_peaks
from workflow.media.probe import Examined, Picture, Sound, examine, film_facts
from workflow.media.x264 import repeatable_instructions
from workflow.progress import Watch, part, unwatched
from workflow.timebase import (
    FLICKS_PER_SECOND,
    STANDARD_RATES,
    Flicks,
    FrameGrid,
    decimal_seconds,
    nearest_standard_rate,
    nominal_rate,
    to_seconds,
)

SOUND_RATE = 48_000
GOP_SECONDS = 2

#: x264 for the mezzanine. Measured on a noisy 420-line film: a final at CRF 20 made from it has VMAF 97.3 to
#: the upload, one made from the upload directly 97.8 (veryfast and CRF 16: 96.2, with a third less CPU).
_MEZZANINE_PRESET = "faster"
_MEZZANINE_CRF = 14
#: Name → lines, kbit/s of picture at most, kbit/s and channels of sound. 240p is 40 % of a 256 kbit/s link.
_PROXIES = {"proxy240": (240, 110, 40, 1), "proxy480": (480, 600, 96, 2)}
_FEWEST_LINES_FOR_480 = 360
_SHOT_THRESHOLD = 10  # scdet's own default, per cent
_SPARE_FRAMES = (
    3  # that the last frame may be held, when a file says less than exactly how long it lasts
)


@dataclass(frozen=True)
class Ingested:
    """All that ingest made; *files* are in the work folder and belong to the caller.

    files      mezzanine, proxy240, poster; proxy480 unless the film is small; sound and peaks if there is sound
    shots      first frames of new shots, on the mezzanine's grid
    changes    how the mezzanine differs from the upload
    """

    film: Film
    facts: MediaFacts
    files: dict[str, Path]
    shots: tuple[Flicks, ...]
    changes: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The mezzanine that will be made of a film."""

    rate: Fraction
    frames: int
    width: int  # before padding
    height: int
    samples: int
    sound_delay: Flicks  # of the sound's first sample after the first frame; negative: before

    @property
    def duration(self) -> Flicks:
        return FrameGrid(self.rate).time_of(self.frames)

    @property
    def gop(self) -> int:
        return GOP_SECONDS * nominal_rate(self.rate)

    @property
    def padded(self) -> tuple[int, int]:
        return self.width + self.width % 2, self.height + self.height % 2


def ingest(
    source: Path, out: Path, *, watch: Watch = unwatched, ffmpeg: str = "", name: str = ""
) -> Ingested:
    """Make everything of *source* in the empty folder *out*; nothing is left there after a failure.

    The same source gives the same mezzanine, byte for byte, with the same ffmpeg.
    Raises BadInput (see `probe_film`), ToolFailed (see `run_ffmpeg`; OUTPUT_INVALID if what was written
    is not what was planned), and whatever *watch* raises.
    """
    examined = examine(source, name=name, watch=part(watch, 0, 30))
    facts = film_facts(examined)
    try:
        return _ingest(source, out, examined, facts, watch, ffmpeg)
    except BaseException:
        for leftover in out.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        raise


def _ingest(
    source: Path, out: Path, examined: Examined, facts: MediaFacts, watch: Watch, ffmpeg: str
) -> Ingested:
    picture, sound = examined.picture, examined.sound
    assert picture is not None  # noqa: S101  film_facts has seen to it
    plan = plan_mezzanine(picture, sound)
    files = {"mezzanine": out / "mezzanine.mp4", "poster": out / "poster.jpg"}
    for proxy in _PROXIES:
        if proxy == "proxy240" or min(plan.padded) >= _FEWEST_LINES_FOR_480:
            files[proxy] = out / f"{proxy}.mp4"
    if sound:
        files |= {"sound": out / "sound.flac", "peaks": out / "peaks.dat"}
    scenes = out / "scenes.txt"
    run_ffmpeg(
        encode_arguments(source.absolute(), facts.container, picture, sound, plan, files),
        duration=plan.duration,
        watch=part(watch, 30, 900),
        doing="Making the working copy",
        ffmpeg=ffmpeg,
        cwd=out,
        tolerant=True,
    )
    shots = tuple(FrameGrid(plan.rate).time_of(frame) for frame in _shot_frames(scenes))
    scenes.unlink(missing_ok=True)
    measure = measure_picture(files["mezzanine"], watch=part(watch, 900, 920))
    _check_mezzanine(measure, plan)
    for proxy in _PROXIES:
        if proxy in files:
            _check_proxy(measure_picture(files[proxy]), measure)
    if sound:
        samples = write_peaks(files["sound"], files["peaks"], watch=part(watch, 920, 970))
        _require(samples == plan.samples, f"the sound has {samples} samples, not {plan.samples}")
    _draw_poster(files, plan, ffmpeg)
    film = Film(
        hash=_sha256(source),
        mezzanine=_sha256(files["mezzanine"]),
        rate=plan.rate,
        frames=measure.frames,
        width=measure.width,
        height=measure.height,
        has_sound=sound is not None,
    )
    watch(1000, "Done")
    return Ingested(film, facts, files, shots, tuple(_changes(picture, sound, plan, measure)))


# Plan


def plan_mezzanine(picture: Picture, sound: Sound | None) -> Plan:
    """What the mezzanine of a film with this *picture* and *sound* is to be. Pure."""
    rate = mezzanine_rate(picture.rate, constant=picture.constant)
    frames = max(1, round(to_seconds(picture.end - picture.start) * rate))
    width, height = upright_square_size(picture)
    return Plan(
        rate=rate,
        frames=frames,
        width=width,
        height=height,
        samples=round(frames * SOUND_RATE / rate),
        sound_delay=sound.start - picture.start if sound else 0,
    )


def mezzanine_rate(rate: Fraction, *, constant: bool) -> Fraction:
    """The film's own rate if it is constant and standard; a multiple of a slow one; else the nearest."""
    if rate in STANDARD_RATES:
        return rate
    multiples = (s for s in STANDARD_RATES if (s / rate).denominator == 1)
    return (
        next(multiples, None) or nearest_standard_rate(rate)
        if constant
        else nearest_standard_rate(rate)
    )


def upright_square_size(picture: Picture) -> tuple[int, int]:
    """Width and height after rotation, with square pixels: no line is lost unless it grew past the limit."""
    width, height, aspect = picture.width, picture.height, picture.aspect
    if picture.rotation in {90, 270}:
        width, height, aspect = height, width, 1 / aspect
    if aspect == 1:
        return width, height
    wide, tall = (
        (width * aspect, Fraction(height)) if aspect > 1 else (Fraction(width), height / aspect)
    )
    if max(wide, tall) > limits.WIDTH_AND_HEIGHT[0]:
        wide, tall = (
            (Fraction(width), height / aspect) if aspect > 1 else (width * aspect, Fraction(height))
        )
    return max(2, round(wide / 2) * 2), max(2, round(tall / 2) * 2)


# Run


def encode_arguments(
    source: Path,
    container: str,
    picture: Picture,
    sound: Sound | None,
    plan: Plan,
    files: dict[str, Path],
) -> list[str]:
    """Arguments of the one ffmpeg run; it writes scenes.txt, the shot changes, where it runs."""
    upload = film_input(source, container)
    proxies = [proxy for proxy in _PROXIES if proxy in files]
    pictures = _upright(upload[str(picture.index)], picture, plan).split()
    sounds = _aligned(upload[str(sound.index)], sound, plan).asplit() if sound else None
    outputs = [_output(files["mezzanine"], pictures["mezzanine"], **_mezzanine_options(plan))]
    if sounds:
        flac = {"f": "flac", "c:a": "flac", "compression_level": 5, "sample_fmt": "s16"}
        outputs.append(_output(files["sound"], sounds["sound"], **flac))
    for proxy in proxies:
        small = pictures[proxy].filter(
            "scale", *_fitted(plan.padded, _PROXIES[proxy][0]), flags="bicubic"
        )
        if proxy == "proxy240":
            small = small.filter("scdet", threshold=_SHOT_THRESHOLD)
            small = small.filter("metadata", mode="print", key="lavfi.scd.time", file="scenes.txt")
        streams = [small, sounds[proxy]] if sounds else [small]
        outputs.append(_output(files[proxy], *streams, **_proxy_options(proxy, plan, bool(sounds))))
    return graph_arguments(*outputs)


def _upright(video: Any, picture: Picture, plan: Plan) -> Any:
    """Frames of the mezzanine: ffmpeg itself turns them by the display matrix before this chain."""
    video = video.filter("setpts", "PTS-STARTPTS")
    if picture.interlaced:
        video = video.filter("bwdif", mode="send_frame", deint="interlaced")
    video = video.filter("fps", fps=f"{plan.rate.numerator}/{plan.rate.denominator}", round="near")
    video = video.filter("tpad", stop_mode="clone", stop=_SPARE_FRAMES)
    video = video.filter("trim", end_frame=plan.frames)
    if picture.hdr:
        # BT.2100 to BT.709: linear light, Hable's curve, then back; the usual zimg chain.
        video = video.filter("zscale", t="linear", npl=100).filter("format", "gbrpf32le")
        video = video.filter("zscale", p="bt709").filter("tonemap", "hable", desat=0)
        video = video.filter("zscale", t="bt709", m="bt709", r="tv").filter("format", "yuv420p")
    matrix = {}
    if picture.matrix == 2 and not picture.hdr:  # unspecified: what players assume of its size
        matrix = {"in_color_matrix": "bt709" if picture.height > 576 else "bt601"}
    flags = "bicubic+accurate_rnd+full_chroma_int"
    video = video.filter(
        "scale",
        plan.width,
        plan.height,
        flags=flags,
        out_color_matrix="bt709",
        out_range="tv",
        **matrix,
    )
    video = video.filter("format", "yuv420p")
    if plan.padded != (plan.width, plan.height):
        video = video.filter("pad", *plan.padded)
    bt709 = dict.fromkeys(("color_primaries", "color_trc", "colorspace"), "bt709")
    return video.filter("setsar", 1).filter("setparams", range="tv", field_mode="prog", **bt709)


def _aligned(audio: Any, sound: Sound, plan: Plan) -> Any:
    """Exactly as many samples as the picture is long, the first of them at its first frame; gaps are silence."""
    delay = to_seconds(plan.sound_delay)
    audio = audio.filter("asetpts", f"PTS-STARTPTS+({delay.numerator}/{delay.denominator})/TB")
    if sound.channels == 1:  # at its own level on both sides; the default would take off 3 dB
        audio = audio.filter("pan", args="stereo|c0=c0|c1=c0")
    audio = audio.filter(
        "aresample", SOUND_RATE, **{"async": 1}, first_pts=0, out_chlayout="stereo"
    )
    return audio.filter("apad").filter("atrim", end_sample=plan.samples)


def _output(path: Path, *streams: Any, **options: Any) -> Any:
    """Nothing of the upload's tags (places, names, devices), nothing of the encoder's, goes along."""
    bare = {"map_metadata": -1, "map_chapters": -1, "fflags": "+bitexact", "flags": "+bitexact"}
    return graph_output(path, *streams, **bare, **options)


def _x264(plan: Plan, *, threads: int) -> dict[str, Any]:
    """A key frame every two seconds exactly, closed GOPs, and the same bytes on every machine."""
    return {
        "f": "mp4",
        "movflags": "+faststart",
        "video_track_timescale": time_scale(plan.rate),
        "fps_mode": "passthrough",
        "c:v": "libx264",
        "profile:v": "high",
        "pix_fmt": "yuv420p",
        "g": plan.gop,
        "keyint_min": plan.gop,
        "sc_threshold": 0,
        "bf": 2,
        "x264-params": f"open-gop=0:threads={threads}:lookahead-threads=1"
        ":colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv" + repeatable_instructions(),
    }


def _mezzanine_options(plan: Plan) -> dict[str, Any]:
    return {**_x264(plan, threads=4), "preset": _MEZZANINE_PRESET, "crf": _MEZZANINE_CRF}


def _proxy_options(proxy: str, plan: Plan, has_sound: bool) -> dict[str, Any]:
    _, picture_kbits, sound_kbits, channels = _PROXIES[proxy]
    options = {
        **_x264(plan, threads=2),
        "preset": "veryfast",
        "crf": 27,
        "maxrate": f"{picture_kbits}k",
        "bufsize": f"{2 * picture_kbits}k",
    }
    if has_sound:
        options |= {"c:a": "aac", "b:a": f"{sound_kbits}k", "ac": channels}
    return options


def time_scale(rate: Fraction) -> int:
    """Ticks a second in which every frame of *rate* is whole: its numerator, doubled past 10 000."""
    scale = rate.numerator
    while scale < 10_000:
        scale *= 2
    return scale


def _fitted(size: tuple[int, int], lines: int) -> tuple[int, int]:
    """Even width and height with *lines* on the shorter side, never larger than *size*."""
    width, height = size
    ratio = min(Fraction(1), Fraction(lines, min(size)))
    return max(2, round(width * ratio / 2) * 2), max(2, round(height * ratio / 2) * 2)


def _draw_poster(files: dict[str, Path], plan: Plan, ffmpeg: str) -> None:
    """The most typical picture of two seconds, a tenth into the film: openings are often black."""
    film = film_input(files["mezzanine"].absolute(), "mp4", ss=decimal_seconds(plan.duration // 10))
    still = film.video.filter("thumbnail", max(2, min(plan.gop, plan.frames // 2)))
    width = min(640, plan.padded[0])
    still = still.filter("scale", width, -2).filter("format", "yuvj420p")
    options = {"f": "mjpeg", "frames:v": 1, "q:v": 4}
    run_ffmpeg(graph_arguments(_output(files["poster"], still, **options)), ffmpeg=ffmpeg)
    _require(files["poster"].read_bytes()[:2] == b"\xff\xd8", "no poster was drawn")


# Measure


def _shot_frames(scenes: Path) -> list[int]:
    """Frame numbers from the metadata filter's lines ``frame:50 pts:50 pts_time:2``."""
    if not scenes.exists():
        return []
    return [int(number) for number in re.findall(r"^frame:(\d+)", scenes.read_text(), re.M)]


def _check_mezzanine(measure: PictureMeasure, plan: Plan) -> None:
    size = (measure.width, measure.height)
    _require(size == plan.padded, f"the picture has {size}, not {plan.padded}")
    _require(
        measure.codec == "h264" and measure.pixels == "yuv420p",
        f"the picture is {measure.codec} {measure.pixels}",
    )
    _require(measure.rate == plan.rate, "its frames are not evenly spaced from 0")
    _require(
        measure.key_frames == tuple(range(0, measure.frames, plan.gop)),
        "its key frames are not where they should be",
    )
    _require(measure.index_first, "its index is not in front")
    _require(measure.ends_well, "its last pictures cannot be decoded")
    _require(
        0 < measure.frames <= plan.frames, f"it has {measure.frames} frames, not {plan.frames}"
    )


def _check_proxy(proxy: PictureMeasure, mezzanine: PictureMeasure) -> None:
    _require(
        (proxy.frames, proxy.rate) == (mezzanine.frames, mezzanine.rate) and proxy.index_first,
        "a proxy does not have the frames of the working copy",
    )


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ToolFailed(
            "OUTPUT_INVALID",
            f"The working copy is not what it should be: {what}.",
            advice="It is tried again; if it fails once more, an operator should look at the film.",
        )


def _changes(
    picture: Picture, sound: Sound | None, plan: Plan, measure: PictureMeasure
) -> Iterator[Finding]:
    if plan.rate != picture.rate or not picture.constant:
        yield Finding(
            "RATE_CHANGED",
            f"From {float(picture.rate):.3f} to a constant {float(plan.rate):.3f} frames a second.",
        )
    if picture.rotation:
        yield Finding("ROTATED", f"Turned upright by {picture.rotation}°.")
    if picture.aspect != 1:
        yield Finding(
            "SQUARE_PIXELS", f"Stretched to {plan.width}x{plan.height}, as it is meant to be seen."
        )
    if plan.padded != (plan.width, plan.height):
        yield Finding("PADDED", "A black line was added to make width and height even.")
    if picture.interlaced:
        yield Finding("DEINTERLACED", "Fields were made into whole frames.")
    if picture.hdr:
        yield Finding("TONE_MAPPED", "HDR colours were brought to the standard range.")
    if measure.frames < plan.frames:
        yield Finding(
            "PICTURE_ENDS_EARLY",
            f"The last {plan.frames - measure.frames} frames of the film could not be decoded.",
        )
    if sound is None:
        return
    if sound.channels > 2:
        yield Finding("MIXED_DOWN", f"{sound.channels} channels were mixed down to stereo.")
    for what, time in (
        ("before the picture begins", -plan.sound_delay),
        ("after the picture has ended", sound.end - picture.end),
    ):
        if time > FLICKS_PER_SECOND // 5:
            yield Finding(
                "SOUND_CUT", f"{float(to_seconds(time)):.1f} s of sound {what} were left out."
            )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(partial(file.read, 1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
