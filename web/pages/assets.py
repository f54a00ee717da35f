"""The built scripts and styles: their hashed names, out of Vite's manifest."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from workflow.errors import ToolMissing

ENTRY = "app.ts"


@cache
def _manifest(built: Path) -> dict[str, Any]:
    """Raises ToolMissing PAGES_NOT_BUILT."""
    try:
        manifest: dict[str, Any] = json.loads((built / "manifest.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise ToolMissing(
            "PAGES_NOT_BUILT",
            "The scripts and styles of the pages are not there.",
            advice="Run make setup, then start Terjime again.",
        ) from error
    return manifest


def script(static: Path) -> str:
    """Path of the one script that every page loads, below the static folder."""
    return f"built/{_manifest(static / 'built')[ENTRY]['file']}"


def styles(static: Path) -> list[str]:
    return [f"built/{name}" for name in _manifest(static / "built")[ENTRY].get("css", [])]
