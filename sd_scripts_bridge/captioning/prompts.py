"""What a model is asked: captions that teach one person and leave the rest changeable."""

from __future__ import annotations

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


def asked(prompt: str, subject: str) -> str:
    """The user's own words, else `RULE`; ``{subject}`` in them is the name with its class."""
    least, most = ADVICE
    text = prompt.strip() or RULE
    for place, value in (("{subject}", subject or "the person"), ("{least}", str(least))):
        text = text.replace(place, value)
    return text.replace("{most}", str(most))
