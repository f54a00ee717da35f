"""Rendering: a film and a track become a build. Plan, run, measure; only what changed is encoded.

What others use: `recipe` (Recipe, Style, FINAL, REVIEW, REVIEW_240, SOFT_MP4, SOFT_MKV), `plan`
(plan_render, Stamp, RenderPlan), `run` (missing, runs, encode_run), `sound.keep_sound`,
`stitch.stitch`, `segments` (SegmentStore, FolderSegments), `engine` (render, build_segments,
report_build) and `ass` (captions, document, film_clock: what a player draws before anything is
rendered).
"""
