"""What `publish --private` leaves in the bytes of LoRA, card and picture: nothing of its maker."""

from __future__ import annotations

import getpass
import json
import random
import socket
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from sd_scripts_bridge.errors import PublishRefused
from sd_scripts_bridge.models import lora, safetensors_file
from sd_scripts_bridge.publishing.private import MARKS
from sd_scripts_bridge.publishing.publish import Card, card_from_metadata, publish
from tests.support import model_headers as headers

FILES, WORDS_EACH = 20, 50
LETTERS = "abcdefghijklmnopqrstuvwxyzäéñöž"


def a_word(rng: random.Random) -> str:
    return "".join(rng.choices(LETTERS, k=rng.randint(7, 14)))


def full_of(words: list[str], folder: str) -> dict[str, str]:
    """Metadata with ``words`` in every place where a trainer or a tool puts text."""
    told, rest = words[:8], words[8:]
    return {
        **headers.METADATA,
        "ss_output_name": told[0],
        "modelspec.title": told[0],
        "ss_sd_model_name": f"{folder}/{told[1]}.safetensors",
        "ss_training_comment": told[2],
        "modelspec.author": told[3],
        "ss_network_args": json.dumps({told[4]: "1"}),
        "ss_optimizer": f"adamw({told[5]}=1)",
        "ss_base_model_version": "sd_v1" if len(told[6]) % 2 else told[6],
        told[7]: "1",
        "ss_network_module": told[7],
        "ss_dataset_dirs": json.dumps({f"10_{rest[0]} {rest[1]}": {"img_count": len(rest)}}),
        "ss_tag_frequency": json.dumps({f"10_{rest[0]}": dict.fromkeys(rest, 1)}),
        "ssmd_cover_images": json.dumps(rest),
    }


def told_picture(path: Path, words: list[str]) -> Path:
    """A picture that says ``words`` as PNG text and in its EXIF data, as WebUIs write them."""
    info, exif = PngImagePlugin.PngInfo(), Image.Exif()
    info.add_text("parameters", " ".join(words))
    exif[0x010E] = exif[0x9286] = " ".join(words)
    Image.effect_noise((96, 64), 80).convert("RGB").save(path, pnginfo=info, exif=exif)
    return path


def found(words: list[str], folder: Path) -> list[str]:
    """Those of ``words`` that stand in any file of ``folder``, or in a file's name."""
    texts = [path.read_bytes().lower() for path in folder.iterdir()]
    texts += [path.name.lower().encode() for path in folder.iterdir()]
    encoded = [(w, (w.lower().encode(), json.dumps(w.lower())[1:-1].encode())) for w in words]
    return [w for w, forms in encoded if any(form in text for form in forms for text in texts)]


def test_a_thousand_names_and_captions_leave_no_byte(tmp_path: Path) -> None:
    rng = random.Random(10)
    machine = [str(Path.home()), socket.gethostname(), getpass.getuser(), str(tmp_path)]
    for number in range(FILES):
        words = [a_word(rng) for _ in range(WORDS_EACH)]
        output, loras = tmp_path / f"out{number}", tmp_path / f"loras{number}"
        output.mkdir()
        source = headers.write(
            output / f"{words[0]}.safetensors", headers.lora(), full_of(words, str(tmp_path))
        )
        card = card_from_metadata(lora.inspect(source))
        told = Card(" ".join(words), card.sd_version, f"{words[0]} man", 1.0, words[1], words[2])
        sample = told_picture(output / f"{words[3]}.png", words)
        publish(source, loras, "Hero", told, sample, is_private=True)
        assert len([*loras.iterdir()]) == 3
        assert found(words, loras) == []
        assert found([word for word in machine if len(word) > 4], loras) == []


def a1111(metadata: Mapping[str, str]) -> str:
    """`NetworkOnDisk.detect_version` of A1111 1.10.1 (extensions-builtin/Lora/network.py)."""
    if metadata.get("ss_base_model_version", "").startswith("sdxl_"):
        return "SDXL"
    return "SD2" if metadata.get("ss_v2") == "True" else "SD1" if metadata else "Unknown"


