"""What `--help` says of each verb beyond its arguments: what it does, how it ends, examples."""

from __future__ import annotations

from .help_page import HelpPage
from .help_pages.loras import LORA_PAGES
from .help_pages.photos import PHOTO_PAGES

PROGRAM = "sd-scripts-bridge"


WHOLE = """
From photos to a LoRA in the WebUI's folder: `check` the photos, make a `dataset` of them, `train`
it. Jobs are queued and continue without this terminal; the other verbs show and change the queue.
Everything in the tab "Train LoRA" can be done here, too.
"""

EXIT_CODES = """
exit codes:
  0    done
  1    a problem: what is wrong and what to do, on stderr; with --json as
       {"error": {"sentences": [...], "problems": [...]}} on stdout
  2    usage error
  3    a bug in LoRA Bridge; please report it
  130  Ctrl-C; jobs continue
"""

SURROUNDINGS = """
environment:
  SD_SCRIPTS_BRIDGE_HOME  the home folder, unless --home is given
  NO_COLOR                no colours, if set
  RAY_JOB_HEADERS         additional HTTP headers for train --on, as JSON
  LC_ALL, LC_MESSAGES, LANG
                          the language of `options`: Japanese where sd-scripts
                          has it, otherwise English

files in the home folder (--home, else SD_SCRIPTS_BRIDGE_HOME, else the
WebUI's data folder, else the user's):
  bridge.sqlite3          the queue
  jobs/000001/            a job: job.json, command.txt, train.log, samples/,
                          output/, report.json
  datasets/               clean copies of photos
  engines/                sd-scripts, its environment and its list of options

See also docs/rest.md (the same over HTTP) and docs/structure.md.
"""

