"""Real files as people have them: what becomes of each, beside pysubs2 and FFmpeg.

    python bench/corpus.py FOLDER [--out FILE] [--list OUTCOME,…] [--no-peers]

FOLDER (or TERJIME_CORPUS) holds subtitle files, any names and depth: the test suites of subtitle projects are
good ones. Their licences differ, so none is kept here; bench/corpus.json holds, by the SHA-256 of a file, what was
decided by hand where no rule can tell. Everything else is judged by a count that shares no code with the readers:
lines of times, paragraphs with text, events, blocks; and the letters and figures of the words between.

Each file ends as one of
    right           its cues and letters, all of them
    told            fewer or other, and the report says which
    refused rightly there are no subtitles in it, or they are broken beyond a person's own guess
    refused         there is something to read in it
    silent          something is missing or new, and nothing says so
    traceback       anything but a coded refusal
"""

from __future__ import annotations

import argparse
import datetime
import html
import itertools
import json
import os
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from workflow.errors import BadInput
from workflow.tracks.formats import read_subtitles

ROOT = Path(__file__).parents[1]
DECIDED = ROOT / "bench" / "corpus.json"
RIGHT = {"right", "told", "refused rightly"}
GOAL = 0.98


@dataclass(frozen=True, slots=True)
class Truth:
    """What an independent count finds: cues that have words, and how often each letter and figure stands in them."""

    cues: int | None  # None: not to be counted, and *letters* are words
    letters: Counter[str]


def letters_of(text: str) -> Counter[str]:
    """ASCII only: which letter a byte above 127 is, depends on the encoding, which is another bench."""
    return Counter(char for char in text.lower() if char.isascii() and char.isalnum())


_TIME = r"-?\d{1,5}\s*:\s*\d{1,3}(?:\s*[:.,;]\s*\d{1,3}){1,2}"
_ARROW = re.compile(rf"\s*(?:{_TIME})\s*(?:-{{1,3}}\s*-?\s*>|[–—=]+\s*>|→|-+\s*&gt;)\s*(?:{_TIME})")
_NAMES = (
    "a|abbr|b|big|blink|bold|br|c|center|code|div|em|font|h[1-6]|i|italic|lang|p|rt|ruby|s|small|span|strike|strong|"
    "sub|sup|tt|u|underline|v"
)
_MARKUP = re.compile(
    rf"</?(?:{_NAMES})(?=[\s>./])[^<>]*>|<\d[\d:.]*\s*>|\{{\\[^{{}}]*\}}", re.IGNORECASE
)


_SBV = re.compile(r"\s*-?\d+:\d\d:\d\d\.\d+\s*,\s*-?\d+:\d\d:\d\d\.\d+\s*")


def decoded(data: bytes) -> str:
    for mark, name in (
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"\xef\xbb\xbf", "utf-8-sig"),
    ):
        if data.startswith(mark):
            return data.decode(name, "replace")
    if data[:200].count(b"\0") > 40:
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def truth_of(data: bytes) -> Truth | None:
    """None: no subtitles that any rule here knows."""
    if re.match(rb"\d{3}STL\d\d\.\d\d", data[:11].replace(b" ", b"0")):
        return _stl(data)
    if (
        b"\0" in data[:100]
        and b"\xfe\xff" not in data[:4]
        and data[:2] not in {b"\xff\xfe", b"\xfe\xff"}
        and data[:200].count(b"\0") <= 40
    ):
        return None
    text = re.sub(r"\r\n?", "\n", decoded(data)).lstrip("\ufeff")
    head = text.lstrip()[:2000]
    if re.match(r"WEBVTT(\s|$)", head):
        return _vtt(text)
    if re.match(r"(?i)scenarist_scc", head):
        return _scc(text)
    if re.search(r"<(\w+:)?tt[\s>]", head):
        return _ttml(data)
    if re.search(
        r"^\s*\[(script info|events|(v4\+? )?styles\+?)\]|\A\s*dialogue:\s*(marked=)?\d+,",
        head,
        re.I | re.M,
    ):
        return _ass(text)
    if any(_ARROW.match(line) for line in text.split("\n")):
        return _srt(text)
    if at := [i for i, line in enumerate(text.split("\n")) if _SBV.fullmatch(line)]:
        lines = text.split("\n")
        return _truth(
            [
                "\n".join(lines[a + 1 : b]).replace("[br]", " ")
                for a, b in zip(at, [*at[1:], len(lines)], strict=True)
            ]
        )
    for pattern in (
        r"\[[ ]*\d+:\d\d(?:[.:]\d+)?[ ]*\](.*)",
        r"\s*\d\d:\d\d:\d\d:\d\d\s*,\s*\d\d:\d\d:\d\d:\d\d\s*,(.*)",
        r"\s*\{\s*\d+\s*\}\s*\{\s*\d*\s*\}(.*)",
        r"\s*\[\d+\]\[\d*\](.*)",
        r"\s*\d{1,2}:\d{2}:\d{2}(?:,\d)?[:=](?!\d\d\b)(.*)",
    ):
        found = [re.fullmatch(pattern, line) for line in text.split("\n")]
        if sum(bool(one) for one in found) * 2 > sum(
            bool(line.strip()) for line in text.split("\n")
        ):
            texts = [one[1] for one in found if one]
            states_rate = re.match(r"\s*\{[01]\}\{[01]?\}\s*\d+(?:[.,]\d+)?\s*(?:\n|$)", text)
            return _lines(texts[1:] if states_rate else texts)
    return None


