"""The words of the verbs on jobs: look at one, judge it, begin it again, hold it, remove it."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...jobs.folder import KEEP
from .. import words
from .photos import Add, add_set

A_JOB = "the job's number; `jobs` lists them"


def add_jobs(add: Add) -> None:
    """The verbs on jobs."""
    sub = add("jobs", "list all jobs, or show everything about one")
    sub.add_argument("job", nargs="?", type=words.job_number, help="a job's number")
    add_job(add("repeat", "run exactly the same training again, as a new job"))
    add_job(add("report", "what a job did, for a bug report: no names, paths or pictures"))
    add_job(add("result", "a finished LoRA: its prompt and its txt2img settings"))
    _retry(add("retry", "start over from step 0, or train on all photos"))
    _evaluate(add("evaluate", "measure saved steps on photos that they weren't trained on"))
    _find_step(add("find-step", "find the best step by short trainings on part of the photos"))
    _judge(add("judge", "draw the saved steps side by side, at several strengths"))
    _add_several(add("compare", "compare trainings: settings, data, curves, samples"))
    _resume(add("resume", "continue from the latest saved state, or from another"))
    _add_several(add("rm", "remove jobs and their folders"))
    sub = add_job(add("forget", "delete everything kept of a job's photos; its LoRA stays"))
    sub.add_argument("--dry-run", action="store_true", help="only say how much; delete nothing")
    _clean(add("clean", "delete what finished trainings no longer need"))
    _log(add("log", "the end of the trainer's own output"))
    _stop(add("stop", "stop after the next save, or now"))
    sub = add_job(add("pause", "free the GPU after the next save, and continue later"))
    sub.add_argument("--minutes", type=float, default=10.0, help="length of the pause (10)")


def add_job(sub: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The job that the verb works on."""
    sub.add_argument("job", type=words.job_number, help=A_JOB)
    return sub


def add_only_start(sub: argparse.ArgumentParser) -> None:
    """``--detach``, for verbs that else follow what they start."""
    sub.add_argument("--detach", action="store_true", help="start it and return at once")


def _add_several(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("job", type=words.job_number, nargs="+", help="the jobs' numbers")


def _retry(sub: argparse.ArgumentParser) -> None:
    add_job(sub)
    sub.add_argument(
        "--all-photos",
        action="store_true",
        help="a new job that trains on the held-out photos, too",
    )
    sub.add_argument(
        "--steps",
        type=words.count,
        metavar="N",
        help="with --all-photos: this number of steps (the recommended step, else as before)",
    )


def _evaluate(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("target", metavar="JOB_OR_FILE", help="a training's number, or any LoRA")
    sub.add_argument("--on", type=Path, metavar="PHOTOS", help="a folder of photos, for a FILE")
    sub.add_argument("--base", type=Path, help="the base model, for a FILE (the one it names)")
    add_only_start(sub)


def _find_step(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "target", metavar="JOB_OR_DATASET", help="a training's number, or a folder as for `train`"
    )
    sub.add_argument("--base", type=Path, help="the base model, for a DATASET")
    sub.add_argument("--preset", help="the starting point, for a DATASET, as for `train`")
    add_set(sub)
    sub.add_argument("--lora-dir", type=Path, help="where `retry --all-photos` publishes then")
    sub.add_argument("--gpu", type=int, help="the GPU to train on, for a DATASET")
    sub.add_argument(
        "--folds", type=words.count, metavar="N", help="the number of short trainings (5)"
    )
    add_only_start(sub)


def _judge(sub: argparse.ArgumentParser) -> None:
    add_job(sub)
    sub.add_argument(
        "--steps",
        type=words.whole_numbers,
        metavar="N,N",
        help="the saved steps (four of them, the last included)",
    )
    sub.add_argument(
        "--weights",
        type=words.numbers,
        metavar="W,W",
        help="the LoRA's strengths (0.6,0.8,1)",
    )
    sub.add_argument(
        "--prompts", type=Path, metavar="FILE", help="one prompt per line (the samples' own)"
    )
    sub.add_argument("--stop", action="store_true", help="stop drawing; keep what is drawn")
    add_only_start(sub)


def _resume(sub: argparse.ArgumentParser) -> None:
    add_job(sub)
    sub.add_argument(
        "--from",
        dest="step",
        type=words.count,
        metavar="STEP",
        help="the state saved at this step; later ones are deleted",
    )


def _clean(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--keep", choices=tuple(KEEP), help="from now on, what to keep of each")
    sub.add_argument("--dry-run", action="store_true", help="only say how much; delete nothing")


def _log(sub: argparse.ArgumentParser) -> None:
    add_job(sub)
    sub.add_argument("--lines", type=words.count, default=40, help="number of lines (40)")
    sub.add_argument("--csv", action="store_true", help="the loss at each step instead, as CSV")


def _stop(sub: argparse.ArgumentParser) -> None:
    add_job(sub)
    sub.add_argument(
        "--now", action="store_true", help="at once; steps since the last save are lost"
    )
