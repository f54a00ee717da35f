"""Any track through any format and back loses exactly what the loss report says: a thousand tracks a format.

    python bench/roundtrips.py [--examples 1000] [--out FILE]

The property is tests/tracks/test_round_trips.py, which runs with a few examples every day; here it runs with many,
from another seed each time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

from workflow.tracks.formats import WRITABLE

ROOT = Path(__file__).parents[1]
PROPERTY = "test_a_track_written_and_read_again_has_lost_exactly_what_the_report_says"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--examples", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    arguments.add_argument(
        "--out", type=Path, default=ROOT / "bench" / "results" / "roundtrips.json"
    )
    arguments.add_argument(
        "--only", default="", help="These formats, with commas; the others' rows stay."
    )
    given = arguments.parse_args()
    names = [known.name for known in WRITABLE]
    kept = (
        json.loads(given.out.read_text("utf-8"))["formats"]
        if given.only and given.out.exists()
        else {}
    )
    given.out.parent.mkdir(parents=True, exist_ok=True)
    for name in given.only.split(",") if given.only else names:
        kept[name] = tried(name, given.examples, given.seed)
        rows = {one: kept[one] for one in names if one in kept}
        met = len(rows) == len(names) and all(
            row["lost_only_what_was_said"] for row in rows.values()
        )
        body = {
            "command": f"python bench/roundtrips.py --examples {given.examples}",
            "formats": rows,
            "met": met,
        }
        given.out.write_text(json.dumps(body, indent=1) + "\n", "utf-8")
    good = sum(bool(row["lost_only_what_was_said"]) for row in rows.values())
    print(f"goal: {len(names)} of {len(names)} formats; {'met' if met else 'MISSED'}: {good}")
    if not met:
        raise SystemExit("a goal was missed")


def tried(name: str, examples: int, seed: int) -> dict[str, object]:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "--timeout=7200", f"--hypothesis-seed={seed}", "-p", "no:cacheprovider",
         f"tests/tracks/test_round_trips.py::{PROPERTY}[{name}]"],
        cwd=ROOT, env=os.environ | {"TERJIME_EXAMPLES": str(examples)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    passed = re.search(r"(\d+) passed", done.stdout) is not None or done.returncode == 0
    seconds = round(time.perf_counter() - began, 1)
    print(
        f"{name:10} {examples} tracks {seconds:6.1f} s  {'lost only what was said' if passed else 'MISSED'}",
        flush=True,
    )
    if not passed:
        print(done.stdout[-3000:])
    return {
        "lost_only_what_was_said": passed,
        "examples": examples,
        "seed": seed,
        "seconds": seconds,
    }


if __name__ == "__main__":
    main()