def _truth(texts: list[str]) -> Truth:
    words = [one for one in texts if re.search(r"\S", one)]
    return Truth(len(words), letters_of("\n".join(words)))


def _srt(text: str) -> Truth:
    lines = text.split("\n")
    at = [i for i, line in enumerate(lines) if _ARROW.match(line)]
    cues = []
    for begin, end in zip(at, [*at[1:], len(lines)], strict=False):
        below = lines[begin + 1 : end]
        if end < len(lines):  # the number of the next one
            while below and not below[-1].strip():
                below.pop()
            if below and re.fullmatch(r"\s*#?\d+[.:]?\s*", below[-1]):
                below.pop()
        cues.append(_MARKUP.sub("", "\n".join(below)))
    return _truth(cues)


def _vtt(text: str) -> Truth:
    cues: list[str] = []
    began_empty = False  # the text stands below a blank line
    for block in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text):
        lines = block.strip("\n").split("\n")
        if "-->" not in block and cues and began_empty:
            cues[-1] += html.unescape(_MARKUP.sub("", f"\n{block}"))
        if re.match(r"(NOTE|STYLE|REGION)\b", lines[0]) and "-->" not in lines[0]:
            continue
        at = [i for i, line in enumerate(lines) if "-->" in line]
        for begin, end in zip(at, [*at[1:], len(lines)], strict=False):
            below = lines[begin + 1 : end]
            if end < len(lines) and below and re.fullmatch(r"\s*\d+\s*", below[-1]):
                below.pop()
            cues.append(html.unescape(_MARKUP.sub("", "\n".join(below))))
            began_empty = not cues[-1].strip()
    return _truth(cues)


def _ass(text: str) -> Truth:
    cues, fields = [], 10
    for line in text.split("\n"):
        if found := re.match(r"(?i)\s*format\s*:(.*\btext\b.*)", line):
            fields = found[1].count(",") + 1
        if found := re.match(r"(?i)\s*dialogue\s*:(.*)", line):
            parts = found[1].split(",", fields - 1)
            words = re.sub(r"\{[^{}]*\}", "", parts[-1]) if len(parts) == fields else ""
            cues.append(re.sub(r"\\[Nnh]", " ", words))
    return _truth(cues)


