"""Turkmen and its neighbours: letters, encodings, words that may not begin a line. Pure.

letters.py        the alphabet; what is put right in any text that comes in
encodings.py      which encoding a file is in, judged by its letters
postpositions.py  words that may not begin a line
data/             what they are counted and looked up from; SOURCES.md says whose it is
"""
