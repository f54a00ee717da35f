"""The table of rules: for each a cue that passes, one that fails and one on the line between, in every
profile and at every rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pytest

from workflow.qc import PROFILES, RULES, FilmFacts, LineUp, check
from workflow.timebase import FLICKS_PER_SECOND, FrameGrid
from workflow.tracks.cues import Cue

RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30)]
T, K, N, B = "training-film", "kids", "netflix-general", "bbc"
EVERY = (T, K, N, B)
E, W, H = "error", "warning", "hint"


@dataclass(frozen=True)
class Scene:
    """What is checked: cues with the film and the source that they need."""

    cues: list[Cue]
    film: FilmFacts | None = None
    source: list[Cue] | None = None


Maker = Callable[[Fraction], Scene]


def half(rate: Fraction) -> int:
    return int(rate / 2 + Fraction(1, 2))


def frames(
    *spans: tuple[int, int], cuts: tuple[int, ...] | None = None, speech: tuple[tuple[int, int], ...] | None = None,
    text: str = "Hawa.", length: int = 3000,
) -> Maker:  # fmt: skip
    def make(rate: Fraction) -> Scene:
        at = FrameGrid(rate).time_of
        cues = [Cue(f"c{i}", at(a), at(b), text) for i, (a, b) in enumerate(spans)]
        shots = None if cuts is None else tuple(map(at, cuts))
        said = None if speech is None else tuple((at(a), at(b)) for a, b in speech)
        return Scene(cues, FilmFacts(rate, at(length), shots, said))

    return make


def halves(make: Callable[[int], Maker]) -> Maker:
    """Frames that depend on half a second of the rate."""
    return lambda rate: make(half(rate))(rate)


def lasting(seconds: str | Fraction, text: str = "Hawa.") -> Maker:
    """Rounded up: a cue of exactly so long must not come out a flick too short."""
    end = math.ceil(Fraction(seconds) * FLICKS_PER_SECOND)
    return lambda rate: Scene([Cue("c0", 0, end, text)], None)


def texts(*said: str, source: list[str] | None = None) -> Maker:
    """Cues of ten seconds each."""

    def cues(lines: list[str]) -> list[Cue]:
        s = FLICKS_PER_SECOND
        return [Cue(f"c{i}", i * 12 * s, (i * 12 + 10) * s, text) for i, text in enumerate(lines)]

    return lambda rate: Scene(
        cues(list(said)), FilmFacts(rate, 10**13), cues(source) if source else None
    )


def speed(cps: str, characters: int = 34) -> Maker:
    return lasting(characters / Fraction(cps), "a" * characters)


def by(**severities: str) -> dict[str, str]:
    names = {"t": T, "k": K, "n": N, "b": B}
    return {names[short]: severity for short, severity in severities.items()}


def everywhere(severity: str) -> dict[str, str]:
    return dict.fromkeys(EVERY, severity)


OURS = by(t=W, k=W)

# rule, what it is, the scene, the severity by profile (a profile that is not named finds nothing)
TABLE: list[tuple[str, str, Maker, dict[str, str]]] = [
    ("T01", "pass", lasting("3/2"), {}),
    ("T01", "edge", lasting("1"), by(k=W)),
    ("T01", "edge", lasting("5/6"), by(t=W, k=E)),
    ("T01", "fail", lasting("0.25"), everywhere(E)),
    ("T02", "pass", lasting("6"), {}),
    ("T02", "edge", lasting("7"), {}),
    ("T02", "fail", lasting("7.001"), everywhere(W)),
    ("T03", "pass", speed("11.9"), {}),
    ("T03", "edge", speed("15"), by(k=E)),
    ("T03", "edge", speed("17"), by(t=W, k=E)),
    ("T03", "fail", speed("17.1"), by(t=E, k=E, n=E)),
    ("T04", "pass", lasting("6", " ".join(["söz"] * 10)), {}),
    ("T04", "edge", lasting("6", " ".join(["söz"] * 13)), by(k=H)),
    ("T04", "fail", lasting("6", " ".join(["söz"] * 19)), by(t=H, k=H, b=H)),
    ("T05", "pass", frames((0, 50), (60, 99)), {}),
    ("T05", "edge", frames((0, 50), (52, 99)), {}),
    ("T05", "fail", frames((0, 50), (51, 99)), by(t=E, k=E, n=E)),
    ("T06", "pass", frames((0, 50), (52, 99)), {}),
    ("T06", "edge", halves(lambda h: frames((0, 50), (50 + h, 99))), {}),
    ("T06", "fail", halves(lambda h: frames((0, 50), (49 + h, 99))), by(t=W, k=W, n=W)),
    ("T07", "pass", frames((0, 50), (60, 99)), {}),
    ("T07", "edge", frames((0, 50), (50, 99)), {}),
    ("T07", "fail", frames((0, 51), (50, 99)), everywhere(E)),
    ("T08", "pass", frames((100, 150), speech=((100, 140),)), {}),
    ("T08", "edge", frames((98, 150), speech=((100, 140),)), {}),
    ("T08", "edge", frames((97, 150), speech=((100, 140),)), by(n=W)),
    ("T08", "edge", frames((106, 150), speech=((100, 140),)), by(n=W)),
    ("T08", "fail", frames((107, 150), speech=((100, 140),)), by(t=W, k=W, n=W)),
    ("T09", "pass", frames((100, 145), speech=((100, 140),)), {}),
    ("T09", "edge", halves(lambda h: frames((100, 140 + h), speech=((100, 140),))), {}),
    ("T09", "edge", halves(lambda h: frames((100, 141 + h), speech=((100, 140),))), by(t=W, n=W)),
    ("T09", "fail", frames((100, 190), speech=((100, 140),)), everywhere(W)),
    ("T10", "pass", frames((100, 150), cuts=(100,)), {}),
    ("T10", "edge", frames((92, 150), cuts=(100,)), {}),
    ("T10", "fail", frames((93, 150), cuts=(100,)), everywhere(W)),
    ("T11", "pass", frames((100, 150), cuts=(100,)), {}),
    ("T11", "edge", halves(lambda h: frames((100 - h, 150), cuts=(100,))), {}),
    ("T11", "fail", halves(lambda h: frames((101 - h, 150), cuts=(100,))), by(t=W, k=W, n=W)),
    ("T12", "pass", frames((100, 150), cuts=(100,)), {}),
    ("T12", "edge", halves(lambda h: frames((100 + h, 150), cuts=(100,))), {}),
    ("T12", "fail", halves(lambda h: frames((99 + h, 150), cuts=(100,))), everywhere(W)),
    ("T13", "pass", frames((100, 150), cuts=(200,)), {}),
    ("T13", "edge", frames((100, 198), cuts=(200,)), by(b=W)),
    ("T13", "edge", halves(lambda h: frames((100, 199 - h), cuts=(200,))), {}),
    ("T13", "fail", halves(lambda h: frames((100, 200 - h), cuts=(200,))), everywhere(W)),
    ("T14", "pass", frames((100, 150), cuts=(200,)), {}),
    ("T14", "edge", frames((100, 200), cuts=(200,)), by(t=W, k=W, n=W)),
    ("T14", "fail", halves(lambda h: frames((100, 199 + h), cuts=(200,))), everywhere(W)),
    ("T15", "pass", frames((100, 150), cuts=(200,)), {}),
    ("T15", "edge", halves(lambda h: frames((200 - h, 250), cuts=(200,))), {}),
    ("T15", "fail", halves(lambda h: frames((199 - h, 250), cuts=(200,))), everywhere(H)),
    ("T15", "pass", halves(lambda h: frames((199 - h, 250), cuts=(200,), speech=((199 - h, 250),))), by(b=H)),
    ("T15", "fail", halves(lambda h: frames((199 - h, 250), cuts=(200,), speech=((199 - h, 200),))), by(t=W, k=W, n=H, b=H)),
    ("T16", "pass", frames((0, 50), (60, 99)), {}),
    ("T16", "edge", frames((0, 50), (0, 51)), {}),
    ("T16", "fail", frames((60, 99), (0, 50)), everywhere(E)),
    ("T17", "pass", frames((0, 50)), {}),
    ("T17", "edge", frames((0, 50), length=50), {}),
    ("T17", "fail", frames((0, 51), length=50), everywhere(E)),
    ("T18", "pass", frames((10, 50)), {}),
    ("T18", "edge", lambda r: _moved(r, FLICKS_PER_SECOND // 1000), {}),
    ("T18", "fail", lambda r: _moved(r, FLICKS_PER_SECOND // 1000 + 1), by(t=H, k=H, n=H)),
    ("L01", "pass", texts("a" * 36), {}),
    ("L01", "edge", texts("a" * 37), by(k=E)),
    ("L01", "edge", texts("a" * 42), by(k=E, b=E)),
    ("L01", "edge", texts("a" * 45), by(t=W, k=E, n=E, b=E)),
    ("L01", "fail", texts("a" * 46), everywhere(E)),
    ("L02", "pass", texts("Bir"), {}),
    ("L02", "edge", texts("Bir\niki"), {}),
    ("L02", "fail", texts("Bir\niki\nüç"), by(t=E, k=E, n=E, b=W)),
    ("L03", "pass", texts("Men geldim."), {}),
    ("L03", "edge", texts("a" * 20 + "\n" + "b" * 22), {}),
    ("L03", "fail", texts("a" * 20 + "\n" + "b" * 15), by(t=H, k=H, n=H)),
    ("L04", "pass", texts("a" * 23 + "\n" + "b" * 23), {}),
    ("L04", "edge", texts("a" * 12 + "\n" + "b" * 36), {}),
    ("L04", "fail", texts("a" * 11 + "\n" + "b" * 36), OURS),
    ("L05", "pass", texts("Biz olara näme diýmelidigini\nbilmän oturyp galdyk şol gün"), {}),
    ("L05", "edge", texts("aaaaaaaaaa bbbbbbbbbbb\ncccccccccc ddddddddddd"), {}),
    ("L05", "fail", texts("aaaaaaaa bbbbbbbb cccccccc\ndddddddd eeeeeeee"), by(t=H, k=H, n=H)),
    ("L06", "pass", texts("Men saňa kömek etmek üçin\nbu ýere geldim, sen kim?"), {}),
    ("L06", "edge", texts("Adam söwdasynyň hemmesine\ngarşy göreşmek hökmandyr."), OURS),
    ("L06", "fail", texts("Men saňa kömek etmek\nüçin bu ýere geldim, sen?"), by(t=E, k=E)),
    ("L07", "pass", texts("Ol maňa ýene-de 500 manat\nberdi we çykyp gitdi."), {}),
    ("L07", "edge", texts("Ol maňa şu gün örän köp\nmanat berdi we gitdi."), {}),
    ("L07", "fail", texts("Ol maňa ýene-de 500\nmanat berdi we gitdi."), by(t=W, k=W, n=W)),
    ("L08", "pass", texts("Şol gün Aman Myradow\nbize kömek edip bilmedi."), {}),
    ("L08", "edge", texts("Biz bu ýere geldik. Aman\nDostlary bilen gitdi öýe."), {}),
    ("L08", "fail", texts("Şol gün bize Aman\nMyradow kömek edip bilmedi."), by(t=W, k=W, n=W)),
    ("L09", "pass", texts("Ol bize hemme zady aýdyp berenok,\nsebäbi gorkýar şol adamdan."), {}),
    ("L09", "edge", texts("Ol ýerde adamlary görüp,\nbaşlaryny aýlap durdular."), {}),
    ("L09", "fail", texts("Biz olara şu günden kömek\nedýäris we goraýarys."), by(t=W, k=W, n=W)),
    ("L10", "pass", texts("Biz olary goraýarys,\nemma olar muňa düşünmeýär."), {}),
    ("L10", "edge", texts("Biz olara kitaplary berdik\nolar hem alyp gitdiler şony"), {}),
    ("L10", "fail", texts("Biz olary goraýarys, emma\nolar muňa düşünmeýärler."), by(t=H, k=H, n=H, b=H)),
    ("L11", "pass", texts("– Sen kim?\n– Men Aýna."), {}),
    ("L11", "edge", texts("Sen kim?\nMen Aýna.", source=["Who are you?\nI am Ayna."]), {}),
    ("L11", "fail", texts("Sen kim?\nMen Aýna.", source=["- Who are you?\n- Ayna."]), by(t=W, k=W, n=W)),
    ("L11", "fail", texts("Sen kim? – Men Aýna."), by(t=W, k=W, n=W)),
    ("L12", "pass", texts("– Sen kim?\n– Men Aýna."), {}),
    ("L12", "edge", texts("– Sen kim?"), {}),
    ("L12", "fail", texts("Sen kim?\n– Men Aýna."), OURS),
    ("X01", "pass", texts("Söz"), {}),
    ("X01", "edge", texts("."), {}),
    ("X01", "fail", texts("<i> </i>"), everywhere(E)),
    ("X02", "pass", texts("Salam size", source=["Hello you"]), {}),
    ("X02", "edge", texts("London", source=["London"]), {}),
    ("X02", "fail", texts("Hello you", source=["Hello you"]), everywhere(E)),
    ("X03", "pass", texts("Aý, dost!"), {}),
    ("X03", "edge", texts("Bir ... iki"), {}),
    ("X03", "fail", texts("Aý  dost"), everywhere(W)),
    ("X04", "pass", texts("<i>Söz</i>"), {}),
    ("X04", "edge", texts("5 < 6 {ýok}"), {}),
    ("X04", "fail", texts("<i>Söz"), everywhere(E)),
    ("X05", "pass", texts("Söz."), {}),
    ("X05", "edge", texts("Diýmek…"), by(b=W)),
    ("X05", "fail", texts("Diýmek..."), by(t=W, k=W, n=W)),
    ("X06", "pass", texts("Men geldim."), {}),
    ("X06", "edge", texts("Men geldim –"), {}),
    ("X06", "fail", texts("Men geldim"), OURS),
    ("X06", "fail", texts("Sen kim??"), OURS),
    ("X07", "pass", texts("Men geldim. Sen kim?"), {}),
    ("X07", "edge", texts("Kitap, gazet we ş.m. getirdi."), {}),
    ("X07", "fail", texts("Men geldim. sen kim?"), OURS),
    ("X08", "pass", texts("Söz"), {}),
    ("X08", "edge", texts("– Söz."), by(n=H)),
    ("X08", "fail", texts("- Söz."), by(t=H, k=H, n=H)),
    ("X09", "pass", texts("Söz."), {}),
    ("X09", "edge", texts("<i>Söz.</i>"), by(k=H, b=H)),
    ("X09", "fail", texts("<i>Bir söz</i>\n<i>iki söz.</i>"), everywhere(H)),
    ("X10", "pass", texts("Söz (BMG) bar."), {}),
    ("X10", "edge", texts("[gülýär]"), by(b=W)),
    ("X10", "fail", texts("(gülýär)"), everywhere(W)),
    ("X11", "pass", texts("Söz."), {}),
    ("X11", "edge", texts("♪ Aýdym ♪"), by(b=W)),
    ("X11", "fail", texts("♪ Aýdym"), everywhere(W)),
    ("X12", "pass", texts("Ol üç kitap aldy."), {}),
    ("X12", "edge", texts("Ol 3 kilometr ýöredi."), {}),
    ("X12", "edge", texts("Ol 11 kitap aldy."), {}),
    ("X12", "fail", texts("Ol 10 kitap aldy."), by(k=H, n=H, b=H)),
    ("X13", "pass", texts("Kitap 12."), {}),
    ("X13", "edge", texts("Üç kitap."), {}),
    ("X13", "fail", texts("12 kitap."), by(n=H, b=H)),
    ("X14", "pass", texts("KAZYÝET", source=["COURTROOM"]), {}),
    ("X14", "edge", texts("Howa.", source=["UN"]), {}),
    ("X14", "fail", texts("Kazyýet", source=["COURTROOM"]), by(t=W, k=W, n=E)),
    ("X15", "pass", texts("Söz – “söz”…"), {}),
    ("X15", "edge", texts("José"), {}),
    ("X15", "fail", texts("baºga"), by(t=E, k=E, n=E)),
    ("X16", "pass", texts("Moskwa"), {}),
    ("X16", "edge", texts("Viktor geldi"), {}),
    ("X16", "fail", texts("Moskвa"), by(t=E, k=E)),
    ("M01", "pass", texts("Ol 25 ýaşynda.", source=["He is 25."]), {}),
    ("M01", "edge", texts("Ol ýigrimi bäş ýaşynda.", source=["He is 25."]), {}),
    ("M01", "fail", texts("Ol 52 ýaşynda.", source=["He is 25."]), by(t=E, k=E, n=W, b=W)),
    ("M02", "pass", texts("Men Leýlany gördüm.", source=["I saw Leyla."]), {}),
    ("M02", "edge", texts("Men ony gördüm.", source=["Leyla was seen."]), {}),
    ("M02", "fail", texts("Men ony gördüm.", source=["I saw Leyla."]), everywhere(W)),
    ("M03", "pass", texts("Adam söwdasynyň soňy.", source=["The end of trafficking in persons."]), {}),
    ("M03", "edge", texts("Jebir çeken geldi.", source=["The victim came."]), {}),
    ("M03", "fail", texts("Onuň soňy geldi.", source=["The victim came."]), by(t=E, k=E, n=W, b=W)),
    ("M03", "fail", texts("Onuň soňy geldi.", source=["The investigator came."]), everywhere(W)),
    ("M04", "pass", texts("Kazyýetiň karary."), {}),
    ("M04", "edge", texts("Suw akýar."), {}),
    ("M04", "fail", texts("Suduň karary."), by(t=E, k=E, n=W, b=W)),
    ("M05", "pass", texts("a" * 25, source=["b" * 25]), {}),
    ("M05", "edge", texts("a" * 15, source=["b" * 25]), {}),
    ("M05", "edge", texts("a" * 45, source=["b" * 25]), {}),
    ("M05", "fail", texts("a" * 46, source=["b" * 25]), everywhere(W)),
    ("M05", "fail", texts("a" * 14, source=["b" * 25]), everywhere(W)),
    ("M06", "pass", texts("Sag bol.", "Sag bol.", source=["Thank you.", "Thank you."]), {}),
    ("M06", "edge", texts("Sag bol.", "Sag bol!", source=["Thank you.", "Thank you."]), {}),
    ("M06", "fail", texts("Sag bol.", "Taňry ýalkasyn.", source=["Thank you.", "Thank you."]), by(t=W, k=W, n=H, b=H)),
    ("M07", "pass", texts("Biz olary goraýarys."), {}),
    ("M07", "edge", texts("Biz Kerimberdini BMG-den gördük."), {}),
    ("M07", "fail", texts("Biz olary gorayarys."), everywhere(W)),
    ("M08", "pass", texts("Biz goraýarys.", source=["We protect."]), {}),
    ("M08", "edge", texts("Film gowy.", source=["The film was good."]), {}),
    ("M08", "fail", texts("Biz protect edýäris.", source=["We protect them."]), everywhere(W)),
    ("M09", "pass", texts("Sen kim?", source=["Who are you?"]), {}),
    ("M09", "edge", texts("Sen kim? Aýt.", source=["Who are you?"]), {}),
    ("M09", "fail", texts("Sen kim.", source=["Who are you?"]), by(t=W, k=W, n=H, b=H)),
]  # fmt: skip


def _moved(rate: Fraction, off: int) -> Scene:
    grid = FrameGrid(rate)
    return Scene(
        [Cue("c0", grid.time_of(10) + off, grid.time_of(60), "Hawa.")],
        FilmFacts(rate, grid.time_of(99)),
    )


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize(
    "row", range(len(TABLE)), ids=[f"{r}-{k}-{n}" for n, (r, k, _, _) in enumerate(TABLE)]
)
def test_each_rule_finds_what_its_profile_asks_at_every_rate(row: int, rate: Fraction) -> None:
    rule, _, make, wanted = TABLE[row]
    scene = make(rate)
    for name in EVERY:
        findings = check(
            LineUp(scene.cues, film=scene.film, source=scene.source, profile=PROFILES[name])
        )
        worst = {f.severity for f in findings if f.rule == rule}
        assert worst == ({wanted[name]} if name in wanted else set()), (
            name,
            [f for f in findings if f.rule == rule],
        )


@pytest.mark.parametrize("kind", ["pass", "edge", "fail"])
def test_every_rule_has_a_cue_of_each_kind(kind: str) -> None:
    assert {rule for rule, what, _, _ in TABLE if what == kind} == set(RULES)