def _ttml(data: bytes) -> Truth | None:
    try:
        named = re.sub(rb"^\s*<\?xml.*?\?>", b"", data) if b"UTF-16" in data[:60] else data
        named = re.sub(rb"&(?!lt;|gt;|amp;|quot;|apos;)\w{2,30};", b"?", named.strip())
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            collect_ids=False,
            recover=b"xmlns:ttm" not in data,
        )
        root = etree.fromstring(named, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    space = etree.QName(root).namespace
    body = [one for one in root.iter("{*}p") if etree.QName(one).namespace == space]
    return _truth(
        [
            "".join(
                one.xpath(
                    ".//text()[not(ancestor::*[local-name()='metadata' or local-name()='desc'])]"
                )
            )
            for one in body
        ]
    )


def _scc(text: str) -> Truth:
    """Words only: how many cues rolling text makes is a matter of choice."""
    said = []
    for line in re.findall(r"(?m)^\s*\d\d:\d\d:\d\d[:;.,]\d\d\s+((?:[0-9a-fA-F]{4}\s*)+)", text):
        for pair in line.split():
            high, low = int(pair[:2], 16) & 127, int(pair[2:], 16) & 127
            said.append(chr(high) + (chr(low) if low >= 32 else "") if high >= 32 else " ")
        said.append("\n")
    return Truth(None, Counter(re.findall("[a-z]{3,}", "".join(said).lower())))


def _lines(texts: list[str]) -> Truth:
    cleaned = [re.sub(r"\{[^{}]*\}|^/|(?<=\|)/", "", one) for one in texts]
    return _truth([_MARKUP.sub("", one) for one in cleaned])


def _stl(data: bytes) -> Truth:
    texts: dict[tuple[int, int], str] = {}
    for at in range(1024, len(data) - 127, 128):
        block = data[at : at + 128]
        if block[15] == 1 or block[3] == 0xFE:  # a comment, user data
            continue
        number = block[1] + 256 * block[2]
        words = re.sub(rb"[\xc1-\xcf].", b"", re.split(rb"\x8f", block[16:])[0], flags=re.S)
        texts[0, number] = texts.get((0, number), "") + "".join(
            chr(byte) if 32 <= byte < 127 else " " for byte in words
        )
    return _truth(list(texts.values()))


def judged(data: bytes, decided: dict[str, Any]) -> tuple[str, str]:
    """The outcome of a file, and a word on it."""
    truth = truth_of(data)
    entry = decided.get(sha256(data).hexdigest()[:16], {})
    numbers = itertools.count(1)
    try:
        got = read_subtitles(data, frame_rate=Fraction(25), uid=lambda: str(next(numbers)))
    except BadInput as refused:
        why = f"{refused.code}: {refused.message[:100]}"
        if entry.get("refuse") == refused.code or (
            "refuse" not in entry and (truth is None or not truth.letters)
        ):
            return "refused rightly", why
        return "refused", why
    except Exception as error:
        return "traceback", f"{type(error).__name__}: {str(error)[:160]}"
    words = [re.sub(r"</?[ibu]>", "", cue.text) for cue in got.cues]
    ours = _truth(words)
    said = sorted({one.code for one in (*got.report.repairs, *got.report.losses)})
    if "cues" in entry:
        truth = Truth(entry["cues"], ours.letters)
    if truth is not None and truth.cues is None:
        missing = set(truth.letters) - set(re.findall("[a-z]{3,}", "\n".join(words).lower()))
        return (
            "silent" if missing and not said else "told" if missing else "right"
        ), f"{sorted(missing)[:9]} {said}"
    if truth is None and "NO_TIMES" in said and ours.letters <= letters_of(decoded(data)):
        return "told", f"a text, {ours.cues} cues"
    if truth is None:
        return (
            "right" if "format" in entry else "silent"
        ), f"read as {got.report.format}, {ours.cues} cues"
    if ours.cues == truth.cues and ours.letters == truth.letters:
        return "right", ""
    what = f"{got.report.format}: {ours.cues} of {truth.cues} cues, letters +{dict(ours.letters - truth.letters)} -{dict(truth.letters - ours.letters)} {said}"
    return ("told" if set(said) & _EXPLAIN else "silent"), what[:400]


_EXPLAIN = {
    "HIDDEN_TEXT", "TEXT_BEFORE_FIRST_CUE", "TEXT_WITHOUT_TIME", "TIMED_SPANS", "EMPTY_EVENT", "COMMENT_DROPPED",
    "DRAWING_DROPPED", "TAG_DROPPED", "CUMULATIVE", "NEVER_SHOWN", "RUBY", "NO_TIMES", "NO_END_TIMES",
}  # fmt: skip


def by_pysubs2(data: bytes) -> tuple[str, str]:
    import pysubs2  # noqa: PLC0415

    truth = truth_of(data)
    try:
        text = decoded(data)
        script = pysubs2.SSAFile.from_string(text, fps=25)
    except pysubs2.exceptions.Pysubs2Error as error:
        return ("refused rightly" if truth is None or not truth.cues else "refused"), type(
            error
        ).__name__
    except Exception as error:
        return "traceback", type(error).__name__
    events = [one for one in script.events if not one.is_comment]
    return _peer(truth, [one.plaintext for one in events])


def by_ffmpeg(path: Path) -> tuple[str, str]:
    import imageio_ffmpeg  # noqa: PLC0415

    truth = truth_of(path.read_bytes())
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-nostdin",
        "-v",
        "error",
        "-i",
        path,
        "-map",
        "0:s:0",
        "-f",
        "srt",
        "-",
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return "traceback", "30 s"
    if done.returncode < 0:
        return "traceback", f"signal {-done.returncode}"
    if done.returncode or not done.stdout:
        return ("refused rightly" if truth is None or not truth.cues else "refused"), ""
    shown = re.sub(r"\r\n?", "\n", done.stdout.decode("utf-8", "replace"))
    return _peer(
        truth,
        [
            re.sub(r"</?[^<>]*>|\{[^{}]*\}", "", cue)
            for cue in re.split(r"\d+\n\d\d:\d\d:\d\d,\d{3} --> .*\n", shown)[1:]
        ],
    )


def _peer(truth: Truth | None, texts: list[str]) -> tuple[str, str]:
    theirs = _truth(texts)
    if truth is None:
        return ("refused rightly" if not theirs.cues else "silent"), ""
    return ("right" if theirs == truth else "silent"), f"{theirs.cues} of {truth.cues}"


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path, nargs="?", default=os.environ.get("TERJIME_CORPUS"))
    arguments.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "corpus.json")
    arguments.add_argument(
        "--list", default="", help="Show the files of these outcomes, with commas."
    )
    arguments.add_argument("--no-peers", action="store_true")
    given = arguments.parse_args()
    if given.folder is None:
        if not given.out.exists():
            raise SystemExit("Name a folder of subtitle files, or set TERJIME_CORPUS.")
        print("No folder was named (TERJIME_CORPUS); kept from an earlier run:")
        show(json.loads(given.out.read_text("utf-8")))
        return
    result = measure(Path(given.folder), set(given.list.split(",")), peers=not given.no_peers)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    show(result)
    if not result["met"]:
        raise SystemExit("a goal was missed")


