"""Write ``options/known/parsers.json`` anew from an installed sd-scripts.

python tools/known_options.py SD_SCRIPTS_FOLDER ITS_PYTHON "0.10.1 (48d368fa)"
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sd_scripts_bridge.engines.sd_scripts.installed import catalogue  # noqa: E402
from sd_scripts_bridge.paths import Home  # noqa: E402

TARGET = ROOT / "sd_scripts_bridge" / "options" / "known" / "parsers.json"
_KEPT = ("type", "flag", "nargs", "default", "choices")


def compact(found: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One row for each option as several scripts have it; ``scripts`` is left out where all do."""
    rows: dict[str, dict[str, Any]] = {}
    for script, options in found.items():
        for option in options:
            row = {"name": option["name"]}
            row |= {key: option[key] for key in _KEPT if _says_something(option[key])}
            if option["flag"]:
                row.pop("nargs", None)
            rows.setdefault(json.dumps(row, sort_keys=True), {**row, "scripts": []})
            rows[json.dumps(row, sort_keys=True)]["scripts"].append(script)
    for row in rows.values():
        if len(row["scripts"]) == len(found):
            del row["scripts"]
    return sorted(rows.values(), key=lambda row: row["name"])


def _says_something(value: Any) -> bool:
    return value is not None and value is not False


def main(scripts: str, python: str, version: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        names = catalogue.write(home, Path(python), Path(scripts))
        found = {name: list(catalogue.read(home, name).values()) for name in names}
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in compact(found))
    head = json.dumps({"version": version, "scripts": names})[:-1]
    TARGET.write_text(f'{head}, "options": [\n{rows}\n]}}\n', encoding="utf-8")
    print(f"{TARGET.name}: {len(names)} scripts")  # a tool's answer
    return 0 if names else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
