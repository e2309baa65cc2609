"""What a model is asked: captions that teach one person and leave the rest changeable."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ..datasets.caption_text import ADVICE

RULE = (
    "Describe this photo in one line of {least} to {most} words, as a caption for training an "
    "image "
    'model. Begin with "{subject}". Then say what could be different in another photo: how '
    "close the picture is taken, the pose, the expression, the clothes, the place and the "
    "background, the light. Do not describe what always belongs to {subject}: eyes, hair, beard, "
    "skin, face, body, age. Answer with the caption alone."
)
"""Asked where the user gives no prompt; `captions --person` checks what comes back."""


Asks = Callable[[Path], str]
"""What is asked of a photo: it has the name of whom that one shows."""


def asked(prompt: str, name: str, class_token: str) -> str:
    """The user's own words, else `RULE`; in them ``{name}``, ``{class}`` and ``{subject}`` (both)
    are those of the photo's subject.
    """
    subject = f"{name} {class_token}".strip() or "the person"
    least, most = map(str, ADVICE)
    values = {"subject": subject, "name": name, "class": class_token, "least": least, "most": most}
    return _PLACE.sub(lambda found: values[found[1]], prompt.strip() or RULE)


_PLACE = re.compile(r"\{(subject|name|class|least|most)\}")
