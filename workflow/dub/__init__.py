"""Dubbing: from a script and a voice to a mixed, measured Turkmen film.

script.py      lines from cues, syllables, numbers in words, the cue sheet
voice.py       the guide voice (espeak-ng)
sound.py       any sound as float32; WAV of 24 bits
locate.py      every line of a script in one long recording; features.py, passing.py, edges.py and
               confidence.py are its parts
takes.py       takes cut from a recording or read from a folder
fit.py         where a take goes, and how much quicker it plays
loudness.py    BS.1770 meter, true-peak limiter, ffmpeg's second opinion
mix.py         bed and lines, block by block; master to a loudness
deliver.py     the film with the dub first, measured as it decodes
film.py        all of it: `dub_film`
plugins.py     the operator's own models, each a program of its own
"""
