"""What `--help` says of each verb beyond its arguments: what it does, how it ends, how it is used."""

from __future__ import annotations

from typing import NamedTuple

PROGRAM = "sd-scripts-bridge"


class HelpPage(NamedTuple):
    """One verb's page. ``examples`` are words behind the program's name, each with what it is for."""

    text: str
    examples: tuple[tuple[str, str], ...]
    one: str = "a problem, one sentence each on stderr"
    """What exit code 1 means."""


WHOLE = """
From photos to a LoRA in the WebUI's folder: `check` the photos, make a `dataset` of them, `train` it. Training is queued and
goes on without this terminal; the other verbs look at the queue and change it. What the tab "Train LoRA" does, these do too.
"""

EXIT_CODES = """
exit codes:
  0    it was done
  1    a problem: one sentence each on stderr, with what to do
  2    the words can't be understood
  3    a defect of LoRA Bridge; please report it
  130  ended by Ctrl-C; jobs go on
"""

SURROUNDINGS = """
environment:
  SD_SCRIPTS_BRIDGE_HOME  the home folder, where --home is not given
  RAY_JOB_HEADERS         more HTTP headers for train --on, as JSON
  LC_ALL, LC_MESSAGES, LANG
                          the language of `options`: Japanese where sd-scripts
                          has it, else English

files, in the home folder (--home, else SD_SCRIPTS_BRIDGE_HOME, else the
WebUI's, else the user's data folder):
  bridge.sqlite3          the queue
  jobs/000001/            a job: job.json, command.txt, train.log, samples/,
                          output/, report.json
  datasets/               clean copies of photos
  engines/                sd-scripts, its environment, its parsers' options

See also docs/rest.md (the same over HTTP) and docs/structure.md.
"""

