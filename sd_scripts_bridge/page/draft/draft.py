"""What the user is preparing: photos, captions, training choices.

One draft a home; a reload or a restart loses nothing.
"""

from __future__ import annotations

import functools
import json
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...datasets.captions.edits import one_line
from ...engines.faces import FaceComparison
from ...errors import BridgeError, Conflict, Invalid, NotFound, Problem, short
from ...likeness.yardstick import detector_folders
from ...messages import Message
from ...names import normal
from ...paths import Home
from ...shapes.marks import ABSENT
from ...shapes.plain import plain
from ...system.files import free_path, mark, write_text
from ...system.locks import hold
from . import captions, intake, subjects, windows
from .check import PhotoCheck
from .choices import (
    DraftChange,
    Move,
    PhotoChange,
    described,
    holding,
    refuse,
    unkeepable,
    value_problems,
    with_files,
    with_folder,
)
from .intake import MOST_PHOTOS, Upload, VideoView, take_in
from .looks.people import PeopleCheck
from .state import DraftPhoto, State, from_dict
from .subjects import SubjectChange

Progress = tuple[int, int]


class Draft:
    """The draft of one home.

    Safe for threads; another process on the same home is noticed and not overwritten.
    """

    def __init__(self, home: Home, face_models: Sequence[Path] = ()) -> None:
        self.home, self.folder = home, home.root / "draft"
        models = (*face_models, *detector_folders(home))
        self.check = PhotoCheck(self.folder / "checks.json", models)
        self.compare_by(FaceComparison(home, face_models=face_models))
        self.writing: Progress | None = None
        self.drafting: Progress | None = None
        self.drafting_lock, self.writing_lock = threading.Lock(), threading.Lock()
        self.videos: Mapping[int, VideoView] = {}
        """By their jobs, those whose frames have come in since the start too."""
        self.video_lock, self.following_videos = threading.Lock(), False
        self.failure: str | None = None
        self._lock, self._intake = threading.RLock(), threading.Lock()
        self._state = State()
        self._mark: str | None = None

    def compare_by(self, comparison: FaceComparison) -> None:
        """Who compares the faces on the photos."""
        self.check.people = PeopleCheck(comparison, self.check.judge_again)

    @property
    def photos_folder(self) -> Path:
        return self.folder / "photos"

    @property
    def thumbs_folder(self) -> Path:
        return self.folder / "thumbs"

    @property
    def _file(self) -> Path:
        return self.folder / "draft.json"

    # ---- reading ----

    @property
    def state(self) -> State:
        """As it is now, on the disk too."""
        with self._lock:
            found = mark(self._file)
            if found != self._mark:
                self._state, self._mark = self._read(), found
                self._look(self._state)
            return self._state

    @property
    def revision(self) -> int:
        """Another number whenever anything about the draft is different, also after a restart."""
        return self.state.revision + self.check.judged.version

    def path(self, item: DraftPhoto) -> Path:
        return self.photos_folder / item.file if item.uploaded else Path(item.file)

    def paths(self, state: State) -> dict[int, Path]:
        return {item.id: self.path(item) for item in state.items}

    def item(self, pid: int) -> DraftPhoto:
        """The photo. Raises `NotFound`."""
        item = self.state.item(pid)
        if item is None:
            raise NotFound("draft.photo_draft", "There is no photo {pid} in the draft.", pid=pid)
        return item

    def _read(self) -> State:
        try:
            return from_dict(
                json.loads(self._file.read_text(encoding="utf-8"), parse_constant=refuse)
            )
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise BridgeError(
                "draft.cant_read",
                "{file} can't be read: {strerror}.",
                file=self._file,
                strerror=error.strerror or error,
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            return self._found_again(error)

    def _found_again(self, error: Exception) -> State:
        """The photos that are here, where a crash or an editor has left a draft that can't be read.
        Nothing is deleted.
        """
        aside = free_path(self.folder, "draft.json.broken")
        state = with_files(State(), intake.photos_in(self.photos_folder), self.photos_folder)
        self.failure = Message(
            "draft.draft_json_cant_read",
            "draft.json can't be read ({error}); it was moved aside as {name}. The uploaded "
            "photos are back; name, captions and choices have to be entered again.",
            error=short(str(error)),
            name=aside.name,
        )
        try:
            shutil.copyfile(self._file, aside)
            write_text(self._file, json.dumps(state.as_dict()))
        except OSError as failed:
            raise BridgeError(
                "draft.cant_read_nor_put",
                "{file} can't be read ({error}), nor moved aside: {strerror}.",
                file=self._file,
                error=error,
                strerror=failed.strerror,
            ) from failed
        return state

    # ---- changing ----

    def change(self, edit: Callable[[State], State]) -> State:
        """Save what ``edit`` makes of the state, aside first.

        Nothing is written where it makes no difference.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock, hold(self.folder / ".lock", wait=10) as mine:
            if not mine:
                raise Conflict(
                    "draft.another_program_changing_draft",
                    "Another program is changing this draft. Try again.",
                )
            before = self.state
            after = edit(before)
            if after == before:
                return before
            after = replace(after, revision=before.revision + 1)
            try:
                write_text(self._file, json.dumps(after.as_dict()))
            except OSError as error:
                raise BridgeError(
                    "draft.cant_written",
                    "{file} can't be written: {strerror}.",
                    file=self._file,
                    strerror=error.strerror or error,
                ) from error
            self._state, self._mark = after, mark(self._file)
            if _shown(before) != _shown(after):
                self._look(after)
            return after

    def _look(self, state: State) -> None:
        self.check.want(self.paths(state), {item.id: item.subject for item in state.items})

    def describe(self, said: DraftChange) -> None:
        """Other name, class or training choices, any part of them.

        ``was``: what the window has seen there, see `windows.refuse_overwriting`.
        Raises `Invalid`, or `Conflict` for what another window has changed.
        """
        data = plain(said)
        names = {key: normal(data[key]) for key in ("name", "class_token") if key in data}
        training = data.get("training", {})
        problems = [p for key in names for p in unkeepable(key, data[key])]
        problems += value_problems(training.get("values", {}))
        if problems:
            raise Invalid(problems)

        def edit(state: State) -> State:
            windows.refuse_overwriting(state, data, said.was)
            return described(state, names, training)

        self.change(edit)

    def change_subject(self, number: int, said: SubjectChange) -> None:
        """Another name, class or number of repeats of one of several subjects.

        Raises `Invalid`, `NotFound`.
        """
        if problems := subjects.change_problems(said):
            raise Invalid(problems)
        self.change(lambda state: subjects.changed(state, number, said))

    def remove_subject(self, number: int) -> None:
        """Without the subject and its photos; uploaded copies go, too. Raises `NotFound` or
        `Conflict`.
        """
        with self._intake:
            before = self.state
            after = self.change(lambda state: subjects.removed(state, number))
            left = {item.id for item in after.items}
            for item in before.items:
                if item.uploaded and item.id not in left:
                    file = self.path(item)
                    for one in (file, file.with_suffix(".txt"), file.with_suffix(".caption")):
                        one.unlink(missing_ok=True)

    def upload(self, files: Sequence[Upload], subject: int = 1) -> tuple[str, ...]:
        """Take photos, captions and zips in, for a subject; returns what to say.

        Raises `Invalid`; then nothing was taken.
        """
        with self._intake:
            taken = take_in(files, self.photos_folder, len(self.state.items))
            self.change(lambda state: with_files(state, taken.names, self.photos_folder, subject))
        self.look_again()
        return taken.notes

    def use_folder(self, path: Path | None, subject: int = 1) -> None:
        """The photos in a folder, which stay where they are; None: no folder. Several folders of
        kohya's are taken with their names, classes and repeats. Raises `Invalid`.
        """
        from ...photos import files as photo_files

        if path is not None and not path.is_absolute():
            raise Invalid(
                [
                    Problem(
                        "draft.whole_path",
                        "path",
                        "{path} is not an absolute path",
                        "Start with / or a drive letter.",
                        path=short(str(path)),
                    )
                ]
            )
        found = photo_files.find([path]) if path else []
        if len(found) > MOST_PHOTOS:
            raise Invalid(
                [
                    Problem(
                        "draft.files",
                        "path",
                        "it holds {count} files",
                        "The limit is {most_photos}.",
                        count=len(found),
                        most_photos=MOST_PHOTOS,
                    )
                ]
            )
        several = subjects.kohyas(path) if path and subject == 1 else None
        if path and several and not self.state.others:
            self.change(lambda state: subjects.with_folders(state, path, several))
        else:
            self.change(lambda state: with_folder(state, path, found, subject))
        self.look_again()

    def look_again(self) -> None:
        """See whether files have changed on the disk, captions beside them too."""
        self._look(self.state)

    def set_photo(self, pid: int, said: PhotoChange) -> None:
        """Use it or not, hold it out, its caption, its turn (which puts the frame back in the
        middle), and where its frame is.

        Raises `NotFound`, `Invalid`, or `Conflict` for a caption that another window has changed.
        """
        self.item(pid)
        if said.used is True:
            self._refuse_unusable(pid)
        if said.subject is not ABSENT:
            subjects.known(self.state, said.subject)

        def edit(state: State) -> State:
            if said.caption is not ABSENT:
                text = said.caption
                self._refuse_overwriting(pid, state, text or "", said.was)
                said_now = None if text is None else one_line(text)
                state = captions.by_hand(state, {pid: said_now})
            item = state.item(pid)
            after = state.with_photos({pid: _looks(item, said)}) if item else state
            return holding(after) if said.held_out is True else after

        self.change(edit)

    def _refuse_unusable(self, pid: int) -> None:
        seen = self.check.judged.seen.get(pid)
        if seen and seen.finding.photo is None:
            verdict = self.check.judged.verdicts[pid]
            raise Invalid([Problem("draft.said", "", verdict.sentence, "It can't be used.")])

    def _refuse_overwriting(
        self, pid: int, state: State, here: str, was: Sequence[Mapping[str, Any]]
    ) -> None:
        """As `windows.refuse_overwriting`, of one photo's caption. One that nobody has written
        follows the name, so nothing of another window is lost with it.
        """
        item = state.item(pid)
        if item is None or item.caption is None:
            return
        there = captions.caption_of(item, state, self.check.judged)
        known = [one_line(str(part.get("caption") or "")) for part in was]
        if known and there not in (one_line(here), *known):
            raise windows.changed_elsewhere("caption", here, there)

    def clear(self) -> None:
        """Start over: no photos, no name; the training choices stay.

        Uploaded copies go, a folder of the user's stays.
        """
        with self._intake:
            self.change(
                lambda state: State(
                    next_id=state.next_id, training=replace(state.training, lora_name="")
                )
            )
            self.videos = {}
            for folder in (self.photos_folder, self.thumbs_folder, self.folder / "masks"):
                shutil.rmtree(folder, ignore_errors=True)


def _shown(state: State) -> list[tuple[int, str, int]]:
    """Which photos there are, and whom they show."""
    return [(item.id, item.file, item.subject) for item in state.items]


def _looks(item: DraftPhoto, said: PhotoChange) -> DraftPhoto:
    if said.subject is not ABSENT:
        item = replace(item, subject=said.subject)
    if said.repeats is not ABSENT:
        item = replace(item, repeats=said.repeats)
    if said.used is not ABSENT:
        item = replace(item, used=said.used)
    if said.turn is not ABSENT and said.turn != item.turn:
        item = replace(item, turn=said.turn, move_x=0.0, move_y=0.0)
    if said.move is not ABSENT:
        to = said.move or Move()
        item = replace(item, move_x=to.x, move_y=to.y)
    if said.held_out is not ABSENT:
        item = replace(item, held_out=said.held_out)
    return item


@functools.lru_cache(maxsize=16)
def _draft_at(root: Path) -> Draft:
    return Draft(Home(root))


def draft_of(home: Home, face_models: Sequence[Path] = (), lora_dir: Path | None = None) -> Draft:
    """The one draft of this home in this process, also after the WebUI has reloaded its page."""
    draft = _draft_at(home.root.absolute())
    if face_models or lora_dir:
        draft.check.face_models = (*face_models, *detector_folders(home))
        draft.compare_by(FaceComparison(home, lora_dir, face_models))
    return draft
