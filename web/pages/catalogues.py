"""Translations, compiled when the server starts: the sources (.po) are what is kept in the repository."""

from __future__ import annotations

import logging
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

log = logging.getLogger("terjime.web")


def compile_stale(folder: Path) -> None:
    """Write each ``messages.mo`` that is missing or older than its ``messages.po``.

    Without it pages speak English; a folder that cannot be written to is no reason not to start.
    """
    for source in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        try:
            _compile(source, target)
        except OSError as error:
            log.warning("%s is not compiled: %s", source, error)


def _compile(source: Path, target: Path) -> None:
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parent.parent.name)
    # Several processes may start at once: the file appears whole or not at all.
    part = target.with_suffix(f".{id(catalogue):x}.part")
    with part.open("wb") as out:
        write_mo(out, catalogue)
    part.replace(target)
