"""Photos from a video: which frames are taken, and what comes of a video that is none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from benchmarks import drawn_clip as clips
from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.embedded import EmbeddedEngine, libraries
from sd_scripts_bridge.errors import EngineNotReady, Invalid
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.photos.faces import Box
from sd_scripts_bridge.photos.video.look import FrameLook, look_at
from sd_scripts_bridge.photos.video.request import FramesRequest
from sd_scripts_bridge.photos.video.selection import choose
from tests.support.verbs import run

pytest.importorskip("av", reason="PyAV is not installed (pip install av)")
from sd_scripts_bridge.engines.tools import frames_program  # imports PyAV

Shot = tuple[Path, list[bool]]


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Shot:
    """A video of six scenes: 24 sharp frames among 96 blurred ones."""
    frames = clips.drawn(scenes=6, poses=4, blurred=4, seed=3)
    file = tmp_path_factory.mktemp("video") / "IMG 0042.MOV"
    return clips.write(file, [picture for picture, _ in frames]), [sharp for _, sharp in frames]


def job_in(folder: Path, asked: FramesRequest) -> JobFolder:
    folder.mkdir(parents=True)
    job = JobFolder(folder)
    job.job.write_text(json.dumps({"settings": asked.as_dict()}))
    return job


def numbers(answer: dict[str, object]) -> list[int]:
    rows = answer["frames"]
    assert isinstance(rows, list)
    return [round(row["seconds"] * clips.RATE) for row in rows]


def test_nine_of_ten_taken_frames_are_sharp_and_all_scenes_are_there(
    shot: Shot, tmp_path: Path
) -> None:
    video, sharp = shot
    asked = FramesRequest(video, 18, tmp_path / "photos")
    answer = frames_program.run(asked, job_in(tmp_path / "job", asked))
    assert answer
    taken = numbers(answer)
    assert len(taken) == 18 == len(list(asked.out.glob("*.png")))
    assert sum(sharp[number] for number in taken) >= 0.9 * len(taken)
    assert {number // 20 for number in taken} == set(range(6))  # 20 frames each
    with Image.open(answer["frames"][0]["file"]) as picture:
        assert (picture.size, picture.mode) == (clips.SIZE, "RGB")


def test_where_no_more_are_sharp_fewer_are_taken_and_it_says_why(
    shot: Shot, tmp_path: Path
) -> None:
    video, sharp = shot
    asked = FramesRequest(video, 100, tmp_path / "photos")
    answer = frames_program.run(asked, job_in(tmp_path / "job", asked))
    assert answer
    taken = numbers(answer)
    assert 12 <= len(taken) <= 26 and sum(sharp[number] for number in taken) >= 0.9 * len(taken)
    assert "100 were asked for: of 120 frames" in answer["sentence"]["text"]


def test_a_killed_run_goes_on_where_it_was(
    shot: Shot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = FramesRequest(shot[0], 5, tmp_path / "photos")
    job = job_in(tmp_path / "job", asked)
    whole = frames_program.run(asked, job)
    book = job.output / "looks.jsonl"
    lines = book.read_text().splitlines(keepends=True)
    for file in asked.out.iterdir():
        file.unlink()
    book.write_text("".join(lines[:70]) + lines[70][:30])  # what a kill leaves
    capsys.readouterr()
    assert frames_program.run(asked, job) == whole
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    steps = [event["step"] for event in events if event["type"] == "progress"]
    assert min(steps) == 71 and max(steps) == 120
    assert book.read_text().splitlines(keepends=True) == lines


def test_a_stop_ends_it_without_an_answer(shot: Shot, tmp_path: Path) -> None:
    asked = FramesRequest(shot[0], 5, tmp_path / "photos")
    job = job_in(tmp_path / "job", asked)
    job.stop_request.touch()
    assert frames_program.main([str(job.root)]) == 0
    assert not job.result.exists() and not asked.out.exists()


def test_a_phones_turn_is_obeyed(tmp_path: Path) -> None:
    if not hasattr(clips.stream_class(), "set_display_rotation"):
        pytest.skip("this PyAV can't write how a video is turned (18 can)")
    upright = clips.drawn(scenes=1, poses=1, blurred=0, seed=1)[0][0]
    video = clips.write(tmp_path / "turned.mp4", [upright] * 3, turn=90)
    asked = FramesRequest(video, 1, tmp_path / "photos")
    answer = frames_program.run(asked, job_in(tmp_path / "job", asked))
    assert answer
    with Image.open(answer["frames"][0]["file"]) as picture:
        shown = np.asarray(picture, dtype=np.int16)
    wanted = np.asarray(upright.transpose(Image.Transpose.ROTATE_90), dtype=np.int16)
    assert shown.shape == wanted.shape and np.abs(shown - wanted).mean() < 8


# ---- faces ----


def looks(faces: list[int | None]) -> list[FrameLook]:
    dice = np.random.default_rng(1)
    thumbs = [dice.integers(0, 256, (16, 16, 3), dtype=np.uint8) for _ in faces]
    return [
        FrameLook(float(at), 0.08, 200.0, thumb, count)
        for at, (count, thumb) in enumerate(zip(faces, thumbs, strict=True))
    ]


def times(faces: list[int | None]) -> list[float]:
    return [look.time for look in choose(looks(faces), 10).taken]


def test_frames_with_one_face_are_taken_where_a_detector_is_there() -> None:
    assert times([1, 0, 2, 1, 3]) == [0.0, 3.0]
    assert times([None, None, None]) == [0.0, 1.0, 2.0]
    assert times([0, 0, 2, 0]) == [0.0, 1.0, 3.0]  # a dog: the detector knows no face of it


def test_the_detector_is_asked_of_the_sharp_frames(
    shot: Shot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Left:
        """Finds one face where the picture's left half is the darker one, else two."""

        name = "left"

        is_sure = False

        def find(self, pixels: Image.Image) -> tuple[Box, ...]:
            grey = np.asarray(pixels.convert("L"))
            half = grey.shape[1] // 2
            one = grey[:, :half].mean() < grey[:, half:].mean()
            return (Box(0.1, 0.1, 0.2, 0.2),) * (1 if one else 2)

    monkeypatch.setattr(frames_program, "find_detector", lambda folders: Left())
    asked = FramesRequest(shot[0], 40, tmp_path / "photos")
    answer = frames_program.run(asked, job_in(tmp_path / "job", asked))
    assert answer and answer["detector"] == "left" and answer["frames"]
    for row in answer["frames"]:
        with Image.open(row["file"]) as picture:
            assert len(Left().find(picture)) == 1


