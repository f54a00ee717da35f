"""Scripts in two columns without times find the cues that they translate."""

from __future__ import annotations

from tests.tracks.makers import read
from tests.tracks.test_tables import workbook
from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks.cues import Cue
from workflow.tracks.script import place_by_source

SECOND = FLICKS_PER_SECOND
TIMED = [
    Cue("a", 10 * SECOND, 12 * SECOND, "Where do you come from?"),
    Cue("b", 20 * SECOND, 22 * SECOND, "<i>I came here</i>\nto work."),
    Cue("c", 30 * SECOND, 32 * SECOND, "Yes."),
    Cue("d", 40 * SECOND, 42 * SECOND, "Yes."),
    Cue("e", 50 * SECOND, 52 * SECOND, "They took my passport away."),
]


def test_each_row_of_a_script_gets_the_times_of_the_cue_that_it_translates() -> None:
    rows = (
        ("Where do you come from?", "Nireden gelýärsiň?"),
        ("I came here to work", "Men işlemäge geldim."),
        ("Yes.", "Hawa."),
        ("Yes.", "Hawa-da."),
        ("They took away my passport.", "Pasportymy elimden aldylar."),
    )
    imported = read(workbook(("English", "Türkmençe"), *rows))
    placed = place_by_source(imported.cues, imported.sources, TIMED)
    assert [(c.start, c.end) for c in placed.cues] == [(c.start, c.end) for c in TIMED]
    assert [c.text for c in placed.cues] == [row[1] for row in rows]
    assert placed.unsure == ()


def test_a_row_that_translates_nothing_here_is_for_a_person_to_place() -> None:
    rows = (
        ("Where do you come from?", "Nireden gelýärsiň?"),
        ("A line that was cut out of the film", "Filmden aýrylan söz"),
        ("They took my passport away.", "Pasportymy elimden aldylar."),
    )
    imported = read(workbook(("English", "Türkmençe"), *rows))
    placed = place_by_source(imported.cues, imported.sources, TIMED)
    assert [c.start for c in placed.cues][::2] == [10 * SECOND, 50 * SECOND]
    assert [c.text for c in placed.cues if c.uid in placed.unsure] == ["Filmden aýrylan söz"]


def test_a_script_of_one_column_goes_by_its_order_and_every_row_is_to_be_looked_at() -> None:
    rows = [Cue(f"n{n}", n, n + 1, f"söz {n}") for n in range(5)]
    placed = place_by_source(rows, {}, TIMED)
    assert [c.start for c in placed.cues] == [c.start for c in TIMED]
    assert len(placed.unsure) == 5
