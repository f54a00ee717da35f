"""The guide names what there is: every code, setting, command, route and decision."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from workflow.cli import COMMANDS

ROOT = Path(__file__).parents[2]
GUIDE = "\n".join(path.read_text() for path in (ROOT / "docs/guide").glob("*.md"))
README = (ROOT / "README.md").read_text()
sys.path.insert(0, str(ROOT / "scripts"))


def test_every_code_of_a_refusal_is_in_the_guide() -> None:
    from write_guide import codes

    missing = {code.code for code in codes() if f"`{code.code}`" not in GUIDE}
    assert not missing, "run scripts/write_guide.py"


def test_every_route_of_the_api_is_in_the_guide() -> None:
    from write_guide import routes_page

    missing = [line for line in routes_page().splitlines() if line not in GUIDE]
    assert not missing, "run scripts/write_guide.py"


def test_every_setting_is_in_the_guide() -> None:
    read = set(re.findall(r"TERJIME_[A-Z0-9_]+", (ROOT / "workflow/settings.py").read_text()))
    assert {name for name in read if f"`{name}`" not in GUIDE} == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_guide_or_the_readme(command: str) -> None:
    assert f"terjime {command}" in GUIDE + README or f"make {command}" in GUIDE + README


def test_every_page_of_the_guide_is_reached_from_its_first() -> None:
    first = (ROOT / "docs/guide/README.md").read_text() + (ROOT / "docs/guide/api.md").read_text()
    pages = {path.name for path in (ROOT / "docs/guide").glob("*.md")} - {"README.md"}
    assert {page for page in pages if page not in first} == set()
