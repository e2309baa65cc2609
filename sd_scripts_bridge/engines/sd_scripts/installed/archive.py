"""sd-scripts as an archive: a .zip or .tar.gz on this machine, or at an address of a mirror."""

from __future__ import annotations

import os
import shutil
import tarfile
import urllib.request
import zipfile
from pathlib import Path

from ....errors import BridgeError
from ....messages import Message
from ....system.secret_text import hidden

ENDINGS = (".zip", ".tar.gz", ".tgz")


def is_archive(source: str) -> bool:
    """Whether ``source`` names one, by its ending."""
    return source.partition("?")[0].lower().endswith(ENDINGS)


def unpack(source: str, folder: Path) -> Path:
    """The folder with train_network.py out of the archive ``source``, now at ``folder``.

    Raises `BridgeError` where it can't be had, or holds no sd-scripts.
    """
    aside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        file = _fetched(source, aside) if "://" in source else Path(source)
        _unpack(file, aside / "all")
        found = sorted((aside / "all").rglob("train_network.py"), key=lambda path: len(path.parts))
        if not found:
            raise _refused(source, Message("setup.archive_empty", "it holds no train_network.py"))
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(found[0].parent, folder)
    except (OSError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
        said = error.args[0] if error.args else ""
        why = said if isinstance(said, Message) else str(error)
        raise _refused(source, why) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _fetched(address: str, folder: Path) -> Path:
    target = folder / f"fetched{'.zip' if '.zip' in address.lower() else '.tar.gz'}"
    if not address.startswith(("https://", "http://")):
        raise ValueError(
            Message("setup.no_web", "its address begins with neither https:// nor http://")
        )
    with urllib.request.urlopen(address, timeout=60) as answer, target.open("wb") as file:  # noqa: S310  # see above
        shutil.copyfileobj(answer, file)
    return target


def _unpack(file: Path, folder: Path) -> None:
    """Nothing of it lands outside of ``folder``:
    zipfile and tarfile's "data" filter see to that.
    """
    if file.name.lower().endswith(".zip"):
        with zipfile.ZipFile(file) as packed:
            packed.extractall(folder)  # noqa: S202  # see above
        return
    with tarfile.open(file) as packed:
        packed.extractall(folder, filter="data")


def _refused(source: str, why: str) -> BridgeError:
    return BridgeError(
        "setup.archive_unusable",
        "sd-scripts can't be taken from {source}: {why}. Name an archive of sd-scripts (.zip, "
        ".tar.gz), a folder, or an address to clone.",
        source=hidden(source),
        why=why,
    )
