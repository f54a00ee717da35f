"""From an uploaded film to what everybody works with: mezzanine, sound, proxies, poster, thumbnails, peaks, shot changes.

One decode of the upload feeds every output. The mezzanine is the film from then
on: constant rate, first frame at 0, upright, square pixels, closed GOPs. A film
that is so already is not encoded: its packets are copied. What was written is
measured before it is handed over; ffmpeg's word is not enough.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from workflow.errors import BadInput, ToolFailed
from workflow.media import limits
from workflow.media.examine import JOINED
from workflow.media.facts import Film, Finding, MediaFacts
from workflow.media.ffmpeg import film_input, graph_arguments, graph_output, run_ffmpeg
from workflow.media.joints import join_recordings
from workflow.media.measure import PictureMeasure, measure_picture
from workflow.media.probe import Examined, Picture, Sound, examine, film_facts
from workflow.media.remux import copy_picture
from workflow.media.shots import read_differences, shot_changes
from workflow.media.soundtrack import (
    BARE,
    FLAC,
    SOUND_RATE,
    aligned,
    extract,
    finish_sound,
    was_mended,
)
from workflow.media.thumbs import Sheet, write_index
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

GOP_SECONDS = 2

#: x264 for the mezzanine. Measured on a noisy 420-line film: a final at CRF 20 made from it has VMAF 97.3 to
#: the upload, one made from the upload directly 97.8 (veryfast and CRF 16: 96.2, with a third less CPU).
_MEZZANINE_PRESET = "faster"
_MEZZANINE_CRF = 9  # after the final encode, VMAF is within 0.5 of a burn-in of the original itself
#: Name → lines, kbit/s of picture at most; each is made from the one before it. With its sound (soundtrack.py)
#: 240p is 40 % of a 256 kbit/s link.
_PROXIES = {"proxy480": (480, 600), "proxy240": (240, 110)}
_FEWEST_LINES_FOR_480 = 360
_SD_LINES = 576  # up to here players take colours that a file leaves open for BT.601
#: Codes of changes that belong to the sound and go with it.
SOUND_CHANGES = frozenset(
    ("MIXED_DOWN", "SOUND_CUT", "ONE_SIDED_SOUND", "SILENT_SOUND", "SOUND_CLIPPED")
)
_SPARE_FRAMES = (
    3  # that the last frame may be held, when a file says less than exactly how long it lasts
)


@dataclass(frozen=True)
class Ingested:
    """All that ingest made; *files* are in the work folder and belong to the caller.

    files      mezzanine, proxy240, poster, thumbs and thumbs-index; proxy480 unless the film is small; sound
               and peaks if there is sound; joined if the upload has several clocks
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
    """The mezzanine that will be made of a film.

    keys   key frames of a picture that is copied; none: one every two seconds
    """

    rate: Fraction
    frames: int
    width: int  # before padding
    height: int
    samples: int
    sound_delay: Flicks  # of the sound's first sample after the first frame; negative: before
    keys: tuple[int, ...] = ()

    @property
    def duration(self) -> Flicks:
        return FrameGrid(self.rate).time_of(self.frames)

    @property
    def gop(self) -> int:
        return GOP_SECONDS * nominal_rate(self.rate)

    @property
    def padded(self) -> tuple[int, int]:
        return self.width + self.width % 2, self.height + self.height % 2

    @property
    def sheet(self) -> Sheet:
        return Sheet.of(self.frames, self.gop, self.padded)


