"""Dubbing: from a script and a voice to a mixed, measured Turkmen film."""
