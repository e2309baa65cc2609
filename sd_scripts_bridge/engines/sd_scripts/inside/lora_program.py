"""Runs one of sd-scripts' own LoRA programs as a job: ``main()`` in the training environment.

Words: the job's folder, sd-scripts' folder, the script below it, the file to write, the script's
own words. The script runs in this process as if it had been called itself.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
import time
from pathlib import Path

LOOK_SECONDS = 0.5


def main() -> int:
    """Returns 0 where the script has written its file; a stop that is asked for ends it at once."""
    folder, root, script, result, *words = sys.argv[1:]
    threading.Thread(target=_obey, args=(Path(folder) / "stop",), daemon=True).start()
    sys.path[:0] = [str(Path(root, script).parent), root]
    sys.argv = [str(Path(root, script)), *words]
    runpy.run_path(sys.argv[0], run_name="__main__")
    if not Path(result).is_file():
        sys.stderr.write(f"{script} ended without writing {result}\n")
        return 1
    answer = Path(folder) / "result.json"
    aside = answer.with_name(".result.json.part")
    aside.write_text(json.dumps({"file": Path(result).name}), encoding="utf-8")
    os.replace(aside, answer)
    return 0


def _obey(request: Path) -> None:
    """Nothing of what these programs do can be gone on with: a stop is an end."""
    while not request.exists():
        time.sleep(LOOK_SECONDS)
    os._exit(0)