def ingest(
    source: Path,
    out: Path,
    *,
    watch: Watch = unwatched,
    ffmpeg: str = "",
    name: str = "",
    language: str = "",
    sound: int | None = None,
) -> Ingested:
    """Make everything of *source* in the empty folder *out*; nothing is left there after a failure.

    language, sound   which of several sounds is used: see `examine`

    The same source gives the same mezzanine, byte for byte, with the same ffmpeg.
    Raises BadInput (see `probe_film`), ToolFailed (see `run_ffmpeg`; OUTPUT_INVALID if what was written
    is not what was planned), and whatever *watch* raises.
    """
    examined = examine(source, name=name, language=language, sound=sound, watch=part(watch, 0, 20))
    film_facts(examined)
    try:
        if examined.picture and any(said.code == JOINED for said in examined.facts.findings):
            return _joined(source, out, examined, watch, ffmpeg, name)
        if is_fit(examined.picture):
            try:
                return _ingest(source, out, examined, watch, ffmpeg, copied=True)
            except ToolFailed as error:
                if error.code not in {"FFMPEG_FAILED", "OUTPUT_INVALID"}:
                    raise
                _clear(out)  # it is not as fit as it looked
        return _ingest(source, out, examined, watch, ffmpeg, copied=False)
    except BaseException:
        _clear(out)
        raise


def _joined(
    source: Path, out: Path, examined: Examined, watch: Watch, ffmpeg: str, name: str
) -> Ingested:
    """Of recordings one behind the other: made from a copy of them that has one clock."""
    assert examined.picture is not None  # noqa: S101  the caller has looked
    joined = out / "joined.ts"
    join_recordings(source, examined.picture.index, joined, watch=part(watch, 20, 80))
    number = examined.sound.number if examined.sound else None
    whole = examine(joined, name=name, sound=number, watch=part(watch, 80, 100))
    made = _ingest(joined, out, whole, part(watch, 100, 1000), ffmpeg, copied=False)
    film = replace(made.film, hash=_sha256(source), joined=made.film.hash)
    return replace(made, film=film, facts=examined.facts, files=made.files | {"joined": joined})


def choose_sound(
    source: Path,
    out: Path,
    film: Film,
    proxies: dict[str, Path],
    sound: int,
    *,
    watch: Watch = unwatched,
    ffmpeg: str = "",
    name: str = "",
) -> Ingested:
    """The files that hear the film's sound, made anew with the upload's sound number *sound*.

    proxies   role → file whose picture stays
    out       empty; nothing is left there after a failure

    What comes back has sound, peaks and proxies only. Raises BadInput SOUND_NUMBER, and as `ingest` does.
    """
    examined = examine(source, name=name, sound=sound, watch=part(watch, 0, 50))
    picture, chosen = examined.picture, examined.sound
    if picture is None or chosen is None or chosen.number != sound:
        raise BadInput(
            "SOUND_NUMBER",
            f"The film has no sound number {sound} that can be used.",
            where="sound",
            advice="They are counted from 0.",
        )
    plan = replace(plan_mezzanine(picture, chosen), frames=film.frames)
    plan = replace(plan, samples=round(film.frames * SOUND_RATE / film.rate))
    files = {"sound": out / "sound.flac", "peaks": out / "peaks.dat"}
    files |= {proxy: out / f"{proxy}.mp4" for proxy in proxies}
    try:
        extract(
            source,
            examined.facts.container,
            chosen,
            plan.sound_delay,
            plan.samples,
            files["sound"],
            watch=part(watch, 50, 600),
            ffmpeg=ffmpeg,
        )
        _, heard = finish_sound(files, proxies, watch=part(watch, 600, 1000), ffmpeg=ffmpeg)
    except BaseException:
        _clear(out)
        raise
    changed = replace(film, sound=sound, has_sound=True, mended=was_mended(heard))
    changes = (*_sound_changes(picture, chosen, plan), *heard)
    return Ingested(changed, examined.facts, files, (), changes)


