"""What the core says of cues and files, in every language of the pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import Babel, force_locale

from web.pages.catalogues import compile_stale
from web.pages.remark_words import REMARKS as TITLES
from web.pages.remark_words import grouped
from web.pages.sentences import FINDINGS, LANGUAGES, REMARKS, finding_words, told
from workflow.sentences import sentence, to_json
from workflow.tracks.formats import read_subtitles

CHECKOUT = Path(__file__).parents[2]
TRANSLATIONS = CHECKOUT / "web" / "translations"
# Which argument of these calls is what a person reads.
_SAYING = {"sentence": 0, "Hit": 2, "add": 1, "Note": 1, "Repair": 1}


def _said_in(files: Iterator[Path]) -> Iterator[tuple[str, str, ast.expr]]:
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                at = _SAYING.get(name)
                if at is not None and len(node.args) > at:
                    yield f"{file.name}:{node.lineno}", name, node.args[at]


@pytest.mark.parametrize(
    ("rooms", "table"), [("qc/*.py", FINDINGS), ("tracks/**/*.py", REMARKS)], ids=["qc", "tracks"]
)
def test_every_message_has_its_template_in_the_table(rooms: str, table: tuple[str, ...]) -> None:
    templates = set()
    for where, name, said in _said_in((CHECKOUT / "workflow").glob(rooms)):
        assert not isinstance(said, ast.JoinedStr), f"{where}: its values could not be translated"
        assert name != "sentence" or isinstance(said, ast.Constant), where
        if isinstance(said, ast.Constant):
            templates.add(said.value)
    assert set(table) == templates


def test_every_kind_of_remark_has_a_title() -> None:
    codes = set()
    for file in (CHECKOUT / "workflow" / "tracks").rglob("*.py"):
        for found in re.finditer(
            r"(?:repairs|losses)\.add\(\s*\"([A-Z_]+)\"|\"([A-Z]+_DROPPED)\"",
            file.read_text("utf-8"),
        ):
            codes.add(found[1] or found[2])
    assert codes - TITLES.keys() == set()


@pytest.mark.parametrize("language", ["ru", "tk"])
def test_all_of_it_is_translated_with_every_value_in_its_place(language: str) -> None:
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = {message.id: message.string for message in read_po(file)}
    for template in (*FINDINGS, *REMARKS, *LANGUAGES):
        assert catalogue.get(template), template
        places = set(re.findall(r"%\((\w+)\)s", template))
        assert set(re.findall(r"%\((\w+)\)s", catalogue[template])) == places, template


def test_a_message_is_its_template_with_its_values_and_is_said_in_the_persons_language() -> None:
    app = Flask("web", root_path=str(CHECKOUT / "web"))
    compile_stale(TRANSLATIONS)
    Babel(app)
    said = to_json(
        sentence("Stands %(length)s s; the least is %(least)s s.", length="0.40", least=1)
    )
    broken = (
        "1\n00:00:01.000 --> 00:00:02,000\nSalam\n\n00:00:03,000 --> 00:00:04,000\n<blink>Hoş\n"
    )
    report = read_subtitles(broken.encode(), uid=iter("ab").__next__).report.to_json()
    remarks = [*report["repairs"], *report["losses"]]
    assert {remark["code"] for remark in remarks} >= {"DECIMAL_MARK", "MISSING_NUMBER"}
    with app.test_request_context():
        assert all(told(one) == one["message"] for one in (said, *remarks))
        with force_locale("ru"):
            assert told(said) == "Стоит 0,40 с; самое меньшее — 1 с."
            assert finding_words()["The cue has no text."] == "В реплике нет текста."
            places = [place for group in grouped(remarks) for place in group["places"]]
            assert {"where": "строка 5, реплика 2", "message": "У реплики нет номера."} in places
        with force_locale("tk"):
            assert told(said) == "0,40 s durýar; iň azy 1 s."
        old = {"code": "X", "message": "Kept from before."}
        assert told(old) == "Kept from before."
