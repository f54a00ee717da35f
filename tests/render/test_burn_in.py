"""What is drawn, on which frames, and that nothing a cue says can do more than be drawn."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.conftest import MakeReel
from tests.render.reels import QUICK, STAMP, ffmpeg, frames_with_text, ink, lumas
from workflow.render.ass import (
    captions,
    document,
    escaped,
    film_clock,
    missing_letters,
)
from workflow.render.recipe import REVIEW, Style
from workflow.render.segments import FolderSegments
from workflow.render.typeface import FONTS_DIR, MISSING, characters, drawable, use_only_our_fonts
from workflow.timebase import FLICKS_PER_SECOND, STANDARD_RATES, FrameGrid
from workflow.tracks.cues import Cue

RATES = [
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60000, 1001),
]
TURKMEN = "AaBbÇçDdEeÄäFfGgHhIiJjŽžKkLlMmNnŇňOoÖöPpRrSsŞşTtUuÜüWwYyÝýZz"
RUSSIAN = "".join(map(chr, range(0x410, 0x450))) + "Ёё"
CYRILLIC_TURKMEN = "ҖҗҢңӨөҮүӘә"
PUNCTUATION = "«»“”„‘’—–…•№°%&@#[]()!?.,:;0123456789"


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_a_cue_is_drawn_from_its_first_frame_up_to_its_end_at_every_rate(
    rate: Fraction, make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(rate, 130)
    one = reel.cue(7, 11)
    # Starts and ends between frames: on screen from the first frame at or after each.
    between = Cue("b", reel.at(59) + 1, reel.at(101) - 1, "Hawa")
    reel.render([one, between, reel.cue(129, 131)], tmp_path / "out.mp4", store)
    expected = [*range(7, 11), *range(60, 101), 129]
    assert frames_with_text(tmp_path / "out.mp4") == expected


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_a_player_of_the_same_script_shows_the_same_frames(
    rate: Fraction, make_reel: MakeReel, tmp_path: Path
) -> None:
    """The script for players is in film time; libass draws it here as it does in the browser."""
    reel = make_reel(rate, 130)
    grid = reel.film.grid
    cues = [reel.cue(7, 11), reel.cue(60, 101, "Hawa"), reel.cue(129, 131)]
    script = document(captions(cues, grid, Style()), (160, 120), Style(size=150), film_clock(grid))
    (tmp_path / "cues.ass").write_text(script, encoding="utf-8")
    use_only_our_fonts()
    ffmpeg(
        *("-i", reel.mezzanine, "-vf", f"ass={tmp_path}/cues.ass:fontsdir={FONTS_DIR}"),
        *("-crf", "10", "-preset", "ultrafast", tmp_path / "out.mp4"),
    )
    assert frames_with_text(tmp_path / "out.mp4") == [*range(7, 11), *range(60, 101), 129]


@given(rate=st.sampled_from([r for r in STANDARD_RATES if r <= 100]), frame=st.integers(1, 900_000))
def test_no_player_time_is_after_its_frame_or_before_the_one_before(
    rate: Fraction, frame: int
) -> None:
    grid = FrameGrid(rate)
    clock = film_clock(grid)(frame)
    assert clock * FLICKS_PER_SECOND // 100 <= grid.time_of(frame)
    assert clock * FLICKS_PER_SECOND // 100 > grid.time_of(frame - 1) or rate == 100


def test_a_cue_between_two_frames_is_on_no_frame_and_is_reported(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel()
    hidden = Cue("h", reel.at(5) + 10, reel.at(5) + 20, "Salam")
    report = reel.render([hidden], tmp_path / "out.mp4", store)
    assert report.unseen == (1,)
    assert frames_with_text(tmp_path / "out.mp4") == []


@given(text=st.text(alphabet=st.sampled_from("{}\\Nnhpfb1(<i>/)&, \nä♪"), max_size=40))
def test_58_61_no_text_becomes_a_tag_of_ass_but_our_own(text: str) -> None:
    """What libass would read as markup in the escaped text is exactly what we put there."""
    out = escaped(text)
    assert "\n" not in out
    without_our_own = re.sub(r"(?<!\\)\{\\[ibu][01]\}", "", out)
    without_escaped = without_our_own.replace("\\{", "").replace("\\}", "")
    assert not set("{}") & set(without_escaped.replace("\\\u2060", ""))
    # Every backslash that is left is our line break or carries a joiner that makes it a letter.
    rest = without_escaped.replace("\\\u2060", "").replace("\\N", "")
    assert "\\" not in rest
    assert without_escaped.count("\\N") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        r"{\p1}m 0 0 l 900 0 900 900 0 900{\p0}",
        r"{\pos(1,1)\fs400}A",
        r"{\fn/etc/passwd\1img(/etc/passwd)}A",
        r"{\fs99999\blur100\bord999\t(\t(\t(}A",
        r"\{\p1}m 0 0 l 900 0 900 900 0 900",
        r"{{\an8}}A",
        r"\N\N\N\h\n",
        "{\\t( " * 30,
    ],
)
def test_58_61_override_tags_in_a_cue_are_drawn_as_the_text_they_are(
    text: str, make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 3, size=(1280, 240), sound=None)
    reel.render([reel.cue(0, 3, text)], tmp_path / "hostile.mp4", store)
    reel.render([reel.cue(0, 3, "{" * len(text))], tmp_path / "plain.mp4", store)
    hostile, plain = lumas(tmp_path / "hostile.mp4")[1], lumas(tmp_path / "plain.mp4")[1]
    top, bottom, left, right = ink(hostile)
    assert bottom > top, "nothing was drawn"
    assert bottom == pytest.approx(ink(plain)[1], abs=4)  # on the last line, where cues stand
    assert top > 120 or len(text) > 100  # of the lower half: no line is larger than the style's
    assert left > 20
    assert right < 1260


def test_60_fonts_in_a_cue_reach_nobody(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 3, sound=None)
    text = "A\n[Fonts]\nfontname: x.ttf\nAAAA"
    script = document(
        captions([reel.cue(0, 3, text)], reel.film.grid, Style()), (160, 120), Style(), int
    )
    assert not re.search(r"^\[Fonts\]|^fontname", script, re.MULTILINE)
    assert script.count("\nDialogue: ") == 1


def test_markup_left_open_ends_with_its_cue() -> None:
    assert escaped("<i>a<b>b") == r"{\i1}a{\b1}b{\i0}{\b0}"
    assert escaped("</i>a<i>b</i></i>c <x> <") == r"a{\i1}b{\i0}c <x> <"


def test_italics_and_bold_are_drawn_with_their_own_letters(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 4, size=(320, 120), sound=None)
    texts = ["mim", "<i>mim</i>", "<b>mim</b>", "<u>mim</u>"]
    reel.render(
        [reel.cue(n, n + 1, text) for n, text in enumerate(texts)], tmp_path / "o.mp4", store
    )
    pictures = lumas(tmp_path / "o.mp4")
    for one in range(4):
        for other in range(one):
            assert np.abs(pictures[one] - pictures[other]).max() > 60, (one, other)


def test_a_cue_stands_where_it_says(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 9, size=(320, 240), sound=None)
    cues = [reel.cue(n - 1, n, "oo", position=n) for n in range(1, 10)]
    reel.render(cues, tmp_path / "o.mp4", store)
    for place, luma in enumerate(lumas(tmp_path / "o.mp4"), start=1):
        top, bottom, left, right = ink(luma)
        row, column = (2 - (place - 1) // 3), (place - 1) % 3
        assert (top + bottom) / 2 * 3 // 240 == row
        assert (left + right) / 2 * 3 // 320 == column


def test_a_cue_keeps_its_rows_while_its_neighbours_come_and_go() -> None:
    grid = FrameGrid(Fraction(25))
    at = grid.time_of
    low, middle, high = (
        Cue("a", at(0), at(10), "low"),
        Cue("b", at(2), at(4), "middle\nmiddle"),
        Cue("c", at(3), at(12), "high"),
    )
    shown = captions([low, middle, high], grid, Style())
    assert [(c.first, c.end, c.text) for c in shown] == [
        (0, 2, "low"),
        (2, 3, r"middle\Nmiddle\Nlow"),
        (3, 4, r"high\Nmiddle\Nmiddle\Nlow"),
        (4, 10, r"high\N\h\N\h\Nlow"),
        (10, 12, r"high\N\h\N\h\N\h"),
    ]


def test_every_turkmen_and_russian_letter_is_in_every_face() -> None:
    wanted = {ord(letter) for letter in TURKMEN + RUSSIAN + CYRILLIC_TURKMEN + PUNCTUATION}
    faces = sorted(FONTS_DIR.glob("NotoSans-*.ttf"))
    assert len(faces) == 4
    for face in faces:
        assert wanted <= characters(face.read_bytes()), face.name
    assert {ord(letter) for letter in "♪♫→"} <= drawable()
    assert missing_letters(TURKMEN + RUSSIAN) == ""


def test_letters_are_drawn_and_not_their_boxes(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    """♪ comes from the symbols font, ň from Noto Sans; a letter that no font has is marked as missing."""
    letters = [MISSING, "♪", "♫", "ň", "Ş", "ж", "Ә", "漢"]
    reel = make_reel(Fraction(24), len(letters), size=(160, 120), sound=None)
    cues = [reel.cue(n, n + 1, letter * 3) for n, letter in enumerate(letters)]
    report = reel.render(cues, tmp_path / "o.mp4", store)
    pictures = lumas(tmp_path / "o.mp4")
    for number in range(1, 7):
        assert ink(pictures[number])[1] > 0
        for other in range(number):
            assert np.abs(pictures[number] - pictures[other]).max() > 60, (number, other)
    assert np.abs(pictures[7] - pictures[0]).max() < 40
    assert report.missing_letters == "漢"


def test_a_review_build_says_what_it_is_on_every_frame(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(25), 160, size=(640, 360), sound=None)
    recipe = REVIEW.from_json(
        {**REVIEW.to_json(), "preset": "ultrafast", "crf": 12, "height": None}
    )
    reel.render([], tmp_path / "o.mp4", store, recipe, stamp=STAMP)
    pictures = lumas(tmp_path / "o.mp4")
    assert all(luma[:22, :250].max() > 200 for luma in pictures)  # the segment's stamp
    clocks = [luma[:40, 500:] for luma in pictures]
    assert all(np.abs(a - b).max() > 60 for a, b in itertools.pairwise(clocks))
    version = [number for number, luma in enumerate(pictures) if luma[24:40, 20:400].max() > 200]
    assert version == list(range(100))  # the first two segments
    assert pictures[0][44:].max() < 200


def test_a_box_stands_behind_the_text_if_the_recipe_says_so(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 3, size=(320, 120), sound=None)
    recipe = QUICK.from_json({**QUICK.to_json(), "style": {"box": True, "outline": 10}})
    reel.render([reel.cue(0, 3, "oo   oo")], tmp_path / "box.mp4", store, recipe)
    reel.render([reel.cue(0, 3, "oo   oo")], tmp_path / "line.mp4", store)
    middle = lumas(tmp_path / "box.mp4")[1][:, 160], lumas(tmp_path / "line.mp4")[1][:, 160]
    assert middle[0].min() < 90 < middle[1].min()