def _clear(folder: Path) -> None:
    for leftover in folder.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _ingest(
    source: Path, out: Path, examined: Examined, watch: Watch, ffmpeg: str, *, copied: bool
) -> Ingested:
    facts, picture, sound = examined.facts, examined.picture, examined.sound
    assert picture is not None  # noqa: S101  film_facts has seen to it
    plan = plan_mezzanine(picture, sound, copied=copied)
    files = {name: out / f"{name}.jpg" for name in ("poster", "thumbs")}
    files |= {"mezzanine": out / "mezzanine.mp4", "thumbs-index": out / "thumbs.vtt"}
    for proxy in _PROXIES:
        if proxy == "proxy240" or min(plan.padded) >= _FEWEST_LINES_FOR_480:
            files[proxy] = out / f"{proxy}.mp4"
    if sound:
        files |= {"sound": out / "sound.flac", "peaks": out / "peaks.dat"}
    silent = {p: out / f"{p}.silent.mp4" if sound else files[p] for p in _PROXIES if p in files}
    if copied:
        copy_picture(
            source,
            facts.container,
            picture,
            plan.rate,
            time_scale(plan.rate),
            files["mezzanine"],
            watch=part(watch, 30, 100),
        )
    upload = source.absolute()
    if copied:
        arguments = derive_arguments(upload, facts.container, sound, plan, files | silent)
    else:
        arguments = encode_arguments(upload, facts.container, picture, sound, plan, files | silent)
    run_ffmpeg(
        arguments,
        duration=plan.duration,
        watch=part(watch, 100 if copied else 30, 900),
        doing="Making the working copy",
        ffmpeg=ffmpeg,
        cwd=out,
        tolerant=not copied,
    )
    scenes = out / "scenes.txt"
    grid = FrameGrid(plan.rate)
    shots = tuple(grid.time_of(frame) for frame in shot_changes(read_differences(scenes)))
    scenes.unlink(missing_ok=True)
    measure = measure_picture(files["mezzanine"], watch=part(watch, 900, 920))
    _check_mezzanine(measure, plan)
    for path in silent.values():
        _check_proxy(measure_picture(path), measure)
    heard: tuple[Finding, ...] = ()
    if sound:
        samples, heard = finish_sound(files, silent, watch=part(watch, 920, 970), ffmpeg=ffmpeg)
        _require(samples == plan.samples, f"the sound has {samples} samples, not {plan.samples}")
        for path in silent.values():
            path.unlink()
    _draw_poster(files, plan, ffmpeg)
    write_index(files["thumbs-index"], plan.sheet, plan.rate, measure.frames)
    film = Film(
        hash=_sha256(source),
        mezzanine=_sha256(files["mezzanine"]),
        rate=plan.rate,
        frames=measure.frames,
        width=measure.width,
        height=measure.height,
        has_sound=sound is not None,
        starts=_cuts(plan, measure.frames) if copied else (),
        sound=sound.number if sound else None,
        mended=was_mended(heard),
    )
    changes = (*_changes(picture, sound, plan, measure), *heard)
    watch(1000, "Done")
    return Ingested(film, facts, files, shots, changes)


# Plan


def is_fit(picture: Picture | None) -> bool:
    """Whether the picture can be the mezzanine's as it is. Pure.

    Colours that the file leaves open are what players assume of such a picture: in HD what we would write.
    """
    if picture is None or picture.copyable is None:
        return False
    open_but_known = picture.matrix == 2 and picture.height > _SD_LINES
    return (
        picture.aspect == 1
        and not (picture.rotation or picture.mirrored or picture.interlaced or picture.hdr)
        and not (picture.width % 2 or picture.height % 2)
        and (picture.matrix == 1 or open_but_known)
        and plan_mezzanine(picture, None).frames == picture.frames
    )


def plan_mezzanine(picture: Picture, sound: Sound | None, *, copied: bool = False) -> Plan:
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
        keys=picture.copyable.starts if copied and picture.copyable else (),
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


def mezzanine_arguments(
    source: Path, container: str, picture: Picture, plan: Plan, out: Path
) -> list[str]:
    """Arguments that make the mezzanine and nothing else: what all that ingest makes is measured against."""
    video = _upright(film_input(source, container)[str(picture.index)], picture, plan)
    return graph_arguments(_output(out, video, **_mezzanine_options(plan)))


