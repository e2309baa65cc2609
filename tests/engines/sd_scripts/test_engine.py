"""The real engine's pure parts, and the catalogue read from a program's parser."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.engines import sample_prompts
from sd_scripts_bridge.engines.base import Machine
from sd_scripts_bridge.engines.sd_scripts import (
    SdScriptsEngine,
    config,
    long_epoch,
    output,
    state_rates,
)
from sd_scripts_bridge.engines.sd_scripts.installed import catalogue, installation, setup
from sd_scripts_bridge.errors import BridgeError
from sd_scripts_bridge.jobs.events import Checkpoint, Phase, Progress
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.running.log_tail import LogTail
from sd_scripts_bridge.system import toml_file

MakeJob = Callable[..., TrainingJob]
RECORDED = Path(__file__).parents[2] / "recorded"
FAKE_SCRIPTS = Path(__file__).parents[2] / "fake_sd_scripts"


def test_recorded_progress_is_read_step_by_step() -> None:
    lines = LogTail(RECORDED / "sd15.stderr.txt").read(at_end=True)
    events = [event for event in map(output.read, lines) if isinstance(event, Progress)]
    assert list(dict.fromkeys((event.step, event.total, event.loss) for event in events)) == [
        (1, 3, 1.25),
        (2, 3, 1.25),
        (2, 3, 1.38),
        (3, 3, 1.38),
        (3, 3, 1.41),
    ]


def test_recorded_output_tells_the_phases() -> None:
    lines = LogTail(RECORDED / "sd15.stdout.txt").read(at_end=True)
    phases = [event.text for event in map(output.read, lines) if isinstance(event, Phase)]
    assert phases == [
        "reading the pictures",
        "loading the base model",
        "making the LoRA",
        "training",
        "saving the LoRA",
    ]


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            "saving checkpoint: /o/Ada-step00000150.safetensors",
            Checkpoint("/o/Ada-step00000150.safetensors", 150),
        ),
        (
            "steps:  10%|█         | 1/10 [00:02<00:19,  2.1s/it, avr_loss=nan]",
            Progress(1, 10, None),
        ),
        (
            "steps:  10%|█| 1/10 [01:00:02<?, 2.1s/it, Keys Scaled=3, Average key norm=1, "
            "avr_loss=1e-5]",
            Progress(1, 10, 1e-5),
        ),
        (" 10%|█         | 1/10 [00:02<00:19,  2.1s/it]", None),
        ("read caption: 100%|██| 3/3 [00:00<00:00, 4479.50it/s]", None),
        ("", None),
    ],
)
def test_lines_of_the_real_script(line: str, event: object) -> None:
    assert output.read(line) == event


def test_the_config_says_everything_that_bad_defaults_would_decide(
    make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job(resolution="64")
    table = toml_file.loads(
        toml_file.dumps(config.table(job, JobFolder(tmp_path), tmp_path / "tok"))
    )
    assert table["caption_extension"] == ".txt"  # the script's default is .caption
    assert table["enable_bucket"] is True and table["min_bucket_reso"] == 64
    assert table["max_train_steps"] == 20 and table["save_every_n_steps"] == 5
    assert table["output_name"] == "Ada" and table["pretrained_model_name_or_path"] == job.base
    assert "cache_text_encoder_outputs" not in table  # train_network.py has no such option
    assert "v2" not in table and "reg_data_dir" not in table and "resume" not in table


def test_what_is_onetrainers_own_isnt_told_to_the_script(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job()
    extra = {"alpha_mask": True, "unmasked_weight": 0.1}
    job = job.evolve(params=dataclasses.replace(job.params, extra=extra))
    table = config.table(job, JobFolder(tmp_path), tmp_path)
    assert table["alpha_mask"] is True and "unmasked_weight" not in table


def test_v_prediction_sd2_and_sdxl_are_told_to_the_script(
    make_job: MakeJob, tmp_path: Path
) -> None:
    sd2 = config.table(
        make_job().evolve(family="sd2", prediction="v_prediction"), JobFolder(tmp_path), tmp_path
    )
    assert sd2["v2"] is True and sd2["v_parameterization"] is True
    sdxl = config.table(make_job().evolve(family="sdxl"), JobFolder(tmp_path), tmp_path)
    assert sdxl["no_half_vae"] is True and sdxl["v_parameterization"] is None


def test_regularisation_pictures_beside_img_are_used(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job()
    reg = Path(job.dataset).parent / "reg"
    reg.mkdir()
    assert config.table(job, JobFolder(tmp_path), tmp_path)["reg_data_dir"] is None
    (reg / "1_woman").mkdir()
    assert config.table(job, JobFolder(tmp_path), tmp_path)["reg_data_dir"] == str(reg)


def test_a_run_that_saves_at_its_last_step_alone_isnt_asked_to_save_it_twice(
    make_job: MakeJob, tmp_path: Path
) -> None:
    for every, asked in ((19, 19), (20, None), (30, None), (None, 2)):
        job = make_job(max_train_steps=20, save_every_n_steps=every)
        table = config.table(job, JobFolder(tmp_path), tmp_path)
        assert table.get("save_every_n_steps") == asked
        assert table.get("save_last_n_steps_state") == asked and table["save_state"]


CUDA = Machine(device="cuda", torch="2.6.0+cu124")


@pytest.mark.parametrize(
    ("values", "machine", "told"),
    [
        ({}, CUDA, ["fused=True"]),
        ({"optimizer_args": ["weight_decay=0.1"]}, CUDA, ["weight_decay=0.1", "fused=True"]),
        ({"optimizer_args": ["fused=False"]}, CUDA, ["fused=False"]),
        ({"full_fp16": True}, CUDA, None),
        ({}, Machine(device="cpu", torch="2.13.0+cpu"), None),
        ({}, Machine(device="cuda", torch="1.13.1"), None),
        ({}, Machine(device="cuda"), None),
    ],
)
def test_adamw_is_fused_where_the_gpu_and_its_torch_have_that(
    make_job: MakeJob, tmp_path: Path, values: dict[str, Any], machine: Machine, told: object
) -> None:
    job = make_job()
    job = job.evolve(params=replace(job.params, extra=values))
    table = config.table(job, JobFolder(tmp_path), tmp_path, machine=machine)
    assert table.get("optimizer_args") == told


def test_another_optimizer_and_an_imported_file_stay_as_they_are(
    make_job: MakeJob, tmp_path: Path
) -> None:
    other = make_job(optimizer_type="AdamW8bit")
    imported = make_job().evolve(preset="imported")
    workers = replace(imported.params, extra={"max_data_loader_n_workers": 2})
    for job in (other, imported, imported.evolve(params=workers)):
        table = config.table(job, JobFolder(tmp_path), tmp_path, machine=CUDA)
        assert not table.keys() & {"optimizer_args", "persistent_data_loader_workers"}


def test_workers_that_somebody_wants_last_for_the_whole_run(
    make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job()
    assert "persistent_data_loader_workers" not in config.table(job, JobFolder(tmp_path), tmp_path)
    for extra, told in (({}, True), ({"persistent_data_loader_workers": False}, False)):
        wanted = replace(job.params, extra={"max_data_loader_n_workers": 2, **extra})
        table = config.table(job.evolve(params=wanted), JobFolder(tmp_path), tmp_path)
        assert table["persistent_data_loader_workers"] is told


def test_tensorboards_files_stay_in_the_jobs_folder(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job()
    assert config.table(job, JobFolder(tmp_path), tmp_path)["logging_dir"] is None
    params = replace(job.params, extra={"log_with": "tensorboard"})
    table = config.table(job.evolve(params=params), JobFolder(tmp_path), tmp_path)
    assert table["log_with"] == "tensorboard"
    assert table["logging_dir"] == str(tmp_path / "tensorboard")
    assert catalogue.problems({"log_with": "tensorboard"}, {}, "train_network.py") == []
    for other in ("wandb", "all"):
        (problem,) = catalogue.problems({"log_with": other}, {}, "train_network.py")
        assert "would send something out" in str(problem)


def test_samples_come_with_each_save_on_a_gpu_and_only_when_asked_on_a_cpu(
    make_job: MakeJob, tmp_path: Path
) -> None:
    def sampled(on_gpu: bool, **extra: object) -> object:
        job = make_job()
        job = job.evolve(params=job.params.from_dict({**job.params.as_dict(), "extra": extra}))
        machine = Machine(device="cuda" if on_gpu else "cpu")
        table = config.table(job, JobFolder(tmp_path), tmp_path, machine=machine)
        return table["sample_every_n_steps"]

    assert sampled(True) == 5 and sampled(False) is None
    assert (
        sampled(True, sample_every_n_steps=0) is None
        and sampled(False, sample_every_n_steps=3) == 3
    )
    assert sampled(False, sample_prompts="/somewhere/mine.txt") == 5


def test_a_run_that_saves_often_draws_at_some_of_its_saves(make_job: MakeJob) -> None:
    often = make_job(max_train_steps=1000, save_every_n_steps=5)
    assert sample_prompts.every(often, True) == 40
    assert sample_prompts.every(make_job(max_train_steps=50), True) == 5


def test_a_resume_skips_what_is_done(make_job: MakeJob, tmp_path: Path) -> None:
    table = config.table(
        make_job(), JobFolder(tmp_path), tmp_path, tmp_path / "Ada-step00000005-state"
    )
    assert table["skip_until_initial_step"] is True and table["resume"].endswith(
        "Ada-step00000005-state"
    )
    assert table["initial_step"] == 5 and table["train_data_dir"] == make_job().dataset


def test_a_resume_past_the_first_epoch_reads_the_same_pictures_as_one_long_epoch(
    make_job: MakeJob, tmp_path: Path
) -> None:
    """20 pictures an epoch; 21 steps of 2 batches of 3 need 126 of them: 7 epochs."""
    job = make_job(
        max_train_steps=21, train_batch_size=3, gradient_accumulation_steps=2, save_every_n_steps=5
    )
    table = config.table(job, JobFolder(tmp_path), tmp_path, tmp_path / "Ada-step00000012-state")
    (leaf,) = Path(table["train_data_dir"]).iterdir()
    assert leaf.name == "14_Ada woman"
    assert {f.name: f.read_bytes() for f in leaf.iterdir()} == {
        f.name: f.read_bytes() for f in Path(job.dataset, "2_Ada woman").iterdir()
    }
    assert (table["initial_step"], table["save_every_n_steps"]) == (6, 6), (
        "sd-scripts multiplies it by the accumulation"
    )
    assert config.table(job, JobFolder(tmp_path), tmp_path)["train_data_dir"] == job.dataset, (
        "only a resumed run needs it"
    )


@pytest.fixture
def engine(home: Home) -> SdScriptsEngine:
    installation.write(home, installation.Installation(str(FAKE_SCRIPTS), sys.executable))
    assert catalogue.write(home, Path(sys.executable), FAKE_SCRIPTS) == ["train_network.py"]
    return SdScriptsEngine(home)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("lowrum", True, "Did you mean lowram?"),
        ("lowram", "yes", "neither true nor false"),
        ("vae_batch_size", "many", "not of type int"),
        ("loss_type", "l3", "not one of l1, l2"),
        ("output_dir", "/elsewhere", "set by LoRA Bridge"),
        ("config_file", "x.toml", "set by LoRA Bridge"),
    ],
)
def test_extra_options_are_checked_against_the_scripts_own_parser(
    engine: SdScriptsEngine, make_job: MakeJob, key: str, value: object, sentence: str
) -> None:
    job = make_job()
    job = job.evolve(params=job.params.from_dict({**job.params.as_dict(), "extra": {key: value}}))
    assert sentence in " ".join(map(str, engine.refuse(job)))


def test_good_extra_options_pass_and_reach_the_config(
    engine: SdScriptsEngine, make_job: MakeJob, tmp_path: Path
) -> None:
    job, extra = make_job(), {"lowram": True, "vae_batch_size": 2, "network_args": ["conv_dim=4"]}
    job = job.evolve(params=job.params.from_dict({**job.params.as_dict(), "extra": extra}))
    assert engine.refuse(job) == []
    assert extra.items() <= config.table(job, JobFolder(tmp_path), tmp_path).items()


@pytest.mark.parametrize("module", ["os", "networks.lora;rm", "/tmp/evil.py"])
def test_a_network_module_is_not_just_any_program(
    engine: SdScriptsEngine, make_job: MakeJob, module: str
) -> None:
    assert "network_module" in str(engine.refuse(make_job(network_module=module))[0])


def test_an_optimizer_is_not_just_any_program(engine: SdScriptsEngine, make_job: MakeJob) -> None:
    assert "optimizer_type" in str(engine.refuse(make_job(optimizer_type="os.system"))[0])


def test_text_from_the_command_line_becomes_the_parsers_type(engine: SdScriptsEngine) -> None:
    options = catalogue.read(engine.home, "train_network.py")
    assert catalogue.typed("3", options["vae_batch_size"]) == 3
    assert catalogue.typed("true", options["lowram"]) is True
    assert catalogue.typed("a=1 b=2", options["network_args"]) == ["a=1", "b=2"]


def test_a_missing_installation_says_what_to_do(home: Home) -> None:
    assert "sd-scripts-bridge setup" in str(SdScriptsEngine(home).check()[0])


def test_a_moved_installation_is_noticed(home: Home, tmp_path: Path) -> None:
    installation.write(
        home, installation.Installation(str(tmp_path / "gone"), str(tmp_path / "python"))
    )
    assert len(SdScriptsEngine(home).check()) == 2


def test_an_existing_folder_is_found_at_both_depths(home: Home, tmp_path: Path) -> None:
    kohya_ss = tmp_path / "kohya ss"
    (kohya_ss / "sd-scripts").mkdir(parents=True)
    (kohya_ss / "sd-scripts" / "train_network.py").touch()
    assert setup.find_scripts(home, str(kohya_ss)) == kohya_ss / "sd-scripts"
    assert setup.find_scripts(home, str(kohya_ss / "sd-scripts")) == kohya_ss / "sd-scripts"
    with pytest.raises(BridgeError, match=r"holds no train_network\.py"):
        setup.find_scripts(home, str(tmp_path))


def test_scripts_are_cloned_whole_or_not_at_all(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    origin = tmp_path / "a fork"
    origin.mkdir()
    (origin / "train_network.py").write_text("print('hello')")
    git = ["git", "-C", str(origin), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    scripts = setup.find_scripts(home, origin.as_uri())
    assert (scripts / "train_network.py").is_file() and len(setup.commit_of(scripts)) == 40
    secret = (tmp_path / "nothing").as_uri().replace("://", "://ada:topsecret@localhost")
    capsys.readouterr()
    with pytest.raises(BridgeError, match=r"\)\. Check .* setup --source DIR") as told:
        setup.clone(secret, home.engines / "elsewhere")
    assert "topsecret" not in str(told.value) + capsys.readouterr().out
    assert not (home.engines / "elsewhere").exists()


def test_requirements_are_the_scripts_own(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "accelerate==1.6.0\n# albumentations\nbitsandbytes\ntorch==2.0\nxformers\n-e "
        ".\nopencv-python==4.10.0.84\n"
    )
    linux = sys.platform.startswith("linux")
    opencv = "opencv-python-headless==4.10.0.84" if linux else "opencv-python==4.10.0.84"
    assert setup.requirements(tmp_path, cuda=False) == ["accelerate==1.6.0", opencv]
    assert "bitsandbytes" in setup.requirements(tmp_path, cuda=True)


def test_halved_rates_reach_the_saved_state(make_job: MakeJob, tmp_path: Path) -> None:
    """sd-scripts takes its rates from the state when it resumes; this is such a state, saved as
    accelerate does.
    """
    torch = pytest.importorskip("torch")
    groups = [{"params": [torch.nn.Parameter(torch.ones(2))], "lr": rate} for rate in (5e-5, 1e-4)]
    optimizer = torch.optim.AdamW(groups)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / 10)
    optimizer.step()
    schedule.step()
    torch.save(optimizer.state_dict(), tmp_path / "optimizer.bin")
    torch.save(schedule.state_dict(), tmp_path / "scheduler.bin")
    half = make_job(text_encoder_lr=2.5e-5, unet_lr=5e-5)
    assert state_rates.adapt(sys.executable, tmp_path, half)
    assert not state_rates.adapt(sys.executable, tmp_path, half)
    optimizer.load_state_dict(torch.load(tmp_path / "optimizer.bin"))
    schedule.load_state_dict(torch.load(tmp_path / "scheduler.bin"))
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([2.25e-5, 4.5e-5])
    schedule.step()
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([2e-5, 4e-5])


def test_a_resumed_runs_lora_says_the_real_repeats_and_epochs(make_job: MakeJob) -> None:
    """Ten pictures, two repeats, 50 steps: 2.5 epochs, resumed from a folder with three times as
    many.
    """
    from sd_scripts_bridge.engines.sd_scripts import long_epoch

    job = make_job(max_train_steps=50)
    said = {
        "ss_dataset_dirs": '{"6_Ada woman": {"n_repeats": 6, "img_count": 10}}',
        "ss_tag_frequency": '{"6_Ada woman": {"ada woman": 10}}',
        "ss_num_train_images": "60",
        "ss_num_batches_per_epoch": "60",
        "ss_num_epochs": "1",
        "ss_epoch": "1",
        "ss_steps": "50",
    }
    assert long_epoch.true_metadata(job, said) == {
        "ss_dataset_dirs": '{"2_Ada woman": {"n_repeats": 2, "img_count": 10}}',
        "ss_tag_frequency": '{"2_Ada woman": {"ada woman": 10}}',
        "ss_num_train_images": "20",
        "ss_num_batches_per_epoch": "20",
        "ss_num_epochs": "3",
        "ss_epoch": "3",
    }
    unbroken = {**said, **long_epoch.true_metadata(job, said)}
    assert long_epoch.true_metadata(job, unbroken) == {}, "what is true stays"
    assert long_epoch.true_metadata(job, {}) == {}
    assert long_epoch.true_metadata(job, {**said, "ss_dataset_dirs": "[broken"}) == {}


def test_a_resumed_run_of_several_datasets_states_its_real_repeats(
    make_job: MakeJob, tmp_path: Path
) -> None:
    subsets = [{"image_dir": str(tmp_path), "num_repeats": 3}, {"image_dir": str(tmp_path)}]
    data = {"datasets": [{"batch_size": 1, "subsets": subsets}]}
    for number in range(2):
        (tmp_path / f"{number}.png").touch()
    job = make_job(max_train_steps=20).evolve(dataset_config=data)
    assert [s["num_repeats"] for s in long_epoch.longer(job, data)["datasets"][0]["subsets"]] == [
        9,
        3,
    ]
    told = {"num_train_images": 24, "subsets": [{"num_repeats": 9}, {"num_repeats": 3}]}
    metadata = {
        "ss_datasets": json.dumps([told]),
        "ss_num_batches_per_epoch": "24",
        "ss_num_train_images": "24",
    }
    true = long_epoch.true_metadata(job, metadata)
    (dataset,) = json.loads(true["ss_datasets"])
    assert [subset["num_repeats"] for subset in dataset["subsets"]] == [3, 1]
    assert (dataset["num_train_images"], true["ss_num_batches_per_epoch"]) == (8, "8")
    assert (true["ss_num_epochs"], true["ss_num_train_images"]) == ("3", "8")
    told["subsets"] = [{"num_repeats": 3}, {"num_repeats": 1}]
    metadata["ss_datasets"] = json.dumps([told])
    assert long_epoch.true_metadata(job, metadata) == {}, "a run that wasn't made longer"
