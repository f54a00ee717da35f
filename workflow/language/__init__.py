"""Turkmen and its neighbours: letters, encodings, spelling, words that stay together, terms. Pure.

letters.py        the alphabet; what is put right in any text that comes in
encodings.py      which encoding a file is in, judged by its letters
scripts.py        Cyrillic and Latin, and the letters of 1993 to 1999
codes.py          languages as MP4 and Matroska write them
tell.py           which language a few cues are in
endings.py        endings of nouns: taken off, put on
spelling.py       which words are right; marks restored; stems
numbers.py        numbers, dates and money in words
order.py          alphabetical order, case, how numbers and dates are written
postpositions.py  words that may not begin a line
linebreak.py      where a line may break and where it likes to
glossary.py       terms and their forms
memory.py         what was said before for a source like this
data/             what they are counted and looked up from; SOURCES.md says whose it is
"""