def encode_arguments(
    source: Path,
    container: str,
    picture: Picture,
    sound: Sound | None,
    plan: Plan,
    files: dict[str, Path],
) -> list[str]:
    """Arguments of the one ffmpeg run that makes *files*; it writes scenes.txt, what shots.py reads, where it runs.

    Of the proxies it makes the picture; soundtrack.py adds their sound.
    """
    upload = film_input(source, container)
    pictures = _upright(upload[str(picture.index)], picture, plan).split()
    outputs = [_output(files["mezzanine"], pictures["mezzanine"], **_mezzanine_options(plan))]
    outputs += _small_outputs(pictures["small"], plan, files)
    return graph_arguments(*outputs, *_sound_outputs(upload, sound, plan, files))


def derive_arguments(
    source: Path, container: str, sound: Sound | None, plan: Plan, files: dict[str, Path]
) -> list[str]:
    """The same when the mezzanine is there already: it is what is decoded, so this proves it sound."""
    copy = film_input(files["mezzanine"].absolute(), "mp4").video
    outputs = _small_outputs(copy, plan, files)
    return graph_arguments(
        *outputs, *_sound_outputs(film_input(source, container), sound, plan, files)
    )


def _sound_outputs(
    upload: Any, sound: Sound | None, plan: Plan, files: dict[str, Path]
) -> list[Any]:
    if sound is None or "sound" not in files:
        return []
    heard = aligned(upload[str(sound.index)], sound, plan.sound_delay, plan.samples)
    return [_output(files["sound"], heard, **FLAC)]


def _small_outputs(video: Any, plan: Plan, files: dict[str, Path]) -> list[Any]:
    """Proxies, thumbnails and shot changes: each picture is scaled from the next larger one."""
    outputs = []
    for proxy in _PROXIES:
        if proxy in files:
            size = _fitted(plan.padded, _PROXIES[proxy][0])
            if proxy == "proxy240":  # shot changes do not need more
                video = video.filter("scale", *size, flags="area")
                video = video.filter("scdet", threshold=100)  # it measures; shots.py decides
                video = video.filter(
                    "metadata", mode="print", key="lavfi.scd.mafd", file="scenes.txt"
                ).split()
            else:
                video = video.filter("scale", *size, flags="area").split()
            outputs.append(_output(files[proxy], video["proxy"], **_proxy_options(proxy, plan)))
            video = video["next"]
    sheet = plan.sheet
    video = video.filter("select", f"not(mod(n,{sheet.every}))")
    video = video.filter("scale", sheet.width, sheet.height, flags="area")
    video = video.filter("tile", f"{sheet.columns}x{sheet.rows}").filter("format", "yuvj420p")
    options = {"f": "mjpeg", "frames:v": 1, "q:v": 5, "fps_mode": "passthrough"}
    return [*outputs, _output(files["thumbs"], video, **options)]


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
        matrix = {"in_color_matrix": "bt709" if picture.height > _SD_LINES else "bt601"}
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


def _output(path: Path, *streams: Any, **options: Any) -> Any:
    return graph_output(path, *streams, **BARE, **options)


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


