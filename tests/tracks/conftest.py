"""Properties are tried without a clock: the machine is shared.

``TERJIME_EXAMPLES=1000 pytest tests/tracks`` tries each that many times.
"""

import os

from hypothesis import settings

settings.register_profile(
    "unhurried", deadline=None, max_examples=int(os.environ.get("TERJIME_EXAMPLES", "40"))
)
settings.load_profile("unhurried")
