"""Every kind of source by every recipe: frames, time stamps, cue pixels, sound sync, languages, tags.

    python bench/matrix.py [KIND …]

What `tests/render/test_matrix.py` tries of it in a minute, here wholly. Prints a table and writes
bench/results/matrix.json: "ok", a refusal by its code where MP4 cannot hold a picture, or what was wrong.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.render.kinds import KINDS, RECIPES, check, take_in  # noqa: E402
from workflow.errors import TerjimeError  # noqa: E402
from workflow.render.segments import FolderSegments  # noqa: E402


def main() -> int:
    wanted = sys.argv[1:] or list(KINDS)
    print(f"{'':16}" + "".join(f"{name:>15}" for name in RECIPES))
    found = {kind: _row(kind) for kind in wanted}
    cells = [cell for row in found.values() for cell in row.values()]
    wrong = [cell for cell in cells if cell != "ok" and not cell.startswith("refused")]
    print(f"{len(cells)} films, {len(wrong)} wrong")
    if not sys.argv[1:]:
        result = {"command": "python bench/matrix.py", "films": len(cells), "wrong": len(wrong)}
        out = ROOT / "bench" / "results" / "matrix.json"
        out.write_text(json.dumps(result | {"cells": found}, indent=2, ensure_ascii=False) + "\n")
    return int(bool(wrong))


def _row(kind: str) -> dict[str, str]:
    row = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        taken = take_in(kind, folder)
        for recipe in RECIPES:
            try:
                refused = check(taken, recipe, FolderSegments(folder / "segments"), folder)
                row[recipe] = f"refused {refused}" if refused else "ok"
            except (AssertionError, TerjimeError) as error:
                row[recipe] = str(error).partition("\n")[0] or "wrong"
    print(f"{kind:16}" + "".join(f"{cell[:14]:>15}" for cell in row.values()), flush=True)
    for recipe, cell in row.items():
        if cell != "ok":
            print(f"    {recipe}: {cell}", flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
