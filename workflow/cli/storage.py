"""`terjime storage`: what takes the room, and what will be freed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from workflow.cli import print_json
from workflow.cli.operations import DATA, JSON, _house, _table
from workflow.store.collect import storage_use
from workflow.store.room import bytes_wanting


@click.command()
@DATA
@JSON
def storage(data: Path | None, as_json: bool) -> None:
    """What is kept, by kind; `condemned` is what nobody needs and will be removed within a day."""
    house = _house(data)
    uses = storage_use(house)
    limit = house.settings.segment_cache_bytes
    wanting = bytes_wanting(house.settings)
    house.close()
    if as_json:
        print_json(
            {
                "storage": [asdict(use) for use in uses],
                "segment_limit": limit,
                "wanting": wanting,
            }
        )
        return
    rows = [{"kind": u.kind, "files": u.blobs, "size": f"{u.bytes / 1e6:.1f} MB"} for u in uses]
    _table(rows, ["kind", "files", "size"])
    click.echo(f"\nEncoded parts (segment) are kept up to {limit / 1e9:.1f} GB.")
    if wanting:
        click.echo(
            f"The disk lacks {wanting / 1e6:.0f} MB: no render is begun until they are free."
        )
