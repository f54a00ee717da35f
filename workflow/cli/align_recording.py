"""`terjime align recording`: where each line of a script is spoken in one long recording."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import click

from workflow.cli import ProgressLine, print_json
from workflow.dub.locate import Located, LocatedLine, Take
from workflow.dub.script import spoken_text
from workflow.errors import BadInput
from workflow.locating import locate_in
from workflow.media.facts import Finding
from workflow.timebase import from_float_seconds
from workflow.tracks.cues import Cue
from workflow.tracks.formats import read_subtitles


@click.command("recording")
@click.argument("audio", type=click.Path(path_type=Path))
@click.option(
    "--script",
    type=click.Path(path_type=Path),
    required=True,
    help="The track whose lines were read, in any subtitle format; its times do not matter.",
)
@click.option(
    "--language", default="tk", show_default=True, help="Of the lines: any that espeak-ng speaks."
)
@click.option("-o", "--output", "out", type=click.Path(path_type=Path), required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def recording(audio: Path, script: Path, language: str, out: Path, as_json: bool) -> None:
    """Find every line of a script in AUDIO: read in any order, said again, left out, talked over.

    OUT is JSON. A line with a confidence below 0.9 or with a flag should be listened to.
    """
    progress = ProgressLine()
    texts = [spoken_text(cue.text) for cue in read_script(script)]
    located, findings = locate_in(audio, texts, language, progress, name=audio.name)
    progress.done()
    body = located_json(located, findings)
    out.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if as_json:
        print_json(body)
        return
    sure = sum(line.take is not None and line.take.sure for line in located.lines)
    found = sum(line.take is not None for line in located.lines)
    click.echo(f"{found} of {len(texts)} lines found, {sure} for sure; written to {out}")
    for finding in findings:
        click.echo(f"  {finding.code}: {finding.message}")


def read_script(path: Path) -> tuple[Cue, ...]:
    """Cues of a script. Raises BadInput SCRIPT_EMPTY and what the reader raises."""
    number = count(1)
    try:
        cues = read_subtitles(path.read_bytes(), uid=lambda: f"cue-{next(number)}").cues
    except BadInput as refusal:
        if path.stat().st_size == 0:
            raise BadInput(
                "SCRIPT_EMPTY", "The script is an empty file.", where=path.name
            ) from refusal
        raise
    return cues


def located_json(located: Located, findings: Sequence[Finding]) -> dict[str, Any]:
    """Times in flicks; `line` counts the script's cues from 1."""
    return {
        "lines": [_line(number, line) for number, line in enumerate(located.lines, start=1)],
        "findings": [asdict(finding) for finding in findings],
    }


def _line(number: int, line: LocatedLine) -> dict[str, Any]:
    chosen = line.take
    return {
        "line": number,
        "start": chosen and from_float_seconds(chosen.start),
        "end": chosen and from_float_seconds(chosen.end),
        "confidence": round(chosen.confidence, 3) if chosen else 0.0,
        "sure": bool(chosen and chosen.sure),
        "flags": list(chosen.flags) if chosen else [],
        "takes": [_take(take) for take in line.takes],
    }


def _take(take: Take) -> dict[str, Any]:
    return {
        "start": from_float_seconds(take.start),
        "end": from_float_seconds(take.end),
        "confidence": round(take.confidence, 3),
        "flags": list(take.flags),
    }
