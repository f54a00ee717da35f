"""`terjime align`: laying subtitles on another subtitle file, a film or its sound; lines of a script on a recording."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import count
from os.path import basename, splitext
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import numpy  # noqa: F401  see below

from workflow.align import Alignment
from workflow.align import align as align_cues
from workflow.cli import LazyGroup, ProgressLine, print_json
from workflow.errors import BadInput
from workflow.progress import Watch, part
from workflow.timebase import FLICKS_PER_SECOND, Flicks, FrameGrid, clock, parse_rate
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.formats import Imported, format_named, read_subtitles, write_subtitles

# numpy comes first, while few calls are open. Python keeps its calls in blocks of 16 kB and gives a block back as soon
# as the call that began it ends: of numpy's imports, eighty calls deep, 1,400 crossed an edge from further in (12 ms).

if TYPE_CHECKING:
    from pathlib import Path  # which takes as long to load as all formats of subtitles

    from workflow.align import Speech
    from workflow.media.probe import Examined


@click.group(
    cls=LazyGroup,  # a recording needs the dub room and its voices
    elsewhere={
        "recording": "workflow.cli.align_recording:recording",
        "recut": "workflow.cli.align_recut:recut",
    },
)
def align() -> None:
    """Put subtitles made for another copy of the film where they belong."""


class Heard(NamedTuple):
    """What the references given on the command line amount to."""

    cues: tuple[Cue, ...] | None = None
    speech: Speech | None = None
    grid: FrameGrid | None = None
    duration: Flicks | None = None


def _rate(_: click.Context, __: click.Parameter, text: str | None) -> Fraction | None:
    try:
        return parse_rate(text) if text else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@align.command("subtitles")
@click.argument("track", type=click.Path())
@click.option(
    "--reference",
    "references",
    type=click.Path(),
    multiple=True,
    required=True,
    help="A subtitle file of the film in any language, the film, or its sound. May be given twice: both are used.",
)
@click.option("-o", "--output", "out", type=click.Path(), required=True)
@click.option("--report", type=click.Path(), help="Write what was found as JSON.")
@click.option("--fps", callback=_rate, help="Frame rate that times are to end on, e.g. 24000/1001.")
@click.option(
    "--force", is_flag=True, help="Write the best guess even if the two do not belong together."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def subtitles(
    track: str,
    references: tuple[str, ...],
    out: str,
    report: str | None,
    fps: Fraction | None,
    force: bool,
    as_json: bool,
) -> None:
    """Give every cue of TRACK its time on the film.

    Times end on frames if --fps is given or a reference is a film of constant frame rate. No cue is lost
    or reordered, and no text is touched.
    """
    progress = ProgressLine()
    extension = splitext(out)[1].removeprefix(".")
    target = format_named(extension) if extension else None
    imported = _read(track, fps)
    heard = _hear(references, fps, part(progress, 0, 800))
    found = align_cues(
        imported.cues,
        heard.cues,
        heard.speech,
        grid=FrameGrid(fps) if fps else heard.grid,
        film_duration=heard.duration,
        watch=part(progress, 800, 1000),
    )
    progress.done()
    body = found.to_json() | {
        "track": {
            "format": imported.report.format,
            "encoding": imported.report.encoding,
            "repairs": [repair.to_json() for repair in imported.report.repairs],
        }
    }
    if report is not None:
        with open(report, "w", encoding="utf-8") as file:
            file.write(_as_lines(body))
    if not found.related and not force:
        raise BadInput(
            "UNRELATED",
            f"{basename(track)} and {' and '.join(map(basename, references))} do not belong together:"
            " no times were found at which they meet better than by chance.",
            where=basename(track),
            advice="Check that both are of the same film; --force writes the best guess.",
        )
    moved = [
        replace(cue, start=new.start, end=new.end)
        for cue, new in zip(imported.cues, found.cues, strict=True)
    ]
    written = write_subtitles(
        in_order(moved), target.name if target else imported.report.format, frame_rate=fps
    )
    with open(out, "wb") as finished:
        finished.write(written.data)
    if as_json:
        print_json(body)
        return
    for line in _summary(found, out):
        click.echo(line)


def _as_lines(body: dict[str, Any]) -> str:
    """JSON with a line for each cue: to be read and compared by eye, and fast (`indent` is not)."""
    written = json.JSONEncoder(ensure_ascii=False).encode

    def lines(value: Any) -> str:
        if not isinstance(value, list):
            return written(value)
        return "[\n" + ",\n".join(map(written, value)) + "\n]"

    rows = (f"{written(name)}: {lines(value)}" for name, value in body.items())
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _read(path: str, fps: Fraction | None) -> Imported:
    number = count(1)
    with open(path, "rb") as file:
        data = file.read()
    return read_subtitles(data, frame_rate=fps, uid=lambda: f"cue-{next(number)}")


def _hear(references: tuple[str, ...], fps: Fraction | None, watch: Watch) -> Heard:
    heard = Heard()
    for i, path in enumerate(references):
        watched = part(watch, 1000 * i // len(references), 1000 * (i + 1) // len(references))
        text = b"\0" not in _head(path)
        container, refusal = (None, None) if text else _container_of(path)
        if container:
            from pathlib import Path  # noqa: PLC0415

            from workflow.media.probe import examine  # noqa: PLC0415  a subtitle file needs no libav

            film = Path(path)
            examined = examine(film, name=film.name, watch=part(watched, 0, 100))
            speech = _listen(film, container, examined, part(watched, 100, 1000))
            heard = _with_film(heard._replace(speech=speech), examined)
            continue
        try:
            heard = heard._replace(cues=_read(path, fps).cues)
        except BadInput as error:
            # a file that is neither is told what its first bytes look like
            raise (refusal or error) from None
    return heard


def _container_of(path: str) -> tuple[str | None, BadInput | None]:
    from pathlib import Path  # noqa: PLC0415

    from workflow.media.container import sniff  # noqa: PLC0415  a text needs none of its patterns

    try:
        return sniff(Path(path), name=basename(path)), None
    except BadInput as refusal:
        return None, refusal


def _head(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(1 << 16)


def _with_film(heard: Heard, examined: Examined) -> Heard:
    picture = examined.picture
    if picture is None:
        return heard
    return heard._replace(
        grid=FrameGrid(picture.rate) if picture.constant else None,
        duration=picture.end - picture.start,
    )


def _listen(path: Path, container: str, examined: Examined, watch: Watch) -> Speech:
    from workflow.align import detect_speech  # noqa: PLC0415
    from workflow.media.ffmpeg import DEMUXERS  # noqa: PLC0415

    if examined.sound is None:
        raise BadInput(
            "NO_SOUND",
            f"{path.name} has no sound to align to.",
            where=path.name,
            advice="Align to a subtitle file of the film instead.",
        )
    return detect_speech(
        path,
        watch=watch,
        demuxer=DEMUXERS[container],
        stream=examined.sound.index,
        zero=examined.picture.start if examined.picture else examined.facts.start,
    )


def _summary(found: Alignment, out: str) -> Iterator[str]:
    yield f"{len(found.cues)} cues in {len(found.segments)} segments, by {found.method}:"
    for segment in found.segments:
        rate = "" if segment.rate == 1 else f", rate {segment.rate}"
        yield (
            f"  cues {segment.first_cue + 1}-{segment.last_cue + 1}: offset"
            f" {segment.offset / FLICKS_PER_SECOND:+.3f} s{rate}, from {clock(segment.from_time)}"
            f" to {clock(segment.to_time)}, confidence {segment.confidence:.2f}"
        )
    for mark, label in (
        ("no_counterpart", "without counterpart"),
        ("moved_by_neighbours", "moved by neighbours"),
    ):
        if found.marked(mark):
            yield f"  {found.marked(mark)} {label}"
    yield f"on time before {found.before.on_time:.0%}, after {found.after.on_time:.0%}; written to {out}"
