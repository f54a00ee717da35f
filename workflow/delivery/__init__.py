"""Packages: what a producer hands on, as a list of names and bytes. Pure.

contents.py   a delivery: films, subtitle files, manifest, report, README, SHA256SUMS
room.py       a training room: a folder that plays from a memory stick, in any browser
readme.py     what stands in README.txt, in Turkmen, Russian and English
names.py      file names that every disk and player takes
zip.py        the archive, laid out so that any range of it can be sent
"""
