"""What is read of a dataset's captions before a training starts."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from sd_scripts_bridge.datasets.kohya_folder import open_dataset
from sd_scripts_bridge.planning import staging


def test_captions_are_read_once_for_all_that_is_said_of_them(tmp_path: Path) -> None:
    leaf = tmp_path / "img" / "5_Ada woman"
    leaf.mkdir(parents=True)
    Image.new("RGB", (600, 600)).save(leaf / "1.png")
    (leaf / "1.txt").write_text("Ada woman, red\nAda woman, blue\n", "utf-8")
    data = open_dataset(tmp_path)
    assert staging.token_length(data) is None
    (leaf / "1.txt").unlink()
    (said,) = staging.of_several_lines(data, at_random=False)
    assert "1 caption has several lines" in said
