"""`terjime align recut`: laying a track on a new cut of its film."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import click

from workflow.align.fingerprint import Fingerprint, fingerprint
from workflow.align.recut import pieces_kept
from workflow.align.recut import recut as recut_cues
from workflow.cli import ProgressLine, print_json
from workflow.errors import BadInput
from workflow.media.container import sniff
from workflow.media.ffmpeg import DEMUXERS
from workflow.media.probe import Examined, examine
from workflow.progress import Watch, part
from workflow.timebase import FLICKS_PER_SECOND, FrameGrid, clock
from workflow.tracks.formats import format_named, read_subtitles, write_subtitles


@click.command("recut")
@click.argument("track", type=click.Path(path_type=Path))
@click.option("--old", type=click.Path(path_type=Path), required=True, help="The film it is on.")
@click.option("--new", type=click.Path(path_type=Path), required=True, help="The film's new cut.")
@click.option("-o", "--output", "out", type=click.Path(path_type=Path), required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def recut(track: Path, old: Path, new: Path, out: Path, as_json: bool) -> None:
    """Lay TRACK, which is timed to the old cut of a film, on the new one, by the sound of both.

    Cues whose place was cut out are left out and named; cues that a cut goes through are named too.
    """
    progress = ProgressLine()
    number = count(1)
    imported = read_subtitles(track.read_bytes(), uid=lambda: f"cue-{next(number)}")
    before, _ = _listen(old, part(progress, 0, 480))
    after, examined = _listen(new, part(progress, 480, 960))
    picture = examined.picture
    found = recut_cues(
        imported.cues,
        pieces_kept(before, after),
        grid=FrameGrid(picture.rate) if picture and picture.constant else None,
        duration=picture.end - picture.start if picture else None,
    )
    progress.done()
    if not found.cues:
        raise BadInput("NO_CUES", "No cue of the track is in the new cut.", where=track.name)
    form = format_named(out.suffix).name if out.suffix else imported.report.format
    rate = picture.rate if picture and picture.constant else None
    out.write_bytes(write_subtitles(found.cues, form, frame_rate=rate).data)
    places = {cue.uid: n for n, cue in enumerate(imported.cues, start=1)}
    torn, gone = (sorted(places[uid] for uid in uids) for uids in (found.torn, found.gone))
    if as_json:
        pieces = [{"from": p.start, "to": p.end, "offset": p.offset} for p in found.pieces]
        print_json({"cues": len(found.cues), "torn": torn, "gone": gone, "pieces": pieces})
        return
    for piece in found.pieces:
        offset = piece.offset / FLICKS_PER_SECOND
        click.echo(f"  {clock(piece.start)} to {clock(piece.end)}: {offset:+.2f} s")
    for numbers, what in ((torn, "are cut through"), (gone, "are no longer in the film")):
        if numbers:
            click.echo(f"  cues {', '.join(map(str, numbers))} {what}")
    click.echo(f"{len(found.cues)} of {len(imported.cues)} cues written to {out}")


def _listen(path: Path, watch: Watch) -> tuple[Fingerprint, Examined]:
    container = sniff(path, name=path.name)
    examined = examine(path, name=path.name, watch=part(watch, 0, 100))
    if examined.sound is None:
        raise BadInput("NO_SOUND", f"{path.name} has no sound.", where=path.name)
    heard = fingerprint(
        path,
        watch=part(watch, 100, 1000),
        demuxer=DEMUXERS[container],
        stream=examined.sound.index,
        zero=examined.picture.start if examined.picture else examined.facts.start,
    )
    return heard, examined
