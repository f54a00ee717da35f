"""What a package holds: names and bytes in a fixed order, the same for the same material.

A file is either written here, or stored already and only named (`Stored`).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, TypeAlias

from workflow.delivery.names import FAT32_MOST, plain_name
from workflow.delivery.readme import Facts, readme
from workflow.timebase import Flicks, clock
from workflow.tracks.cues import Cue, canonical
from workflow.tracks.formats import write_subtitles

FORM = "terjime-package/1"
SUBTITLE_FORMATS = ("srt", "vtt")  # unless somebody chooses others


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is kept elsewhere under its hash."""

    sha256: str
    size: int


Body: TypeAlias = bytes | Stored
Item: TypeAlias = tuple[str, Body]


@dataclass(frozen=True, slots=True)
class Loudness:
    """After EBU R 128 and ITU-R BS.1770-4; None where there is silence."""

    lufs: float | None
    range_lu: float | None
    true_peak_db: float | None


@dataclass(frozen=True, slots=True)
class FinishedFilm:
    """A final render.

    form        of its recipe: burned, soft-mp4, soft-mkv
    height      lines of the picture
    manifest    what went into it, as it was written then
    dubbed      its first sound is a dub
    """

    name: str
    file: Stored
    form: str
    height: int
    duration: Flicks
    manifest: dict[str, Any]
    loudness: Loudness | None = None
    dubbed: bool = False

    @property
    def drawn(self) -> bool:
        """Its subtitles are part of the picture."""
        return not self.form.startswith("soft")

    @property
    def file_name(self) -> str:
        stem, _, suffix = self.name.rpartition(".")
        return f"{plain_name(stem)}.{suffix}"


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that a package is made from.

    inputs      SHA-256 by role: film, mezzanine, sound, document
    rate        of the film, for formats that count frames
    approval    verdict, reviewer's name, the hashes that were watched
    approved    milliseconds since 1970 UTC: the time that every file in the package gets
    findings    of the checks, as they are printed
    tools       versions of what made the package
    """

    title: str
    language: str
    number: int
    track_hash: str
    inputs: dict[str, str | None]
    cues: Sequence[Cue]
    rate: Fraction
    duration: Flicks
    films: Sequence[FinishedFilm]
    poster: Stored | None
    approval: dict[str, Any]
    approver: str
    approved: int
    findings: Sequence[dict[str, Any]]
    tools: dict[str, str]
    formats: Sequence[str] = SUBTITLE_FORMATS

    @property
    def stem(self) -> str:
        return f"{plain_name(self.title)}.{plain_name(self.language)}.v{self.number}"

    @property
    def facts(self) -> Facts:
        date = datetime.fromtimestamp(self.approved / 1000, UTC).strftime("%Y-%m-%d")
        return Facts(
            self.title, self.language, self.number, self.track_hash[:8], self.approver, date
        )


def delivery_items(material: Material) -> list[Item]:
    """A delivery: films, subtitle files, poster, report, manifest, README, SHA256SUMS.

    Raises BadInput of `write_subtitles` for a format that cannot hold these cues.
    """
    subtitles, losses = subtitle_items(material)
    items: list[Item] = [*film_items(material), *subtitles]
    if material.poster:
        items.append(("poster.jpg", material.poster))
    items += report_items(material)
    items.append(("README.txt", readme("delivery", material.facts, too_large=too_large(items))))
    items.append(("manifest.json", manifest(material, items, losses)))
    return [*items, ("SHA256SUMS", sums(items))]


def film_items(material: Material) -> list[Item]:
    """The films under their plain names; two that would share one are told apart by a number."""
    taken: Counter[str] = Counter()
    items: list[Item] = []
    for film in material.films:
        stem, _, suffix = film.file_name.rpartition(".")
        taken[film.file_name.lower()] += 1
        again = taken[film.file_name.lower()]
        items.append((f"films/{stem}{f'-{again}' if again > 1 else ''}.{suffix}", film.file))
    return items


def subtitle_items(material: Material) -> tuple[list[Item], dict[str, list[dict[str, str]]]]:
    """The subtitle files, and what each could not hold."""
    items: list[Item] = []
    losses = {}
    for name in dict.fromkeys(material.formats):
        written = write_subtitles(
            material.cues,
            name,
            language=material.language,
            frame_rate=material.rate,
            title=material.title,
        )
        path = f"subtitles/{material.stem}{written.extension}"
        if any(path == other for other, _ in items):
            path = f"subtitles/{material.stem}.{name}{written.extension}"
        items.append((path, written.data))
        losses[path] = [loss.to_json() for loss in written.losses]
    return items, losses


def report_items(material: Material) -> list[Item]:
    """Findings and loudness: report.json for programs, report.txt for people."""
    severities = Counter(finding["severity"] for finding in material.findings)
    body = {
        "form": "terjime-report/1",
        "track": {"language": material.language, "version": material.number},
        "cues": len(material.cues),
        "findings": list(material.findings),
        "counts": dict(sorted(severities.items())),
        "films": [
            {
                "file": path,
                "form": film.form,
                "duration": film.duration,
                "loudness": asdict(film.loudness) if film.loudness else None,
            }
            for (path, _), film in zip(film_items(material), material.films, strict=True)
        ],
    }
    return [("report.json", _pretty(body)), ("report.txt", _report_text(material, body))]


def _report_text(material: Material, body: dict[str, Any]) -> bytes:
    lines = [
        f"{material.title}: {material.language}, version {material.number}",
        f"{body['cues']} cues, {len(material.findings)} findings of the checks"
        + "".join(f", {count} {severity}" for severity, count in body["counts"].items()),
        "",
        "Sound (EBU R 128)",
    ]
    for film in body["films"]:
        sound = film["loudness"]
        lines.append(
            f"  {film['file']}: "
            + (
                f"{_db(sound['lufs'])} LUFS, range {_db(sound['range_lu'])} LU,"
                f" true peak {_db(sound['true_peak_db'])} dBTP"
                if sound
                else "no sound"
            )
        )
    lines += ["", "Findings" if material.findings else "No findings."]
    for finding in material.findings:
        at = clock(material.cues[finding["cue"] - 1].start)
        lines.append(
            f"  {finding['rule']} {finding['severity']}, cue {finding['cue']} at {at}: {finding['message']}"
        )
    return "\r\n".join([*lines, ""]).encode("utf-8-sig")


def _db(value: float | None) -> str:
    return "silence" if value is None else f"{value:.1f}"


def manifest(
    material: Material, items: Sequence[Item], losses: dict[str, list[dict[str, str]]]
) -> bytes:
    """Where everything comes from: each input by its hash, each render as its own manifest says."""
    return _pretty(
        {
            "form": FORM,
            "title": material.title,
            "track": {
                "language": material.language,
                "version": material.number,
                "track_hash": material.track_hash,
                "cues": len(material.cues),
            },
            "inputs": material.inputs,
            "approval": material.approval,
            "renders": [film.manifest for film in material.films],
            "losses": losses,
            "tools": material.tools,
            "files": [
                {"name": name, "sha256": hash_of(body), "bytes": size_of(body)}
                for name, body in items
            ],
        }
    )


def sums(items: Sequence[Item]) -> bytes:
    """SHA256SUMS, as ``sha256sum -c`` reads it inside the folder."""
    return "".join(f"{hash_of(body)}  {name}\n" for name, body in items).encode()


def hash_of(body: Body) -> str:
    return hashlib.sha256(body).hexdigest() if isinstance(body, bytes) else body.sha256


def size_of(body: Body) -> int:
    return len(body) if isinstance(body, bytes) else body.size


def too_large(items: Sequence[Item]) -> bool:
    """Whether a file of them does not fit on a FAT32 disk."""
    return any(size_of(body) > FAT32_MOST for _, body in items)


def _pretty(body: Any) -> bytes:
    """JSON to be read by people too; the same value is the same bytes."""
    text = json.dumps(json.loads(canonical(body)), ensure_ascii=False, indent=1, sort_keys=True)
    return text.encode() + b"\n"