def forge(metadata: Mapping[str, str]) -> str:
    """The same of Forge f2.0.1 (extensions-builtin/sd_forge_lora/network.py)."""
    architecture = metadata.get("modelspec.architecture", "")
    if architecture == "flux-1-dev/lora":
        return "Flux"
    if architecture == "stable-diffusion-xl-v1-base/lora":
        return "SDXL"
    if metadata.get("ss_base_model_version", "").startswith("sdxl_"):
        return "SDXL"
    if metadata.get("ss_v2") == "True":
        return "SD2"
    return "SD1" if architecture == "stable-diffusion-v1/lora" else "Unknown"


@pytest.mark.parametrize(
    "family, version", [("sd1", "SD1"), ("sd2", "SD2"), ("sdxl", "SDXL"), ("flux1", "Flux")]
)
def test_the_hosts_file_it_under_its_family_with_its_hash(
    family: str, version: str, tmp_path: Path
) -> None:
    said = {"ss_base_model_version": MARKS[family][0], "ss_tag_frequency": '{"Ada": {"Ada": 1}}'}
    source = headers.write(tmp_path / "run.safetensors", headers.lora(), said)
    done = publish(source, tmp_path / "loras", "Hero", Card("", "", ""), is_private=True)
    kept = safetensors_file.read_header(done.path).metadata
    assert (forge(kept), a1111(kept)) == (version, version if version != "Flux" else "SD1")
    assert json.loads(done.path.with_suffix(".json").read_text())["sd version"] == version
    assert kept["sshs_model_hash"] == safetensors_file.model_hash(source)
    assert kept["sshs_legacy_hash"] == safetensors_file.legacy_hash(done.path)
    assert kept["ss_output_name"] == "Hero"
    assert lora.inspect(done.path).family == family


def test_a_file_that_says_nothing_gets_the_marks_of_what_its_tensors_are(tmp_path: Path) -> None:
    source = headers.write(tmp_path / "run.safetensors", headers.lora(text=768))
    assert lora.inspect(source).family == "sd1"
    done = publish(source, tmp_path / "loras", "Hero", Card("", "", ""), is_private=True)
    kept = safetensors_file.read_header(done.path).metadata
    assert (forge(kept), a1111(kept)) == ("SD1", "SD1")


def test_the_card_keeps_the_words_that_are_the_name_alone(tmp_path: Path) -> None:
    source = headers.write(tmp_path / "run.safetensors", headers.lora(), headers.METADATA)
    done = publish(source, tmp_path, "Ada", Card("d", "SD1", "Ada woman"), is_private=True)
    other = publish(source, tmp_path, "Hero", Card("d", "SD1", "Ada woman"), is_private=True)
    assert (done.activation_text, other.activation_text) == ("Ada", "")


def test_a_card_and_a_picture_that_lie_there_are_not_taken_in(tmp_path: Path) -> None:
    source = headers.write(tmp_path / "run.safetensors", headers.lora(), headers.METADATA)
    loras = tmp_path / "loras"
    loras.mkdir()
    (loras / "Hero.json").write_text('{"notes": "secretive"}', encoding="utf-8")
    (loras / "Hero-2.preview.png").write_bytes(b"secretive")
    assert publish(source, loras, "Hero", Card("", "", ""), is_private=True).stem == "Hero-3"


def test_an_embedding_inside_is_refused_for_its_name(tmp_path: Path) -> None:
    tensors = {
        **headers.lora(),
        "bundle_emb.alvaro.string_to_param.*": np.ones((1, 8), np.float32),
    }
    source = headers.write(tmp_path / "run.safetensors", tensors, headers.METADATA)
    with pytest.raises(PublishRefused, match=r"bundle_emb\.alvaro"):
        publish(source, tmp_path / "loras", "Hero", Card("", "", ""), is_private=True)
    assert not (tmp_path / "loras").exists() or not [*(tmp_path / "loras").iterdir()]
