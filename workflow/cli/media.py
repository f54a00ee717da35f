"""`terjime media`: what a file holds."""

from __future__ import annotations

from pathlib import Path

import click

from workflow.cli import ProgressLine, print_json
from workflow.media.facts import MediaFacts, Stream
from workflow.media.names import display_name
from workflow.media.probe import probe
from workflow.timebase import clock


@click.group()
def media() -> None:
    """Look at films and recordings."""


@media.command("probe")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def probe_command(file: Path, as_json: bool) -> None:
    """What FILE holds, as ingest would see it."""
    progress = ProgressLine()
    facts = probe(file, name=file.name, watch=progress)
    progress.done()
    if as_json:
        print_json(facts.to_json())
        return
    click.echo(
        f"{display_name(file.name)}: {facts.kind}, {facts.container}, {clock(facts.duration)}"
    )
    for line in _lines(facts):
        click.echo(f"  {line}")


def _lines(facts: MediaFacts) -> list[str]:
    start = [f"starts at {clock(facts.start)}"] if facts.start else []
    streams = [f"{stream.type}: {', '.join(_measures(stream))}" for stream in facts.streams]
    return [*start, *streams, *(f"{f.code}: {f.message}" for f in facts.findings)]


def _measures(stream: Stream) -> list[str]:
    words = [stream.codec]
    if stream.width:
        words.append(f"{stream.width}x{stream.height}")
    if stream.frame_rate:
        words.append(f"{float(stream.frame_rate):.6g} frames a second")
    if stream.frames:
        words.append(f"{stream.frames} frames")
    if stream.rotation:
        words.append(f"turned by {stream.rotation}°")
    if stream.sample_rate:
        words.append(f"{stream.sample_rate} Hz")
    if stream.channels:
        words.append("mono" if stream.channels == 1 else f"{stream.channels} channels")
    return [*words, *([stream.language] if stream.language else [])]
