"""Every benchmark, each beside its peer in the same run: `python -m bench [NAME …]`; results in bench/results/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    every = sorted(path.stem for path in HERE.glob("*.py") if path.stem != "__main__")
    wanted = sys.argv[1:] or every
    if unknown := set(wanted) - set(every):
        print(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(every)}")
        return 2
    failed = []
    for name in wanted:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, str(HERE / f"{name}.py")], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