# ---- what is no video, and a whole job ----


def test_of_a_soft_video_the_sharpest_are_taken_and_it_says_so(tmp_path: Path) -> None:
    frames = clips.drawn(scenes=2, poses=2, blurred=3, seed=5)
    soft = [picture.filter(ImageFilter.GaussianBlur(0.9)) for picture, _ in frames]
    asked = FramesRequest(clips.write(tmp_path / "soft.mp4", soft), 3, tmp_path / "photos")
    answer = frames_program.run(asked, job_in(tmp_path / "job", asked))
    assert answer and all(frames[number][1] for number in numbers(answer))
    assert "these are the sharpest" in answer["sentence"]["text"]


def test_an_empty_frame_is_never_taken() -> None:
    black = [look_at(Image.new("RGB", (512, 288)), float(at)) for at in range(3)]
    assert choose(black, 3).taken == () and choose([], 3).taken == ()


def test_bad_input_is_refused_in_a_sentence(tmp_path: Path) -> None:
    photo, folder = tmp_path / "a.jpg", tmp_path / "file"
    Image.new("RGB", (64, 64)).save(photo)
    folder.touch()
    with pytest.raises(Invalid) as refused:
        FramesRequest(photo, 0, folder).check()
    said = str(refused.value)
    assert "is a JPEG file, not a video" in said and "is a file. Name a folder." in said
    assert "0 is not a number of frames. Give 1 to 1000." in said
    with pytest.raises(Invalid, match=r"gone\.mov' is no file here"):
        FramesRequest(tmp_path / "gone.mov", 3, tmp_path / "out").check()


def test_a_damaged_video_says_so(shot: Shot, tmp_path: Path) -> None:
    whole = shot[0].read_bytes()
    video = tmp_path / "half.mp4"
    video.write_bytes(whole[: len(whole) // 3])
    asked = FramesRequest(video, 3, tmp_path / "photos")
    job = job_in(tmp_path / "job", asked)
    assert frames_program.main([str(job.root)]) == 0
    answer = json.loads(job.result.read_text())
    assert "'half.mp4' can't be read as a video" in answer["sentence"]["text"]


def test_without_pyav_it_says_how_to_get_it(
    shot: Shot, bridge: Bridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "site_packages", lambda python: [str(tmp_path)])
    python = EmbeddedEngine(bridge.home).python
    with pytest.raises(EngineNotReady) as refused:
        bridge.frames(FramesRequest(shot[0], 3, tmp_path / "photos"))
    assert f'"{python}" -m pip install av' in str(refused.value) and bridge.jobs() == []


def test_the_verb_follows_its_job_to_the_frames(shot: Shot, bridge: Bridge, tmp_path: Path) -> None:
    out = tmp_path / "photos"
    done = run(bridge, "frames", shot[0], "--count", "4", "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[0] == {"type": "queued", "job": 1} and rows[-1]["type"] == "frames"
    assert sorted(row["file"] for row in rows[-1]["frames"]) == sorted(map(str, out.iterdir()))
    assert "4 frames of 'IMG 0042.MOV' are in" in rows[-1]["sentence"]["text"]
