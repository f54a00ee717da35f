"""Terjime's core: films, tracks and renders. Knows no server and no queue."""
