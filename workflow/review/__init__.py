"""What a verdict covers, what makes it stale, and where a comment stands on a newer version. Pure.

`changes_between`  what a reviewer must look at, by what a viewer sees
`authors_after`    who had a hand in each cue since the last approval: the ground of the two-person rule
`blockers`         why a draft cannot be submitted at all
`place_of`         where a comment's anchor is now
"""

from workflow.review.anchors import Place, Placed, anchor_of, place_of
from workflow.review.authors import authors_after, contributions, removal_hash
from workflow.review.blockers import Blocker, blockers
from workflow.review.changes import changes_between, hashes_of

__all__ = [
    "Blocker",
    "Place",
    "Placed",
    "anchor_of",
    "authors_after",
    "blockers",
    "changes_between",
    "contributions",
    "hashes_of",
    "place_of",
    "removal_hash",
]
