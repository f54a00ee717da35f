"""README.txt of a package: what is in it and how to check and play it, in Turkmen, Russian and English."""

from __future__ import annotations

from dataclasses import dataclass

_NAMES = {  # of languages, as (Turkmen, Russian, English)
    "tk": ("türkmen dili", "туркменский", "Turkmen"),
    "ru": ("rus dili", "русский", "Russian"),
    "en": ("iňlis dili", "английский", "English"),
    "fa": ("pars dili", "персидский", "Persian"),
    "tr": ("türk dili", "турецкий", "Turkish"),
    "uz": ("özbek dili", "узбекский", "Uzbek"),
}

_DELIVERY = (
    """\
{title}

Dili: {language}. {number}-nji wersiýa ({track}).
Tassyklan: {approver}, {date}.

films/        taýýar filmler
subtitles/    subtitr faýllary
report.txt    barlaglar we sesiň güýji (report.json: programmalar üçin)
manifest.json film nämeden ýasaldy: her bir girişiň barmak yzy (SHA-256)
SHA256SUMS    bu bukjadaky faýllaryň barmak yzlary

Faýllaryň göçürilende zaýalanmandygyny barlamak (Linux, macOS):
  sha256sum -c SHA256SUMS
""",
    """\
{title}

Язык: {language}. Версия {number} ({track}).
Утвердил: {approver}, {date}.

films/        готовые фильмы
subtitles/    файлы субтитров
report.txt    проверки и громкость (report.json — для программ)
manifest.json из чего сделан фильм: отпечаток (SHA-256) каждого исходного файла
SHA256SUMS    отпечатки файлов этой папки

Проверить, что файлы не испортились при копировании (Linux, macOS):
  sha256sum -c SHA256SUMS
""",
    """\
{title}

Language: {language}. Version {number} ({track}).
Approved by {approver}, {date}.

films/        the finished films
subtitles/    the subtitle files
report.txt    checks and loudness (report.json: the same for programs)
manifest.json what the films were made from: the fingerprint (SHA-256) of every input
SHA256SUMS    fingerprints of the files in this folder

To check that nothing was damaged while copying (Linux, macOS):
  sha256sum -c SHA256SUMS
""",
)

_ROOM = (
    """\
{title}

Göçürmek: bu bukjany TUTUŞLYGYNA fleşkä ýa-da kompýutere göçüriň.
Görkezmek: index.html faýlyny açyň (Chrome, Edge, Firefox, Safari). Internet gerek däl.
Açylmasa: films bukjasyndaky filmi islendik pleýerde açyň.

Dili: {language}. {number}-nji wersiýa. Tassyklan: {approver}, {date}.
""",
    """\
{title}

Копирование: скопируйте эту папку ЦЕЛИКОМ на флешку или компьютер.
Показ: откройте index.html (Chrome, Edge, Firefox, Safari). Интернет не нужен.
Если не открывается: откройте фильм из папки films любым проигрывателем.

Язык: {language}. Версия {number}. Утвердил: {approver}, {date}.
""",
    """\
{title}

To copy: copy the WHOLE folder to a memory stick or a computer.
To show: open index.html (Chrome, Edge, Firefox, Safari). No internet is needed.
If it does not open: open the film in the folder films with any player.

Language: {language}. Version {number}. Approved by {approver}, {date}.
""",
)

_TOO_LARGE = (
    "DUÝDURYŞ: 4 GB-dan uly faýl bar. FAT32 fleşkä sygmaýar: fleşkäni exFAT edip formatlaň.\n",
    "ВНИМАНИЕ: есть файл больше 4 ГБ. На флешку FAT32 он не поместится: отформатируйте её в exFAT.\n",
    "WARNING: a file is larger than 4 GB. It does not fit on a FAT32 stick: format it as exFAT.\n",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a README says. *date* as YYYY-MM-DD."""

    title: str
    language: str
    number: int
    track: str
    approver: str
    date: str


def readme(kind: str, facts: Facts, *, too_large: bool = False) -> bytes:
    """README.txt. UTF-8 with its mark and CR LF, so that the oldest Notepad shows it whole."""
    names = _NAMES.get(facts.language.partition("-")[0], (facts.language,) * 3)
    parts = [
        text.format(
            title=facts.title,
            language=name,
            number=facts.number,
            track=facts.track,
            approver=facts.approver,
            date=facts.date,
        )
        + (f"\n{warning}" if too_large else "")
        for text, name, warning in zip(
            _ROOM if kind == "room" else _DELIVERY, names, _TOO_LARGE, strict=True
        )
    ]
    text = f"\n{'-' * 72}\n\n".join(parts)
    return text.replace("\n", "\r\n").encode("utf-8-sig")
