"""A card's picture where no sample was drawn: the LoRA's name on a plain colour, never a photo."""

from __future__ import annotations

import colorsys
import zlib
from pathlib import Path

SIDE, MARGIN, MOST_SCALE = 512, 48, 8
INK = (255, 255, 255)


def draw(name: str, path: Path) -> Path:
    """Write the tile for ``name`` as a PNG; the same name has the same colour. Raises OSError."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default()
    plain = name.encode("latin-1", "replace").decode("latin-1")  # what Pillow's own font has
    left, top, right, bottom = (int(edge) for edge in font.getbbox(plain))
    text = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(text).text((-left, -top), plain, fill=255, font=font)
    scale = max(1, min(MOST_SCALE, (SIDE - 2 * MARGIN) // text.width))
    text = text.resize((text.width * scale, text.height * scale), Image.Resampling.BICUBIC)
    hue = zlib.crc32(name.encode()) % 360 / 360
    color = tuple(round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.36, 0.35))
    tile = Image.new("RGB", (SIDE, SIDE), color)
    place = ((SIDE - text.width) // 2, (SIDE - text.height) // 2)
    tile.paste(INK, (*place, place[0] + text.width, place[1] + text.height), text)
    path.parent.mkdir(parents=True, exist_ok=True)
    tile.save(path, "PNG")
    return path
