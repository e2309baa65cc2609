"""What our own programs in a training environment have in common: their environment, and the
events that they print.
"""

from __future__ import annotations

import json

from ..jobs.events import Event, from_dict
from ..paths import PACKAGE_PARENT

ENVIRONMENT: dict[str, str | None] = {
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
    "PYTHONPATH": None,
    "PYTHONHOME": None,
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DIFFUSERS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYTORCH_ENABLE_MPS_FALLBACK": None,
}
"""Offline, in UTF-8, unbuffered, without a WebUI's module path, and on a Mac never on the processor
in secret: what its GPU can't compute is said.
"""

_LAUNCHER = (
    "import sys; sys.path.append({parent!r}); "
    "from sd_scripts_bridge.{module} import main; sys.exit(main())"
)


def launcher(module: str) -> str:
    """What ``python -c`` has to run for ``main()`` of our ``module``, wherever its Python is."""
    return _LAUNCHER.format(parent=str(PACKAGE_PARENT), module=module)


def event_of(line: str) -> Event | None:
    """The event that a line holds, for a program that prints ours; None: it is only log."""
    text = line.strip()
    if not text.startswith("{"):
        return None
    try:
        return from_dict(json.loads(text))
    except (ValueError, TypeError):
        return None
