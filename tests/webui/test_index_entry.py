"""The rules of the WebUI's extension index (its branch "extensions"), and our entry for it.

1. One UTF-8 JSON file under extensions/, named after the repository, and nothing else in the pull
   request.
2. name, url, description and tags are required; `added` is filled in at the merge.
3. The url is https, without spaces, ends in .git, and is unique.
4. The description is English; the index's own are 76 to 213 characters long.
5. Every tag is in the vocabulary; "installed" is the index's own. "online" is for what connects to
   a server in regular use
   (a download once, for the set-up, isn't), "ads" for advertisement.

The owner in the url is a placeholder until the repository has its public home.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENTRY = ROOT / "docs" / "index-entry" / "lora-bridge.json"

TAGS = {
    "script",
    "localization",
    "tab",
    "dropdown",
    "ads",
    "installed",
    "training",
    "models",
    "UI related",
    "prompting",
    "editing",
    "manipulations",
    "online",
    "animation",
    "query",
    "science",
    "extras",
}


def entry() -> dict[str, object]:
    data = json.loads(ENTRY.read_bytes().decode("utf-8"))
    assert isinstance(data, dict)
    return data


def test_it_has_the_required_fields_and_no_others() -> None:
    assert set(entry()) == {"name", "url", "description", "tags"}
    assert [path.name for path in ENTRY.parent.glob("*.json")] == [ENTRY.name]


def test_the_url_is_one_that_git_clones_into_a_folder_of_our_name() -> None:
    url = str(entry()["url"])
    assert re.fullmatch(r"https://[^\s]+\.git", url)
    folder = url.split("/")[-1].replace(".git", "")  # as the WebUI makes it
    assert folder == ENTRY.stem == "lora-bridge"


def test_the_description_is_plain_english_of_the_usual_length() -> None:
    text = str(entry()["description"])
    assert text.isascii() and 76 <= len(text) <= 213
    assert text[0].isupper() and text.endswith(".") and "http" not in text and "!" not in text


def test_the_tags_say_what_it_is() -> None:
    assert entry()["tags"] == ["tab", "training"]
    assert set(map(str, entry()["tags"])) <= TAGS - {"installed"}  # type: ignore[call-overload]


def test_the_repository_is_an_extension_as_the_webui_reads_it() -> None:
    assert (ROOT / "scripts" / "lora_bridge.py").is_file()
    assert (ROOT / "metadata.ini").is_file() and (ROOT / "style.css").is_file()
    assert not (ROOT / ".gitmodules").exists(), "a zip download lacks submodules"
    assert not (ROOT / "preload.py").exists(), (
        "its flags would stop the WebUI once the extension is gone"
    )
    assert not (ROOT / "requirements.txt").exists()
