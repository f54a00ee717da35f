"""Tracks: cues, their versions, how they differ and merge, and every subtitle format.

cues.py        Cue, TrackVersion and their hashes
document.py    a version as bytes; cues from a request that nobody vouches for
compare.py     diff, three-way merge, uids carried over to a file that came back
operations.py  split, merge, shift, stretch, re-break and the like, on cues
text.py        markup of a cue, and how its characters are counted
limits.py      what a track may measure at most
formats/       read_subtitles, write_subtitles; one file per format
"""
