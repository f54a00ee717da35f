"""Writes the pages of the guide that follow from the code: every error code, every API route.

    .venv/bin/python scripts/write_guide.py          writes docs/guide/errors.md and docs/guide/api-routes.md
    .venv/bin/python scripts/write_guide.py --check  exit status 1 when they are not as they would be written

Codes are read from the source: the first argument of every refusal or failure of workflow/errors.py.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
KINDS = {
    "BadInput": "The input was refused: mend it and try again.",
    "NotAllowed": "This person may not do this.",
    "NotFound": "It is not there, or this person may not know that it is.",
    "Conflict": "The world moved on since it was looked at: look again.",
    "ToolFailed": "A part did not do its work: an operator looks.",
    "ToolMissing": "A part that is needed is not there.",
    "Cancelled": "A person stopped the work.",
}


@dataclass(frozen=True)
class Code:
    kind: str
    code: str
    message: str
    advice: str


def words(node: ast.expr | None) -> str:
    """A message as written, with … where a fact stands."""
    if node is None:
        return ""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
        )
    return "…"


def codes() -> list[Code]:
    found: dict[tuple[str, str], Code] = {}
    for package in ("workflow", "web", "workers"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                kind = getattr(node.func, "id", getattr(node.func, "attr", ""))
                first = node.args[0]
                if kind not in KINDS or not isinstance(first, ast.Constant):
                    continue
                advice = next((k.value for k in node.keywords if k.arg == "advice"), None)
                message = words(node.args[1] if len(node.args) > 1 else None)
                new = Code(kind, str(first.value), message, words(advice))
                old = found.get((kind, new.code))
                if old is None or (not old.advice and new.advice):
                    found[kind, new.code] = new
    return sorted(found.values(), key=lambda c: (list(KINDS).index(c.kind), c.code))


def errors_page() -> str:
    by_kind = defaultdict(list)
    for code in codes():
        by_kind[code.kind].append(code)
    lines = [
        "# Codes",
        "",
        "Every refusal and failure carries one of these, in the page, the API and the",
    ]
    lines += [
        "command line: what happened, where, and what to do. Quote the code when you ask for help."
    ]
    for kind, about in KINDS.items():
        if by_kind[kind]:
            lines += ["", f"## {about}", "", "| code | says | advice |", "|---|---|---|"]
            lines += [
                f"| `{c.code}` | {cell(c.message)} | {cell(c.advice)} |" for c in by_kind[kind]
            ]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def routes_page() -> str:
    from web.app import create_app
    from workflow.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings.from_env(Path(folder)))
        paths = app.spec["paths"]  # type: ignore[attr-defined]
    lines = ["# Routes of the API", "", "| route | does |", "|---|---|"]
    for path, methods in sorted(paths.items()):
        for method, about in methods.items():
            if method != "parameters":
                lines.append(f"| `{method.upper()} {path}` | {cell(about.get('summary', ''))} |")
    return "\n".join(lines) + "\n"


PAGES = {"errors.md": errors_page, "api-routes.md": routes_page}


def main() -> int:
    stale = []
    for name, write in PAGES.items():
        path = ROOT / "docs" / "guide" / name
        text = write()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if stale:
        print("written:" if "--check" not in sys.argv else "not up to date:", ", ".join(stale))
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