def _proxy_options(proxy: str, plan: Plan) -> dict[str, Any]:
    kbits = _PROXIES[proxy][1]
    return {
        **_x264(plan, threads=2),
        "preset": "veryfast",
        "crf": 27,
        "maxrate": f"{kbits}k",
        "bufsize": f"{2 * kbits}k",
    }


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
    """The most typical of five key frames, from a tenth of the film on: openings are often black."""
    start = {"ss": decimal_seconds(plan.duration // 10), "noaccurate_seek": None}
    film = film_input(files["mezzanine"].absolute(), "mp4", skip_frame="nokey", **start)
    width = min(640, plan.padded[0])
    still = film.video.filter("scale", width, -2, flags="area").filter("thumbnail", 5)
    options = {"f": "mjpeg", "frames:v": 1, "q:v": 4, "fps_mode": "passthrough"}
    still = still.filter("format", "yuvj420p")
    run_ffmpeg(graph_arguments(_output(files["poster"], still, **options)), ffmpeg=ffmpeg)
    for picture in ("poster", "thumbs"):
        _require(files[picture].read_bytes()[:2] == b"\xff\xd8", f"no {picture} was drawn")


def _cuts(plan: Plan, frames: int) -> tuple[int, ...]:
    """Of the key frames of a copied picture those at which segments begin: two seconds apart if they can be."""
    cuts = [0]
    for key, following in pairwise((*plan.keys[1:], frames)):
        if following - cuts[-1] > plan.gop:
            cuts.append(key)
    return tuple(cuts)


# Measure


def _check_mezzanine(measure: PictureMeasure, plan: Plan) -> None:
    size = (measure.width, measure.height)
    _require(size == plan.padded, f"the picture has {size}, not {plan.padded}")
    _require(
        measure.codec == "h264" and measure.pixels == "yuv420p",
        f"the picture is {measure.codec} {measure.pixels}",
    )
    _require(measure.rate == plan.rate, "its frames are not evenly spaced from 0")
    _require(
        measure.key_frames == (plan.keys or tuple(range(0, measure.frames, plan.gop))),
        "its key frames are not where they should be",
    )
    _require(measure.index_first, "its index is not in front")
    _require(measure.ends_well, "its last pictures cannot be decoded")
    fewest = plan.frames if plan.keys else 1
    _require(
        fewest <= measure.frames <= plan.frames,
        f"it has {measure.frames} frames, not {plan.frames}",
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
    if plan.keys:
        yield Finding(
            "TAKEN_AS_IS", "The picture is taken as it is: it did not have to be encoded."
        )
    if plan.rate != picture.rate or not picture.constant:
        old, new = f"{float(picture.rate):.3f}", f"{float(plan.rate):.3f}"
        yield Finding(
            "RATE_CHANGED",
            f"From {old} to a constant {new} frames a second.",
            {"old": old, "new": new},
        )
    if picture.rotation:
        yield Finding(
            "ROTATED",
            f"Turned upright by {picture.rotation}°.",
            {"degrees": picture.rotation},
        )
    if picture.mirrored:
        yield Finding("MIRRORED", "Left and right were exchanged, as the file asks for.")
    if picture.aspect != 1:
        size = f"{plan.width}x{plan.height}"
        yield Finding(
            "SQUARE_PIXELS", f"Stretched to {size}, as it is meant to be seen.", {"size": size}
        )
    if plan.padded != (plan.width, plan.height):
        yield Finding("PADDED", "A black line was added to make width and height even.")
    if picture.interlaced:
        yield Finding("DEINTERLACED", "Fields were made into whole frames.")
    if picture.hdr:
        yield Finding("TONE_MAPPED", "HDR colours were brought to the standard range.")
    if measure.frames < plan.frames:
        missing = plan.frames - measure.frames
        yield Finding(
            "PICTURE_ENDS_EARLY",
            f"The last {missing} frames of the film could not be decoded.",
            {"frames": missing},
        )
    if sound is not None:
        yield from _sound_changes(picture, sound, plan)


def _sound_changes(picture: Picture, sound: Sound, plan: Plan) -> Iterator[Finding]:
    if sound.channels > 2:
        yield Finding(
            "MIXED_DOWN",
            f"{sound.channels} channels were mixed down to stereo.",
            {"channels": sound.channels},
        )
    for place, what, time in (
        ("before", "before the picture begins", -plan.sound_delay),
        ("after", "after the picture has ended", sound.end - picture.end),
    ):
        if time > FLICKS_PER_SECOND // 5:
            seconds = f"{float(to_seconds(time)):.1f}"
            yield Finding(
                "SOUND_CUT",
                f"{seconds} s of sound {what} were left out.",
                {"seconds": seconds, "where": place},
            )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(partial(file.read, 1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
