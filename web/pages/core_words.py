"""Plain English words that come from the core, so that the catalogues hold them: `words.said` looks them up.

Each is the text of a station (workflow/stages/show.py), of what a job is doing
or of why a verdict is not possible. A word that is missing here is shown in English.
"""

from flask_babel import lazy_gettext

STATION_WORDS = (
    lazy_gettext("Uploaded"),
    lazy_gettext("Subtitles to upload"),
    lazy_gettext("The film is being taken in"),
    lazy_gettext("The film could not be taken in"),
    lazy_gettext("Aligning"),
    lazy_gettext("Aligned"),
    lazy_gettext("Alignment failed"),
    lazy_gettext("New times to decide on"),
    lazy_gettext("Not aligned yet"),
    lazy_gettext("Not needed"),
    lazy_gettext("Not submitted yet"),
    lazy_gettext("Changes were requested"),
    lazy_gettext("Edited since the last version"),
    lazy_gettext("Not yet"),
    lazy_gettext("Approved"),
    lazy_gettext("Changes requested"),
    lazy_gettext("Approval no longer holds"),
    lazy_gettext("Review build to make"),
    lazy_gettext("Review build failed"),
    lazy_gettext("Making the review build"),
    lazy_gettext("Waiting for a verdict"),
    lazy_gettext("After approval"),
    lazy_gettext("Ready for the final render"),
    lazy_gettext("Final render failed"),
    lazy_gettext("Rendering"),
    lazy_gettext("Rendered"),
    lazy_gettext("Ready to download"),
)
PROGRESS_WORDS = (
    lazy_gettext("Copying the film"),
    lazy_gettext("Making the working copy"),
    lazy_gettext("Encoding the picture"),
    lazy_gettext("Encoding the sound"),
    lazy_gettext("Putting the film together"),
    lazy_gettext("Measuring what was made"),
    lazy_gettext("Storing"),
    lazy_gettext("Measuring the loudness"),
    lazy_gettext("Reading the films"),
    lazy_gettext("Checking the package"),
)
WHY_NOT = (
    lazy_gettext("Only members of the project comment."),
    lazy_gettext("Only reviewers give verdicts."),
    lazy_gettext("A newer version is there."),
    lazy_gettext("The version is closed."),
    lazy_gettext("You changed cues of this version yourself; somebody else must approve it."),
)