PAGES: dict[str, HelpPage] = {
    "check": HelpPage(
        "Looks at every photo and says in one sentence what it is good for: good, to be minded "
        "(soft, dark, small), or "
        "left out (damaged, a copy of another, not a photo). Then what to mind about the whole "
        "set. Nothing is changed.",
        (
            ("check photos", "one folder"),
            ("check a.jpg b.heic photos --json", "files and folders, for a program"),
        ),
        "no photo can be used, or a problem",
    ),
    "dataset": HelpPage(
        "Makes clean copies (turned upright, sRGB, without location data) and captions that "
        "begin with the name, in the "
        "layout that kohya users know: DIR/img/150_NAME CLASS/1.png 1.txt ... Ten photos and "
        "1500 steps give 150 repeats."
        " Your photos stay as they are.",
        (
            ("dataset photos --name AlvaroBadia --class man --out AlvaroBadia", "1500 steps"),
            ("dataset photos --name Rex --class dog --steps 1000 --out Rex", "fewer of them"),
        ),
    ),
    "captions": HelpPage(
        "Lists the captions of a folder that `dataset` made, or changes all of them at once, as "
        "the tab's second step does. "
        "Captions in folders of your own are left alone.",
        (
            ("captions AlvaroBadia", "read them"),
            ("captions AlvaroBadia --add 'grey shirt' --at-start", "behind the name"),
            ("captions AlvaroBadia --replace 'a man' man", "literally"),
            ("captions AlvaroBadia --undo", "the last change"),
        ),
    ),
    "train": HelpPage(
        "Trains a LoRA and puts it, with its card, into the Lora folder. DATASET is a folder "
        "that `dataset` made or a "
        "kohya folder of your own (its parent, its img folder, or one 10_name class folder), "
        "which is copied clean first."
        " --config trains as a file from elsewhere says; what is given besides goes before the "
        "file. --set takes every "
        "option of the installed sd-scripts (`options` lists them); an unknown one or a wrong "
        "value is refused before "
        "anything starts. Ctrl-C leaves the job running.",
        (
            (
                "train AlvaroBadia --base v1-5-pruned-emaonly.safetensors --lora-dir "
                "WEBUI/models/Lora",
                "the simplest",
            ),
            (
                "train AlvaroBadia --base sdxl.safetensors --preset person-sdxl-8gb --detach",
                "a preset; don't follow",
            ),
            (
                "train AlvaroBadia --base m.safetensors --set network_dim=64 "
                "optimizer_type=AdamW8bit",
                "options by their names",
            ),
            (
                "train AlvaroBadia --base m.safetensors --gpus 0,1",
                "on two cards, one process on each",
            ),
            (
                "train AlvaroBadia --on ray://HOST --on-base /models/m.safetensors",
                "on a Ray cluster; the LoRA comes back",
            ),
            ("train --config kohya_ss.json --dry-run", "what that would train"),
            ("train --config kohya_ss.json", "as kohya_ss would"),
            (
                "train photos --base m.safetensors --config old.safetensors",
                "as that LoRA was trained, on these photos",
            ),
        ),
        "the training failed or was stopped, or a problem",
    ),
    "watch": HelpPage(
        "Shows a job from its first event to its last: phases as lines, steps as a bar. Ctrl-C "
        "leaves the job running.",
        (("watch 3", "until it is over"), ("watch 3 --json", "one JSON object a line")),
        "the job did not succeed, or a problem",
    ),
    "resume": HelpPage(
        "Queues a job that was stopped, failed or was lost once more, from its newest whole "
        "saved state; without one it "
        "starts anew.",
        (("resume 3", "the steps done so far count"),),
    ),
    "retry": HelpPage(
        "Queues a job that was stopped, failed or was lost once more, from step 0. What the last "
        "attempt wrote is "
        "removed.",
        (("retry 3", "the same job, a new attempt"),),
    ),
    "report": HelpPage(
        "Prints what happened, for a bug report: options, versions, the end of the log. Names, "
        "paths and pictures are "
        "left out.",
        (("report 3", "to read or paste"),),
    ),
    "result": HelpPage(
        "Prints where a finished LoRA is, what is known of it, and the text that fills in "
        "txt2img: prompt, negative prompt, "
        "sampler, steps, size.",
        (("result 3", "to paste"), ("result 3 --json", "with proof, samples and facts")),
        "there is no LoRA of that job (yet)",
    ),
    "rm": HelpPage(
        "Forgets a job and deletes its folder: log, samples, checkpoints. The published LoRA "
        "stays. One that runs has to "
        "be stopped before.",
        (("rm 3", "for good"),),
    ),
    "jobs": HelpPage(
        "Lists all jobs, oldest first, with their state and how they ended. One whose supervisor "
        "vanished is found out "
        "here.",
        (("jobs", "to read"), ("jobs --json", "with everything that was asked for")),
    ),
    "log": HelpPage(
        "Prints the end of what the trainer itself wrote, as it wrote it.",
        (("log 3", "the last 40 lines"), ("log 3 --lines 500", "more")),
    ),
    "stop": HelpPage(
        "Stops a job after its next save, or at once. One that waits leaves the queue. The whole "
        "process tree ends; what "
        "was saved stays, and `resume` goes on from there.",
        (
            ("stop 3", "after the next save"),
            ("stop 3 --now", "what came after the last save is lost"),
        ),
    ),
    "pause": HelpPage(
        "Leaves the card to others after the next save, and goes on by itself when the minutes "
        "are over. In a WebUI the tab's "
        "Generate now does the same, for as long as pictures are made. `resume` ends a pause at "
        "once.",
        (("pause 3", "for ten minutes"), ("pause 3 --minutes 60", "for an hour")),
    ),
    "import": HelpPage(
        "Says what a file from elsewhere would train, key by key: used, changed (from, to) or "
        "ignored, each with the "
        "reason. FILE is a kohya_ss .json, a .toml of sd-scripts or LoRA_Easy_Training_Scripts, "
        "a LoRA's .safetensors "
        "(its metadata), a .sh, .bat or .ps1, a job.json, or a folder of photos. Nothing is "
        "changed; `train --config "
        "FILE` trains it.",
        (("import kohya_ss.json", "to read"), ("import old.safetensors --json", "for a program")),
    ),
    "export": HelpPage(
        "Writes a job as others can run it: sd-scripts' TOML files, kohya_ss' settings, or a "
        "shell script and a batch "
        "file. Each trains the same by hand. Secrets are never written.",
        (
            ("export 3 --format toml", "into the job's folder"),
            ("export 3 --format sh --out scripts", "into another"),
        ),
    ),
    "options": HelpPage(
        "Lists the options that --set takes: type, default, limits, choices and help. With words "
        "only those that have "
        "every word in their name or help. All options of the installed sd-scripts are there "
        "once `setup` has run.",
        (
            ("options noise", "all about noise"),
            ("options learning rate --family sdxl", "of sdxl_train_network.py"),
            ("options --json", "all, for a program"),
        ),
        "no option has these words",
    ),
    "presets": HelpPage(
        "Lists the starting points, shows one with its reasons and sources, or copies one into a "
        "file of your own to "
        "change it.",
        (
            ("presets", "the list"),
            ("presets show person-sdxl-8gb", "why these numbers, and from where"),
            ("presets cp person-sd15 mine.toml", "then: train ... --preset mine.toml"),
        ),
    ),
    "publish": HelpPage(
        "Puts a finished LoRA into a Lora folder, checked, with card and preview. Nothing there "
        "is ever overwritten: "
        "where the name is taken it gets a number.",
        (
            (
                "publish old.safetensors --lora-dir WEBUI/models/Lora --name Hero",
                "under another name",
            ),
            ("publish 12", "what the stopped job 12 has saved last"),
        ),
    ),
    "setup": HelpPage(
        "Gets sd-scripts at a known commit and makes its training environment in the home "
        "folder, as a job; or takes a "
        "kohya_ss or sd-scripts folder and its environment as they are. Then reads every option "
        "of its scripts. The "
        "WebUI's environment is left alone.",
        (
            ("setup", "once; some gigabytes"),
            ("setup --source ~/kohya_ss", "use what is there"),
            ("setup --source ~/sd-scripts --python ~/venv/bin/python", "an environment elsewhere"),
        ),
        "the set-up failed, or a problem",
    ),
    "ui": HelpPage(
        "Serves the tab as a page of its own, on this machine only unless --host says otherwise. "
        "Then no path of this "
        "machine can be used through it.",
        (
            ("ui --models ~/models", "base models from there"),
            ("ui --webui ~/stable-diffusion-webui", "with a WebUI's folders"),
            ("ui --port 0", "any free port"),
        ),
    ),
    "doctor": HelpPage(
        "Says in sentences what is ready and what is missing: home, disk, the engines, the queue.",
        (("doctor", "to read"), ("doctor --json", "for a program")),
        "something that is needed is missing",
    ),
    "completion": HelpPage(
        "Prints a script that makes a shell complete verbs, options, presets, job numbers and "
        "the names behind --set.",
        (
            ("completion bash", "in ~/.bashrc: source <(sd-scripts-bridge completion bash)"),
            (
                "completion zsh",
                "in ~/.zshrc, behind compinit: source <(sd-scripts-bridge completion zsh)",
            ),
            ("completion fish", "into ~/.config/fish/completions/sd-scripts-bridge.fish"),
            (
                "completion powershell",
                "in $PROFILE: sd-scripts-bridge completion powershell | Out-String | "
                "Invoke-Expression",
            ),
        ),
    ),
    "help": HelpPage(
        "Prints the page of a verb, as `VERB --help` does; without a verb the program's.",
        (("help train", "one page"),),
    ),
}


def epilog(verb: str) -> str:
    """What stands below a verb's arguments."""
    page = PAGES[verb]
    examples = "\n".join(f"  {PROGRAM} {words}\n      {what}" for words, what in page.examples)
    codes = f"  0 done; 1 {page.one}; 2 usage; 3 a defect; 130 Ctrl-C"
    return (
        f"examples:\n{examples}\n\nexit codes:\n{codes}\n\n`{PROGRAM} --help` names files and "
        "environment."
    )