PAGES: dict[str, HelpPage] = {
    **PHOTO_PAGES,
    "train": HelpPage(
        """Trains a LoRA and puts it, with its card, into the Lora folder. DATASET is a folder made
        by `dataset`, or your own kohya folder (its parent, its img folder, or one 10_name class
        folder), of which clean copies are made first. --config takes the settings from a file;
        what you give on the command line takes precedence over it. --set takes every option of
        the installed sd-scripts (`options` lists them); unknown options and wrong values are
        refused before anything starts. Ctrl-C leaves the job running.""",
        (
            (
                "train AlvaroBadia --base v1-5-pruned-emaonly.safetensors --lora-dir "
                "WEBUI/models/Lora",
                "the usual way",
            ),
            (
                "train AlvaroBadia --base sdxl.safetensors --preset person-sdxl-8gb --detach",
                "with a preset, in the background",
            ),
            (
                "train AlvaroBadia --base m.safetensors --set network_dim=64 "
                "optimizer_type=AdamW8bit",
                "with options of your own",
            ),
            ("train AlvaroBadia --base m.safetensors --at 23:00 --detach", "tonight"),
            ("train AlvaroBadia --base m.safetensors --gpus 0,1", "on two GPUs, one process each"),
            (
                "train AlvaroBadia --on ray://HOST --on-base /models/m.safetensors",
                "on a Ray cluster; the LoRA comes back",
            ),
            ("train --config kohya_ss.json --dry-run", "what that would train"),
            ("train --config kohya_ss.json", "as kohya_ss would train it"),
            (
                "train photos --base m.safetensors --config old.safetensors",
                "like that LoRA, but with these photos",
            ),
        ),
        "the training failed or was stopped, or a problem",
    ),
    "watch": HelpPage(
        """Follows a job from its first event to its last. Ctrl-C leaves the job running.""",
        (("watch 3", "until it is over"), ("watch 3 --json", "one JSON object per line")),
        "the job did not succeed, or a problem",
    ),
    "resume": HelpPage(
        """Puts a job that was stopped, failed or was lost back into the queue. It continues from
        its latest complete state, or starts from step 0 if there is none. If the training had
        finished and only publishing was left, it is published. Ends a pause at once.""",
        (
            ("resume 3", "from the latest state"),
            ("resume 3 --from 900", "from an earlier state; later ones are deleted"),
        ),
    ),
    "retry": HelpPage(
        """Puts a job that was stopped, failed or was lost back into the queue, to start over from
        step 0. What the last attempt wrote is deleted. --all-photos queues a new job instead, for
        any training: the same settings, but trained on the held-out photos, too, for the
        recommended number of steps (the best step of `result`) if there is one. For a
        `find-step` job it queues the training of all photos for the step found.""",
        (
            ("retry 3", "the same job, a new attempt"),
            ("retry 3 --all-photos", "for the recommended number of steps"),
            ("retry 3 --all-photos --steps 600", "for 600 steps"),
        ),
    ),
    "repeat": HelpPage(
        """Queues the same training once more, as a new job: the same settings, seed, photos,
        captions and base give the same LoRA. Says so if the photos, the captions or the base have
        changed since, with their hashes then and now.""",
        (("repeat 3", "is it chance, or the settings?"),),
        "what it trained is gone, or a problem",
    ),
    "compare": HelpPage(
        """Compares two to eight trainings: the settings, photos and captions in which they differ,
        the curves of the loss and, where it was measured, of the held-out loss, the figures at the
        end, and the sample pictures by step.""",
        (
            ("compare 3 5", "to read"),
            ("compare 3 5 --json", "with all points of the curves"),
        ),
    ),
    "report": HelpPage(
        """Prints what happened, for a bug report: options, versions, the end of the log. Names,
        paths and pictures are left out.""",
        (("report 3", "to read or paste"),),
    ),
    "result": HelpPage(
        """Prints where a finished LoRA is, what is known about it, and text that fills in txt2img:
        prompt, negative prompt, sampler, steps, size.""",
        (("result 3", "to paste"), ("result 3 --json", "with proof, samples and facts")),
        "the job has no LoRA (yet)",
    ),
    "rm": HelpPage(
        """Removes jobs from the list and deletes their folders: log, samples, checkpoints.
        Published LoRAs stay. A running job must be stopped first.""",
        (("rm 3", "one job"), ("rm 3 4 7", "several")),
        "one of them can't be removed",
    ),
    "forget": HelpPage(
        """Deletes everything in the home folder that shows or describes a job's photos: the clean
        copies with their captions and caches, samples, saved states, the log, and the photos in
        the tab's draft. The job stays on the list with its settings and figures. The published
        LoRA stays where it is and is listed as before; caption words are taken out of its
        metadata and of LoRAs that were resized or merged from it, and a photo out of their cards.
        Your own folders of photos are left alone. Refused while the job, or another that needs the
        same copies, runs or waits.""",
        (
            ("forget 3 --dry-run", "how much space it would free"),
            ("forget 3", "this can't be undone"),
        ),
        "the job is in use, or a problem",
    ),
    "clean": HelpPage(
        """Deletes what trainings that succeeded no longer need: by default their saved states,
        which only a resume needs, and the checkpoint of the last step, which is the LoRA itself.
        The same rule applies when a training ends. Also deletes clean copies of photo folders that
        no job on the list trains. Published LoRAs and your own photos stay. Says how much space it
        freed.""",
        (
            ("clean --dry-run", "how much space it would free"),
            ("clean --keep lora", "from now on, delete the other checkpoints, too"),
            ("clean --keep everything", "from now on, delete nothing"),
        ),
    ),
    "jobs": HelpPage(
        """Lists all jobs, oldest first, with their status and how they ended. With a number: what
        that job planned and did.""",
        (
            ("jobs", "the list"),
            ("jobs 3", "one job"),
            ("jobs --json", "with everything that was asked for"),
        ),
    ),
    "log": HelpPage(
        """Prints the end of the trainer's own output, as the trainer wrote it; or the loss as a
        table (attempt, step, loss, time in seconds since 1970). TensorBoard's own log files are
        written into jobs/NUMBER/tensorboard/ with train --set log_with=tensorboard.""",
        (
            ("log 3", "the last 40 lines"),
            ("log 3 --lines 500", "more"),
            ("log 3 --csv", "for a spreadsheet: > loss.csv"),
        ),
    ),
    "stop": HelpPage(
        """Stops a job after its next save, or at once. A waiting job leaves the queue. Everything
        saved so far is kept, and `resume` continues from there.""",
        (
            ("stop 3", "after the next save"),
            ("stop 3 --now", "steps since the last save are lost"),
        ),
    ),
    "pause": HelpPage(
        """Frees the GPU after the next save and continues by itself when the time is up. In the
        WebUI, "Generate now" does the same for as long as images are generated. `resume` ends a
        pause at once.""",
        (("pause 3", "for ten minutes"), ("pause 3 --minutes 60", "for an hour")),
    ),
    "evaluate": HelpPage(
        """Measures the denoising loss of every saved step of a training, by either engine, on the
        photos that it held out and on some that it trained, at fixed timesteps and noise; then says
        which step to use, and how sure that is. Steps that have been measured are not measured
        again. Or measures any LoRA for SD 1.5, SD 2 or SDXL on a folder of photos; --base can be
        left out if a training in this home has used its base model.""",
        (
            ("evaluate 3", "every save of job 3"),
            (
                "evaluate hero.safetensors --on photos --base v1-5.safetensors",
                "a LoRA from anywhere",
            ),
        ),
        "nothing to measure on, or measuring failed",
    ),
    "find-step": HelpPage(
        """Finds the step at which a training on all photos should end: of a training that has run
        (a job's number), or before the first, of a DATASET with --base, a folder as `train` takes
        it. The photos are left out in turn, each once, in five short trainings (by the embedded
        engine); the mean of what they measure says the step. That is a guess: each training has
        ups and downs of its own. It takes about four times as long as the training, and looks no
        further than its steps (max_train_steps). No LoRA is kept; `retry JOB --all-photos`, with
        the number of this job, trains it. Stopped, it goes on with `resume`.""",
        (
            ("find-step 3", "with the settings of job 3"),
            ("find-step Ana --base v1-5.safetensors", "before any training"),
            ("find-step Ana --base v1-5.safetensors --set max_train_steps=2400", "look further"),
            ("find-step 3 --folds 10", "more trainings, each on more of the photos"),
        ),
        "too few photos or saves, or a training failed",
    ),
    "judge": HelpPage(
        """Draws the saved steps of a training at several strengths, with the same prompts and
        seeds: first a pair without and with the LoRA, then the grid, and at the end one sheet with
        captions. Pictures that exist are not drawn again, so you may stop and start it as often as
        you like. In a WebUI, its tab draws them with the WebUI itself.""",
        (
            ("judge 3", "four saved steps, at 0.6, 0.8 and 1"),
            (
                "judge 3 --steps 450,600 --weights 0.7,0.8,0.9 --prompts mine.txt",
                "steps, strengths and prompts of your own",
            ),
            ("judge 3 --stop", "stop drawing"),
        ),
        "nothing is saved yet, or drawing failed",
    ),
    "import": HelpPage(
        """Shows what a file from another trainer would train, key by key: used, changed (from, to)
        or ignored, each with the reason. FILE is a .json of kohya_ss or OneTrainer, a
        .toml of sd-scripts or LoRA_Easy_Training_Scripts, a .yaml of ai-toolkit, a LoRA's
        .safetensors (its metadata), a .sh, .bat or .ps1 script, a notebook (.ipynb), a job.json,
        or a folder of photos. Nothing is changed; `train --config FILE`
        trains it.""",
        (("import kohya_ss.json", "to read"), ("import old.safetensors --json", "for a program")),
    ),
    "export": HelpPage(
        """Writes a job for other trainers: TOML files for sd-scripts, a settings file for
        kohya_ss, or a shell script and a batch file. Each trains the same LoRA. Secrets are never
        written.""",
        (
            ("export 3 --format toml", "into the job's folder"),
            ("export 3 --format sh --out scripts", "into another folder"),
        ),
    ),
    "options": HelpPage(
        """Lists the options for --set: type, default, limits, choices and help. With words, only
        those that have every word in their name or help. Once `setup` has run, these are all
        options of the installed sd-scripts.""",
        (
            ("options noise", "everything about noise"),
            ("options learning rate --family sdxl", "for SDXL"),
            ("options --json", "all, for a program"),
        ),
        "no option has these words",
    ),
    "presets": HelpPage(
        """Lists the presets, shows one with its reasons and sources, or copies one to a file for
        you to change.""",
        (
            ("presets", "the list"),
            ("presets show person-sdxl-8gb", "why these numbers, and where they come from"),
            ("presets cp person-sd15 mine.toml", "then: train ... --preset mine.toml"),
        ),
    ),
    "publish": HelpPage(
        """Checks a finished LoRA and puts it into a Lora folder, with card and preview. Nothing is
        ever overwritten: if the name is taken, the new file gets a number. With --average, a step
        is published as the mean of its weights and of those saved right before and after it: better
        than any single save where the learning rate is constant, no better where it falls to 0
        (`cosine`, as in the presets). With --private, the
        LoRA, its card and its preview hold no caption word, no path and no name but the LoRA's own;
        the WebUI still files it under the right family, with the right hash.""",
        (
            (
                "publish old.safetensors --lora-dir WEBUI/models/Lora --name Hero",
                "under another name",
            ),
            ("publish 12", "the latest checkpoint of job 12"),
            ("publish 12 --step 600", "another saved step, as AlvaroBadia-step600"),
            ("publish 12 --step recommended", "the step that measured best"),
            (
                "publish 12 --step 600 --average",
                "the mean of step 600 and of the saves right before and after it",
            ),
            ("publish --from-now-on recommended", "what trainings publish when they end"),
            ("publish 12 --private --name Hero", "to share"),
        ),
    ),
    **LORA_PAGES,
    "setup": HelpPage(
        """Installs sd-scripts, at a known commit, and its training environment in the home folder,
        as a job; or uses a kohya_ss or sd-scripts folder and its environment as they are. Then it
        reads all options of its scripts. The WebUI's environment is left alone.""",
        (
            ("setup", "once; several gigabytes"),
            ("setup --dry-run", "print the commands, with the PyTorch for this machine's GPU"),
            ("setup --source ~/kohya_ss", "use an existing folder; needs no network"),
            ("setup --source ~/sd-scripts --python ~/venv/bin/python", "with another environment"),
        ),
        "setup failed, or a problem",
    ),
    "ui": HelpPage(
        """Serves the Train LoRA tab as a page of its own and opens it in the browser. It listens
        on this machine only, unless --host says otherwise; then the page can't use this machine's
        paths.""",
        (
            ("ui --models ~/models", "base models from this folder"),
            ("ui --webui ~/stable-diffusion-webui", "with a WebUI's folders"),
            ("ui --port 0 --no-browser", "any free port; print the address only"),
        ),
    ),
    "doctor": HelpPage(
        """Says what is ready and what is missing: home folder, disk, engines, queue.""",
        (("doctor", "to read"), ("doctor --json", "for a program")),
        "something that is needed is missing",
    ),
    "completion": HelpPage(
        """Prints a script that lets your shell complete verbs, options, presets, job numbers and
        the names after --set.""",
        (
            ("completion bash", "in ~/.bashrc: source <(sd-scripts-bridge completion bash)"),
            (
                "completion zsh",
                "in ~/.zshrc, after compinit: source <(sd-scripts-bridge completion zsh)",
            ),
            ("completion fish", "to ~/.config/fish/completions/sd-scripts-bridge.fish"),
            (
                "completion powershell",
                "in $PROFILE: sd-scripts-bridge completion powershell | Out-String | "
                "Invoke-Expression",
            ),
        ),
    ),
    "help": HelpPage(
        """Prints a verb's page, like `VERB --help`; without a verb, the program's.""",
        (("help train", "one page"),),
    ),
}


def epilog(verb: str) -> str:
    """What stands below a verb's arguments."""
    page = PAGES[verb]
    examples = "\n".join(f"  {PROGRAM} {words}\n      {what}" for words, what in page.examples)
    codes = f"  0 done; 1 {page.one}; 2 usage error; 3 a bug; 130 Ctrl-C"
    return (
        f"examples:\n{examples}\n\nexit codes:\n{codes}\n\n`{PROGRAM} --help` lists files and "
        "environment variables."
    )
