"""Films and recordings: what a file holds, the mezzanine and the proxies, the only runner of ffmpeg.

probe.py       probe, probe_film, examine: what a file holds, or a named refusal
ingest.py      ingest: from an upload to the mezzanine and all that goes with it
soundtrack.py  finish_sound, extract: the film's sound, with its wave and the proxies
remux.py       copy_picture: a picture that is fit already
ffmpeg.py      run_ffmpeg, input_arguments, film_input: the only way to ffmpeg
process.py     run_confined: the only place that starts a program on a user's file
container.py   sniff: what a file really is, before any tool sees it
facts.py       MediaFacts, Film: values, for rooms that know no tools
limits.py      what a file may be at most
names.py       display_name, attachment_header: what users call their files
"""
