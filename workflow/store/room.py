"""Room on the disks: no work is begun that a full disk would end, and texts are saved to the last."""

from __future__ import annotations

import shutil
from pathlib import Path

from workflow.errors import ToolFailed
from workflow.settings import Settings


def refuse_upload_without_room(settings: Settings, length: int) -> None:
    """Raises ToolFailed DISK_LOW where a film of *length* bytes would leave too little for its copies."""
    disk = shutil.disk_usage(settings.upload_dir)
    spare = min(5 * settings.least_free_bytes // 2, disk.total // 10)
    if disk.free - length < spare:
        raise ToolFailed(
            "DISK_LOW",
            f"The server has {disk.free >> 20} MB free; this film and its working copies need more.",
            advice="An operator must free some space first. Texts and verdicts are still saved.",
        )


def refuse_work_without_room(settings: Settings) -> None:
    """Raises ToolFailed DISK_LOW where a render or an ingest would run into a full disk."""
    if wanting := bytes_wanting(settings):
        raise ToolFailed(
            "DISK_LOW",
            f"The disk is nearly full: {wanting >> 20} MB must be freed before this can begin.",
            advice="An operator must free some space first. Texts and verdicts are still saved.",
        )


def bytes_wanting(settings: Settings) -> int:
    """Bytes that must be freed until work may begin on this machine; 0 when there is room."""
    return max(
        0,
        *(_spare(settings, folder) - shutil.disk_usage(folder).free for folder in _disks(settings)),
    )


def _spare(settings: Settings, folder: Path) -> int:
    return min(settings.least_free_bytes, shutil.disk_usage(folder).total // 20)


def _disks(settings: Settings) -> list[Path]:
    folders = [settings.work_dir, settings.blob_dir or settings.cache_dir]
    return [folder for folder in folders if folder.exists()] or [settings.data_dir]