def measure(folder: Path, wanted: set[str], *, peers: bool) -> dict[str, Any]:
    decided = json.loads(DECIDED.read_text("utf-8"))
    names = ("terjime", "pysubs2", "ffmpeg") if peers else ("terjime",)
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    seen: set[str] = set()
    for path in files_in(folder):
        data = path.read_bytes()
        if (key := sha256(data).hexdigest()) in seen:
            continue
        seen.add(key)
        outcome, why = judged(data, decided)
        counts["terjime"][outcome] += 1
        if outcome in wanted:
            print(outcome, path.relative_to(folder), key[:16], why)
        if peers:
            counts["pysubs2"][by_pysubs2(data)[0]] += 1
            counts["ffmpeg"][by_ffmpeg(path)[0]] += 1
    rows: dict[str, dict[str, Any]] = {
        name: {
            "good": round(sum(count[one] for one in RIGHT) / len(seen), 4),
            "outcomes": dict(count.most_common()),
        }
        for name, count in counts.items()
    }
    ours = counts["terjime"]
    return {
        "command": "python bench/corpus.py FOLDER",
        "date": datetime.date.today().isoformat(),
        "files": len(seen),
        "decided_by_hand": len(decided),
        "goal": {"good": GOAL, "traceback": 0, "silent": 0},
        "rows": rows,
        "met": rows["terjime"]["good"] >= GOAL and not ours["traceback"] and not ours["silent"],
    }


def show(result: dict[str, Any]) -> None:
    print(
        f"{result['files']} different files, {result['date']}; {result['decided_by_hand']} decided by hand"
    )
    for name, row in result["rows"].items():
        goal = f"goal {GOAL}, no traceback, nothing silent" if name == "terjime" else ""
        met = f" {'met' if result['met'] else 'MISSED'}" if goal else ""
        print(f"{name:8} {row['good']:.4f}  {row['outcomes']}  {goal}{met}")


if __name__ == "__main__":
    main()
