"""What every test gets: a home of its own, and no way to the user's real one."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.sd_scripts.installed import installation
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import HOME_VARIABLE, Home
from tests.support.disks import lora_disk, read_only, small_disk
from tests.support.supervisor import end_all

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side; tiny models gain nothing

settings.register_profile(
    "busy machine",
    deadline=None,
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "60")),
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("busy machine")

__all__ = ["lora_disk", "read_only", "small_disk"]

FAKE_SCRIPTS = Path(__file__).parent / "fake_sd_scripts"


@pytest.fixture(autouse=True)
def no_real_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A test that forgets to name a home gets an empty folder, never the user's."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "forgotten-home"))
    monkeypatch.delenv("SD_SCRIPTS_PYTHON", raising=False)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Children that are started meanwhile can be interrupted, also where a shell started these
    tests in the background and so told them, and theirs, to ignore Ctrl-C.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home in a folder whose name has a space, a quote and letters beyond ASCII."""
    return Home(tmp_path / "ho me's ñ").create()


@pytest.fixture
def bridge(home: Home) -> Iterator[Bridge]:
    """A bridge whose sd-scripts is the fake; whatever still runs at the end is ended."""
    installation.write(home, installation.Installation(str(FAKE_SCRIPTS), sys.executable))
    bridge = Bridge(home)
    yield bridge
    end_all(bridge)


@pytest.fixture
def make_job(home: Home, tmp_path: Path) -> Callable[..., TrainingJob]:
    """A job for the fake trainer. ``act`` says what that does besides:
    see tests/fake_sd_scripts.
    """

    def make(act: str = "", **params: object) -> TrainingJob:
        dataset = tmp_path / "img"
        leaf = dataset / "2_Ada woman"
        if not leaf.exists():
            leaf.mkdir(parents=True)
            for number in range(1, 11):  # 20 steps an epoch
                Image.new("RGB", (8, 8), (number, 0, 0)).save(leaf / f"{number}.png")
        (tmp_path / "base.safetensors").touch()
        values = {"max_train_steps": 20, "save_every_n_steps": 5, "training_comment": act, **params}
        return TrainingJob(
            name="Ada",
            subject="Ada",
            class_token="woman",
            dataset=str(dataset),
            base=str(tmp_path / "base.safetensors"),
            family="sd1",
            engine="sd-scripts",
            params=TrainingParams().with_values(values),
            lora_dir=str(tmp_path / "models" / "Lora"),
        )

    return make
