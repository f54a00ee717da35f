"""A training room: a folder with films and one page, played from a memory stick in any browser.

Pages of file:// may fetch nothing and load no text tracks, so the page carries its script, its styles
and every line of the subtitles in itself; only films and poster lie beside it. Its policy allows
nothing else: no address outside the folder, no script but its own.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from workflow.delivery.contents import (
    FinishedFilm,
    Item,
    Material,
    film_items,
    manifest,
    subtitle_items,
    sums,
    too_large,
)
from workflow.delivery.readme import readme
from workflow.timebase import FLICKS_PER_SECOND, Flicks, FrameGrid
from workflow.tracks.cues import Cue, in_order


def room_items(material: Material) -> list[Item]:
    """The folder: index.html, films, poster, subtitle files for other players, README, sums."""
    films = film_items(material)
    subtitles, losses = subtitle_items(material)
    beside: list[Item] = [*films, *subtitles]
    if material.poster:
        beside.append(("poster.jpg", material.poster))
    page = room_page(material, [path for path, _ in films])
    items: list[Item] = [("index.html", page), *beside]
    items.append(("README.txt", readme("room", material.facts, too_large=too_large(items))))
    items.append(("manifest.json", manifest(material, items, losses)))
    return [*items, ("SHA256SUMS", sums(items))]


def room_page(material: Material, paths: Sequence[str]) -> bytes:
    """index.html. *paths* of the films, in their order."""
    room = files("workflow.delivery") / "room"
    style, script = (room.joinpath(name).read_text("utf-8") for name in ("player.css", "player.js"))
    words = json.loads(room.joinpath("words.json").read_text("utf-8"))
    data = {
        "name": material.track_hash[:16],
        "language": material.language,
        "languageName": material.language,
        "poster": "poster.jpg" if material.poster else None,
        "words": words,
        "films": [
            _film(film, path, material.cues, FrameGrid(material.rate))
            for film, path in zip(material.films, paths, strict=True)
        ],
    }
    page = room.joinpath("page.html").read_text("utf-8")
    # Films and poster are files of this folder: 'self' in one browser, file: in another.
    policy = (
        f"default-src 'none'; script-src '{_named(script)}'; style-src '{_named(style)}'; "
        "media-src 'self' file:; img-src 'self' file:; base-uri 'none'; form-action 'none'"
    )
    values = {
        "policy": policy,
        "title": html.escape(material.title),
        "style": style,
        "script": script,
        "data": _inside_html(data),
    }
    page = re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], page)
    return page.encode()


def _film(film: FinishedFilm, path: str, cues: Sequence[Cue], grid: FrameGrid) -> dict[str, Any]:
    """A film as the page knows it. Cues come and go with the frames that a burned-in film draws them on."""

    def seconds(time: Flicks) -> float:
        return grid.time_of(grid.first_frame_at(time)) / FLICKS_PER_SECOND

    return {
        "file": path,
        "form": "dubbed" if film.dubbed else "burned" if film.drawn else "soft",
        "height": film.height,
        "drawn": film.drawn,
        "cues": [
            {
                "start": seconds(cue.start),
                "end": seconds(cue.end),
                "text": cue.text,
                "position": cue.position,
            }
            for cue in in_order(cues)
        ],
    }


def _named(text: str) -> str:
    """How a policy names what stands inside the page (CSP 3, hash-source)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _inside_html(data: Any) -> str:
    """JSON that no parser of HTML takes for the end of its element."""
    text = json.dumps(data, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
