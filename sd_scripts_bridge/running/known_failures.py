"""What a trainer's log says when it fails, and what to tell the user: a table, the most specific
entry first.

A pattern is tried on the end of a failed run's log, line starts anchored, so that no caption, path
or progress bar is taken for an error. Its named groups go into the sentence. Beside each: where the
text was met, as owner/repository#issue of a public thread or as the file that prints it; "run"
means that tests/recorded/failures holds the output of a real run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class FailureKind(str, Enum):
    """What sort of failure it was; a run that heals itself chooses its cure by this."""

    GPU_MEMORY = "gpu-memory"
    HOST_MEMORY = "host-memory"
    DISK = "disk"
    NAN = "nan"
    CACHE = "cache"
    """A file of cached latents or text encoder outputs."""
    STATE = "state"
    """A saved state that can't be resumed from; the one before may do."""
    DATASET = "dataset"
    BASE_MODEL = "base-model"
    OPTION = "option"
    ENVIRONMENT = "environment"
    NETWORK = "network"
    KILLED = "killed"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Known:
    """One failure. ``sentence`` may name the pattern's groups in braces."""

    name: str
    kind: FailureKind
    pattern: re.Pattern[str]
    sentence: str


RAISED = (
    r"^(?:(?:ERROR: [\w ]*\ban )?(?:[A-Za-z_]\w*\.)*[A-Za-z_]*(?:Error|Exception|Invalid|BadZipFile|IsEnabled)"
    r"|\s*what\(\)|fatal): .*?"
)
"""The start of a line that tells of an exception (pip's and C++'s own words included), up to
anything in its text.
"""


def _known(name: str, kind: FailureKind, pattern: str, sentence: str) -> Known:
    return Known(name, kind, re.compile(pattern, re.MULTILINE), sentence)


_SETUP = "Run `sd-scripts-bridge setup` again"
_LESS = (
    "Set gradient_checkpointing=true, train_batch_size=1 or a smaller resolution, and close "
    "other programs that use the "
    "GPU"
)

TABLE: tuple[Known, ...] = (
    # ---- memory of the GPU ----
    _known(
        "mac-memory",
        FailureKind.GPU_MEMORY,
        RAISED + r"MPS backend out of memory",  # AUTOMATIC1111/stable-diffusion-webui#9133
        f"The Mac's memory for the GPU is full. {_LESS}.",
    ),
    _known(
        "gpu-memory",
        # bmaltais/kohya_ss#990 #2957 #3329 #477, ROCm and XPU: torch's allocators
        FailureKind.GPU_MEMORY,
        r"^(?:[\w.]+\.)?OutOfMemoryError\b|"
        + RAISED
        + r"(?:(?:CUDA|HIP|XPU) (?:error: )?out of memory|Allocation on device)",
        f"The GPU ran out of memory. {_LESS}.",
    ),
    _known(
        "gpu-memory-libraries",
        FailureKind.GPU_MEMORY,  # kohya-ss/sd-scripts#602
        RAISED + r"CU(?:BLAS|DNN)_STATUS_(?:ALLOC_FAILED|NOT_INITIALIZED)",
        f"The GPU had no memory left for its own libraries. {_LESS}.",
    ),
    # ---- the GPU, its driver, PyTorch's build ----
    _known(
        "cudnn-version",
        FailureKind.ENVIRONMENT,
        RAISED + r"cuDNN version incompatibility",  # bmaltais/kohya_ss#1098
        "Another CUDA installation's cuDNN is found before PyTorch's own. Take it out of PATH "
        f"and LD_LIBRARY_PATH. {_SETUP} "
        "if that doesn't help.",
    ),
    _known(
        "gpu-libraries",
        FailureKind.ENVIRONMENT,
        RAISED + r"CU(?:BLAS|DNN)_STATUS_\w+",  # bmaltais/kohya_ss#1380
        "The GPU's libraries failed in the middle of a computation. Update the graphics driver, "
        "undo any overclocking, then "
        "resume the job.",
    ),
    _known(
        "8bit-without-kernel",
        FailureKind.OPTION,  # bmaltais/kohya_ss#192
        r"^Error no kernel image is available for execution on the device at line \d+ in file .*(?:ops\.cu|bitsandbytes)",
        "The 8-bit optimizer was not built for this GPU. Set optimizer_type=AdamW, or Adafactor "
        "to save memory.",
    ),
    _known(
        "gpu-not-built-in",
        # AUTOMATIC1111/stable-diffusion-webui#17296, pytorch/pytorch#149845
        FailureKind.ENVIRONMENT,
        RAISED + r"no kernel image is available",
        f"This PyTorch was not built for this GPU. {_SETUP} on this machine: it chooses the "
        "build for the card.",
    ),
    _known(
        "driver-too-old",
        FailureKind.ENVIRONMENT,  # nagadomi/nunif#702
        RAISED
        + r"(?:CUDA driver version is insufficient|The NVIDIA driver on your system is too old)",
        "The NVIDIA driver is too old for this PyTorch. Install the newest driver for the card "
        "and restart the machine.",
    ),
    _known(
        "no-gpu-found",
        FailureKind.ENVIRONMENT,  # pytorch/pytorch#49327
        RAISED
        + r"(?:Found no NVIDIA driver|No CUDA GPUs are available|no CUDA-capable device|CUDA unknown error)",
        "PyTorch found no working NVIDIA card. Look whether `nvidia-smi` lists it and "
        "CUDA_VISIBLE_DEVICES doesn't hide it; "
        "restarting the machine often helps.",
    ),
    _known(
        "gpu-taken",
        FailureKind.ENVIRONMENT,
        RAISED + r"(?:all )?CUDA-capable device(?:s|\(s\)) (?:are|is/are) busy",
        "Another program holds the GPU for itself. Close it, or restart the machine, then resume "
        "the job.",
    ),  # pytorch#58824
    _known(
        "torch-without-gpu",
        FailureKind.ENVIRONMENT,
        RAISED + r"Torch not compiled with CUDA enabled",  # kohya_ss#571
        f"This PyTorch is a build for the CPU, and an option needs the GPU. {_SETUP} where there "
        "is an NVIDIA card, else drop "
        "options such as lowram and fp8_base.",
    ),
    _known(
        "gpu-index",
        FailureKind.ENVIRONMENT,
        RAISED + r"CUDA error: device-side assert triggered",  # bmaltais/kohya_ss#1886
        "The GPU was given a position outside of a table, which sd-scripts' own versions never do. "
        f"{_SETUP}, then resume the job; undo any overclocking if it happens again.",
    ),
    _known(
        "gpu-crashed",
        FailureKind.ENVIRONMENT,  # bmaltais/kohya_ss#733 #2002
        RAISED
        + r"(?:illegal memory access|unspecified launch failure|misaligned address|illegal instruction was encountered"
        r"|uncorrectable ECC|GPU is lost|launch timed out)",
        "The GPU crashed in the middle: too hot, overclocked, or a faulty driver. Resume the "
        "job; update the driver if it "
        "happens again.",
    ),
    _known(
        "bf16-unsupported",
        FailureKind.OPTION,
        RAISED + r"bf16 mixed precision requires",  # bmaltais/kohya_ss#523 #93
        "This GPU can't compute in bf16. Set mixed_precision=fp16.",
    ),
    _known(
        "fp16-without-gpu",
        FailureKind.OPTION,  # run; bmaltais/kohya_ss#639 #644
        RAISED + r"(?:fp16 mixed precision requires a GPU| not implemented for 'Half'"
        r"|expected m1 and m2 to have the same dtype, but got: c10::Half)",
        f"fp16 needs a GPU, and PyTorch uses the CPU. Set mixed_precision=bf16 or no. {_SETUP} "
        "if there is a GPU.",
    ),
    _known(
        "fp16-gradients",
        FailureKind.OPTION,
        RAISED + r"Attempting to unscale FP16 gradients",  # kohya-ss/sd-scripts#1107 #1306
        "fp16 weights can't be trained with mixed_precision=fp16. Set mixed_precision=bf16, or "
        "drop full_fp16 and the like.",
    ),
    _known(
        "two-number-formats",
        FailureKind.OPTION,  # derrian-distro/LoRA_Easy_Training_Scripts#211
        RAISED
        + r"(?:expected scalar type \w+ but found \w+|Input type .+ and (?:bias|weight) type .+ should be the same)",
        "Two parts of the model use different number formats. Set mixed_precision=bf16 and "
        "cache_latents=true, and drop "
        "full_fp16, full_bf16 and no_half_vae.",
    ),
    _known(
        "two-devices",
        FailureKind.OPTION,
        RAISED + r"Expected all tensors to be on the same device",  # kohya-ss/sd-scripts#2150
        "A part of the model stayed on the CPU while the rest is on the GPU. Drop lowram and "
        "highvram, and set "
        "optimizer_type=AdamW.",
    ),
    _known(
        "mac-operation",
        FailureKind.ENVIRONMENT,
        RAISED + r"not current(?:ly)? implemented for the MPS device",  # pytorch#77764
        f"This PyTorch can't do one of the computations on a Mac's GPU. {_SETUP}, and set "
        "optimizer_type=AdamW.",
    ),
    _known(
        "several-gpus",
        FailureKind.ENVIRONMENT,  # bmaltais/kohya_ss#1347 #3295
        RAISED + r"(?:Distributed package doesn't have NCCL|use_libuv was requested)",
        "sd-scripts tried to train on several GPUs, which doesn't work on Windows. Set "
        "CUDA_VISIBLE_DEVICES=0, then start "
        "again.",
    ),
    _known(
        "other-gpu-error",
        FailureKind.ENVIRONMENT,
        RAISED + r"(?:CUDA|HIP) error: (?P<what>[^\n]+)",  # torch's own words
        "The GPU reported: {what}. Resume the job; update the graphics driver if it happens again.",
    ),
    # ---- optional libraries ----
    _known(
        "xformers-missing",
        FailureKind.OPTION,
        RAISED + r"No xformers",  # run
        "xformers is not installed. Set sdpa=true instead of xformers: it is as fast and part of "
        "PyTorch.",
    ),
    _known(
        "xformers-unfit",
        FailureKind.OPTION,
        RAISED + r"No operator found for `memory_efficient_attention",  # xformers#799 #1263
        "xformers was not built for this GPU or number format. Set sdpa=true instead of xformers.",
    ),
    _known(
        "8bit-missing",
        FailureKind.OPTION,
        RAISED + r"No (?:bitsandbytes|\w+8bit\b)",  # run; library/train_util.py
        "bitsandbytes, which 8-bit optimizers need, is not installed or too old. Set "
        "optimizer_type=AdamW, or Adafactor to "
        "save memory.",
    ),
    _known(
        "8bit-broken",
        FailureKind.OPTION,  # bmaltais/kohya_ss#1523 #1679, bitsandbytes#900 #1614
        r"^\s*CUDA Setup failed despite (?:GPU|CUDA) being available|"
        + RAISED
        + r"(?:undefined symbol: c(?:adam|lion|quantize|get_)\w+|'NoneType' object has no attribute 'c(?:adam|lion|quantize)\w+"
        r"|No module named 'bitsandbytes\.|CUDA Setup failed despite)",
        "bitsandbytes doesn't fit this CUDA. Set optimizer_type=AdamW, or Adafactor to save "
        "memory.",
    ),
    _known(
        "optimizer-library-missing",
        FailureKind.OPTION,  # run; library/train_util.py
        RAISED
        + r"No (?P<library>Prodigy|dadaptation|lion_pytorch|schedulefree|pytorch_optimizer)\b",
        "The library of this optimizer ({library}) is not installed. Set optimizer_type=AdamW, "
        "or one that "
        "`sd-scripts-bridge doctor` lists.",
    ),
    _known(
        "optimizer-unknown",
        FailureKind.OPTION,  # run
        RAISED
        + r"(?:module '[\w.]*optim\w*' has no attribute '(?P<name>\w+)'|Unknown optimizer type: (?P<type>\w+))",
        "There is no optimizer {name}{type}. Look at the spelling of optimizer_type; AdamW "
        "always works.",
    ),
    _known(
        "triton-missing",
        FailureKind.OPTION,
        RAISED + r"Cannot find a working triton installation",  # pytorch/pytorch#136361
        "torch_compile needs triton, which isn't here. Drop torch_compile and dynamo_backend.",
    ),
    _known(
        "network-library-missing",
        FailureKind.ENVIRONMENT,
        RAISED + r"No module named 'lycoris",  # run
        "The LyCORIS library is not installed. Set network_module=networks.lora.",
    ),
    _known(
        "network-module-unknown",
        FailureKind.OPTION,
        RAISED + r"No module named '(?P<name>networks\.\w+)'",  # run
        "The installed sd-scripts has no {name}. Set network_module=networks.lora.",
    ),
    _known(
        "logger-missing",
        FailureKind.OPTION,
        RAISED + r"No wandb / ",  # run
        "wandb is not installed. Drop log_with and wandb_api_key; the job's own log and graph "
        "don't need it.",
    ),
    # ---- Windows ----
    _known(
        "page-file",
        FailureKind.HOST_MEMORY,  # Comfy-Org/ComfyUI#8065, bmaltais/kohya_ss#449
        RAISED + r"(?:\[WinError 1455\]|os error 1455|The paging file is too small)",
        "Windows ran out of memory (page file). Let Windows manage the page file's size or set "
        "32 GB, and close other "
        "programs.",
    ),
    _known(
        "dll",
        FailureKind.ENVIRONMENT,  # kohya-ss/sd-scripts#1597, Nerogar/OneTrainer#1009
        RAISED + r"(?:\[WinError (?:126|127|193|1114)\]|DLL load failed)",
        "Windows could not load a library. Install Microsoft's Visual C++ Redistributable "
        f"(x64), then {_SETUP[0].lower()}"
        f"{_SETUP[1:]}.",
    ),
    _known(
        "file-in-use",
        FailureKind.ENVIRONMENT,  # Nerogar/OneTrainer#659, bmaltais/kohya_ss#2466
        RAISED
        + r"(?:\[WinError (?:5|32|33)\]|Os \{ code: (?:5|32|1224), )[^\n]*?(?P<file>'[^'\n]+')?$",
        "Windows refused access to a file {file}: another program or the virus scanner holds it. "
        "Close that program or except "
        "the folder from scanning, then resume the job.",
    ),
    _known(
        "path-too-long",
        FailureKind.ENVIRONMENT,
        RAISED + r"(?:\[WinError 206\]|\[Errno 36\]|Os \{ code: 206, )",  # CPython, Rust
        "A path is too long. Move the data folder or the dataset to a shorter path such as "
        "C:\\lora.",
    ),
    # ---- disk and files ----
    _known(
        "disk-full",
        FailureKind.DISK,  # run
        RAISED
        + r"(?:\[Errno (?:28|122)\]|No space left on device|os error 28|Os \{ code: (?:28|112), |\[WinError 112\]"
        r"|PytorchStreamWriter failed writing file|inline_container\.cc:\d+\] \. unexpected pos|[Dd]isk quota exceeded)",
        "The disk is full. Free some space, then resume the job.",
    ),
    _known(
        "disk-fails",
        FailureKind.DISK,
        RAISED + r"(?:\[Errno 5\]|\[Errno 30\]|os error (?:5|30)\b)",  # CPython's words
        "The disk can't be written or read: it was removed, is read-only or is failing. Look at "
        "it, then resume the job.",
    ),
    _known(
        "open-files",
        FailureKind.ENVIRONMENT,
        RAISED + r"(?:\[Errno 24\]|Too many open files)",  # CPython
        "Too many files are open at once. Set max_data_loader_n_workers=0, or raise the limit "
        "(`ulimit -n 4096`).",
    ),
    _known(
        "permission",
        FailureKind.ENVIRONMENT,
        RAISED + r"\[Errno 13\] Permission denied(?:: (?P<file>'[^\n]+'))?",
        "The trainer may not read or write {file}. Change the permissions of that folder, or "
        "choose another.",
    ),  # kohya_ss#598
    _known(
        "folder-is-a-file",
        FailureKind.ENVIRONMENT,
        RAISED + r"\[Errno (?:17|20)\] [\w ]+: (?P<file>'[^\n]+')",
        "{file} is in the way: a folder was expected there. Move it away, then start again.",
    ),  # run
    _known(
        "host-memory",
        FailureKind.HOST_MEMORY,  # run
        r"^(?:[\w.]+\.)?_?(?:Array)?MemoryError\b|"
        + RAISED
        + r"(?:DefaultCPUAllocator: |\[Errno 12\]|[Cc]annot allocate memory|not enough memory: you tried to allocate)",
        "The machine ran out of memory. Close other programs, set train_batch_size=1 and "
        "max_data_loader_n_workers=0, or add "
        "swap space.",
    ),
    _known(
        "shared-memory",
        FailureKind.HOST_MEMORY,  # torch/utils/data/_utils/signal_handling.py
        RAISED
        + r"(?:insufficient shared memory|unable to (?:open|mmap) shared memory|killed by signal: Bus error)",
        "There is too little shared memory for loading pictures in other processes. Set "
        "max_data_loader_n_workers=0.",
    ),
    _known(
        "loader-killed",
        FailureKind.HOST_MEMORY,  # run; pytorch/pytorch#8976
        RAISED + r"DataLoader worker \(pid.*\) (?:is killed by signal|exited unexpectedly)",
        "A process that loads pictures was killed, most often for lack of memory. Set "
        "max_data_loader_n_workers=0 and close "
        "other programs.",
    ),
    # ---- not a number ----
    _known(
        "latents-nan",
        FailureKind.NAN,
        RAISED + r"NaN detected in latents: (?P<file>[^\n]+)",  # kohya-ss/sd-scripts#653
        "The base model's VAE makes no numbers of {file}. Set no_half_vae=true (SDXL) or "
        "mixed_precision=bf16, or choose "
        "another base.",
    ),
    _known(
        "captions-nan",
        FailureKind.NAN,
        RAISED + r"NaN detected in text encoder outputs: (?P<file>[^\n]+)",  # train_util.py
        "The text encoder makes no numbers of the caption of {file}. Set mixed_precision=bf16 or "
        "no.",
    ),
    _known(
        "loss-nan-embedded",
        FailureKind.NAN,
        r"^Error: (?P<own>The loss became (?:nan|-?inf)\b[^\n]*)",  # embedded/report.py
        "{own}",
    ),
    # ---- caches and saved states ----
    _known(
        "cache-damaged",
        FailureKind.CACHE,
        r"^Error loading file: (?P<file>[^\n]+\.npz)$",  # run
        "The cache file {file} is damaged. Delete it (it is made anew from the picture), then "
        "start again.",
    ),
    _known(
        "cache-unreadable",
        FailureKind.CACHE,  # bmaltais/kohya_ss#3155
        RAISED
        + r"(?:File is not a zip file|Bad CRC-32 for file|No data left in file|Bad magic number for file)",
        "A cache of latents or text encoder outputs is damaged. Delete the .npz files beside the "
        "pictures, then start again.",
    ),
    _known(
        "cache-outdated",
        FailureKind.CACHE,  # kohya-ss/sd-scripts#522 #958, library/strategy_base.py
        RAISED + r"(?:stack expects each tensor to be equal size|latents[\w]* not found in )",
        "Cached latents are of another resolution than the job. Delete the .npz files beside the "
        "pictures, then start again.",
    ),
    _known(
        "state-gone",
        FailureKind.STATE,
        RAISED + r"Tried to find (?P<folder>.+) but folder does not exist",  # run
        "The saved state {folder} is gone. Resume from an older one, or start anew.",
    ),
    _known(
        "state-damaged",
        FailureKind.STATE,  # run
        r"^Loading states from (?P<folder>[^\n]+)$(?s:.*)"
        + RAISED
        + r"(?:PytorchStreamReader failed|Error while deserializing header|Ran out of input|pickle data was truncated"
        r"|invalid load key|\[Errno 2\] No such file or directory: )",
        "The saved state {folder} is damaged. Resume from an older one, or start anew.",
    ),
    _known(
        "state-other-optimizer",
        FailureKind.STATE,  # kohya-ss/sd-scripts#378
        RAISED + r"loaded state dict (?:contains a parameter group that|has a different number of)",
        "The saved state belongs to another optimizer or other trained parts. Resume with the "
        "options of that run, or start "
        "anew.",
    ),
    _known(
        "state-other-network",
        FailureKind.STATE,
        r"^\s+size mismatch for lora_\w+\.",  # run
        "The saved LoRA is of another network_dim or kind. Use the network_dim and "
        "network_module of that run, or start anew.",
    ),
    _known(
        "state-finished",
        FailureKind.STATE,  # run
        RAISED
        + r"max_train_steps should be greater than initial step .*: (?P<steps>\d+) vs (?P<done>\d+)",
        "The saved state is at step {done} already. Set max_train_steps above that ({steps} "
        "now), or start anew.",
    ),
    # ---- the pictures and captions ----
    _known(
        "dataset-empty",
        FailureKind.DATASET,
        r"^No data found\. Please verify arguments",  # run; bmaltais/kohya_ss#1725
        "The trainer found no pictures in the dataset. Look at its folder, then start again.",
    ),
    _known(
        "picture-unreadable",
        FailureKind.DATASET,  # run
        r"^failed to get image size: (?P<file>.+?), error: (?s:.*)^ZeroDivisionError",
        "The picture {file} can't be read. Remove it or export it again, then start again.",
    ),
    _known(
        "picture-damaged",
        FailureKind.DATASET,
        r"^Error loading file: (?P<file>[^\n]+)$",  # run
        "The picture {file} is damaged. Remove it or export it again, then start again.",
    ),
    _known(
        "picture-truncated",
        FailureKind.DATASET,
        RAISED + r"(?:image file is truncated|broken (?:data stream|PNG file))",  # PIL
        "A picture is damaged: it stops in the middle. Run `sd-scripts-bridge check` on the "
        "dataset to see which.",
    ),
    _known(
        "picture-unknown",
        FailureKind.DATASET,
        RAISED + r"cannot identify image file (?P<file>'[^\n]+')",  # Pillow
        "{file} is not a picture. Remove it, then start again.",
    ),
    _known(
        "picture-huge",
        FailureKind.DATASET,
        r"^(?:[\w.]+\.)?DecompressionBombError\b",  # Pillow
        "A picture is too large to be opened safely. Run `sd-scripts-bridge check` on the "
        "dataset to see which.",
    ),
    _known(
        "caption-empty",
        FailureKind.DATASET,
        RAISED + r"caption file is empty / [^:]*: (?P<file>[^\n]+)",  # run
        "The caption {file} is empty. Write it, or delete the file, then start again.",
    ),
    _known(
        "caption-encoding",
        FailureKind.DATASET,
        r"^illegal char in file \(not UTF-8\) / [^:]*: (?P<file>[^\n]+)$",  # run
        "The caption {file} is not UTF-8 text. Save it as UTF-8, then start again.",
    ),
    _known(
        "picture-too-large",
        FailureKind.OPTION,  # run
        RAISED
        + r"image (?:too large, but cropping and bucketing are disabled|size is small) / [^:]*: (?P<file>[^\n]+)",
        "The picture {file} is not of the training resolution. Set enable_bucket=true.",
    ),
    # ---- options ----
    _known(
        "bucket-limits",
        FailureKind.OPTION,
        RAISED + r"(?P<name>min|max)_bucket_reso must be equal or \w+ than resolution",  # run
        "{name}_bucket_reso doesn't fit the resolution. Set min_bucket_reso to at most the "
        "smaller side and max_bucket_reso to "
        "at least the larger one.",
    ),
    _known(
        "bucket-steps",
        FailureKind.OPTION,
        RAISED + r"bucket_reso_steps is (?P<now>\d+)\. it must be divisible by (?P<by>\d+)",
        "bucket_reso_steps={now} is not a multiple of {by}. Set it to 64.",
    ),  # library/train_util.py
    _known(
        "cache-and-changes",
        FailureKind.OPTION,
        RAISED + r"when caching latents, either color_aug or random_crop",  # run
        "Cached pictures can't be changed from step to step. Drop color_aug and random_crop, or "
        "set cache_latents=false.",
    ),
    _known(
        "caption-cache-and-changes",
        FailureKind.OPTION,  # library/train_util.py
        RAISED + r"when caching (?:Text Encoder|text encoder) output",
        "Cached captions can't change from step to step. Drop shuffle_caption and "
        "caption_dropout_rate, or set "
        "cache_text_encoder_outputs=false.",
    ),
    _known(
        "caption-cache-and-training",
        FailureKind.OPTION,  # run
        RAISED + r"network for Text Encoder cannot be trained with caching",
        "A text encoder that learns can't be cached. Set network_train_unet_only=true, or "
        "cache_text_encoder_outputs=false.",
    ),
    _known(
        "precision-needed",
        FailureKind.OPTION,  # run
        RAISED
        + r"(?P<name>f(?:p8_base|ull_[bf]\w*16)) requires mixed precision=(?P<wanted>'[\w ']+')",
        "{name} goes only with mixed_precision {wanted}. Set that, or drop {name}.",
    ),
    _known(
        "option-unknown",
        FailureKind.OPTION,
        r"^\w+\.py: error: unrecognized arguments: --(?P<name>\w+)",  # run
        "This training script has no option {name}. Drop it.",
    ),
    _known(
        "option-value",
        FailureKind.OPTION,
        r"^\w+\.py: error: argument --(?P<name>\w+): (?P<what>[^\n]+)",  # run
        "The option {name} can't be used: {what}.",
    ),
    _known(
        "option-file",
        FailureKind.OPTION,
        r"^toml\.decoder\.TomlDecodeError: (?P<what>[^\n]+)",  # run; derrian-distro#160
        "A settings file can't be read: {what}. Write paths in it with / instead of \\, or in "
        "single quotes.",
    ),
    _known(
        "option-file-gone",
        FailureKind.OPTION,
        r"\bnot found\.(?:\s+train_util\.py:\d+)?\s*\Z",  # run
        "The job's settings file is gone. Start the job again: that writes it anew.",
    ),
    _known(
        "option-dataset-file",
        FailureKind.OPTION,
        r"^voluptuous\.error\.\w*Invalid: (?P<what>[^\n]+)",  # run
        "The dataset_config file can't be used: {what}. Correct that entry.",
    ),
    _known(
        "scheduler-unknown",
        FailureKind.OPTION,
        RAISED + r"'?(?P<name>\w+)'? is not a valid SchedulerType",  # run
        "There is no lr_scheduler {name}. Set cosine or constant.",
    ),
    _known(
        "workers-none",
        FailureKind.OPTION,
        RAISED + r"persistent_workers option needs num_workers > 0",  # run
        "persistent_data_loader_workers needs workers. Drop it, or set "
        "max_data_loader_n_workers=1.",
    ),
    _known(
        "option-not-a-number",
        FailureKind.OPTION,  # run
        RAISED
        + r"(?:could not convert string to float: |invalid literal for int\(\) with base 10: "
        r"|'<=' not supported between instances of 'float' and 'str')(?P<value>'[^\n]*')?",
        "An option that must be a number holds text {value}. Look at the numbers among the job's "
        "options.",
    ),
    # ---- the base model ----
    _known(
        "base-gone",
        FailureKind.BASE_MODEL,  # run
        RAISED
        + r'The provided pretrained_model_name_or_path "(?P<file>.+?)" is neither a valid local path',
        "The base model {file} is gone. Put it back, or choose another base.",
    ),
    _known(
        "base-inpainting",
        FailureKind.BASE_MODEL,  # bmaltais/kohya_ss#98
        r"^\s*size mismatch for conv_in\.weight: .*torch\.Size\(\[320, [89], 3, 3\]\) from",
        "The base is an inpainting or editing model, which LoRA training can't use. Choose the "
        "ordinary model.",
    ),
    _known(
        "base-sd1-or-sd2",
        FailureKind.BASE_MODEL,  # run; kohya-ss/sd-scripts#224
        r"^\s*size mismatch for \S+attn2\.to_[kv]\.weight: .*, (?:768|1024)\]\) from",
        "The base is of another family: SD 1.5 and SD 2 were mixed up. Choose the base again: "
        "its family is then read anew.",
    ),
    _known(
        "base-not-sdxl",
        FailureKind.BASE_MODEL,
        RAISED + r"Error\(s\) in loading state_dict for SdxlUNet2DConditionModel",
        "The base is not an SDXL model. Choose an SDXL base, or train for the family that it is "
        "of.",
    ),  # run; kohya_ss#2445
    _known(
        "base-not-sd1",
        FailureKind.BASE_MODEL,  # run; bmaltais/kohya_ss#1877
        RAISED
        + r"Error\(s\) in loading state_dict for (?:UNet2DConditionModel|CLIPTextModel|AutoencoderKL)"
        r"|^\s+(?:Missing|Unexpected) key\(s\) in state_dict: \"(?:down_blocks|up_blocks|mid_block|conv_in|time_embedding)\."
        r"|^\s+size mismatch for (?:down_blocks|up_blocks|mid_block)\.",
        "The base is not an SD 1.5 or SD 2 model (perhaps SDXL), or lacks a part. Choose the "
        "base again: its family is then "
        "read anew.",
    ),
    _known(
        "base-no-unet",
        FailureKind.BASE_MODEL,  # run; bmaltais/kohya_ss#774 #397, kohya-ss/sd-scripts#1414
        RAISED
        + r"'(?:time_embed\.0|input_blocks\.0\.0|model\.diffusion_model\.\S+|encoder\.conv_in|decoder\.conv_in)\.\w+'$",
        "The base holds no Stable Diffusion model in the one-file layout: it may be a LoRA or "
        "another kind of model. Choose "
        "another base.",
    ),
    _known(
        "base-damaged",
        FailureKind.BASE_MODEL,  # run; kohya-ss/sd-scripts#990
        r"(?:checkpoint: (?P<file>[^\n]+)$(?s:.*))?" + RAISED + r"Error while deserializing header",
        "The model file {file} is damaged or only half downloaded. Download it again, or choose "
        "another base.",
    ),
    _known(
        "base-pickle",
        FailureKind.BASE_MODEL,  # fudan-generative-vision/champ#144
        RAISED + r"(?:Weights only load failed|invalid load key, |PytorchStreamReader failed)",
        "A model file can't be read as what its ending says, or would run a program. Only "
        ".safetensors is accepted: choose "
        "another base.",
    ),
    _known(
        "file-gone",
        FailureKind.OPTION,
        RAISED + r"(?:\[Errno 2\] )?No such file or directory: (?P<file>['\"][^\n]+['\"])",  # run
        "The file {file} is gone. Put it back, or change the option that names it.",
    ),
    # ---- the network ----
    _known(
        "tokenizer-offline",
        FailureKind.NETWORK,  # run; kohya-ss/sd-scripts#1792, Akegarasu/lora-scripts#270 #609
        r"in _load_tokenizer$(?s:.*)"
        + RAISED
        + r"(?:expected str, bytes or os\.PathLike|[Cc]onnect|[Oo]ffline)|"
        + RAISED
        + r"Can't load tokenizer for '",
        f"A tokenizer is not on this machine, and the model hub can't be reached. {_SETUP}: it "
        "lays down CLIP's tokenizer; "
        "others are fetched once, as soon as huggingface.co can be reached.",
    ),
    _known(
        "certificate",
        FailureKind.NETWORK,  # OpenSSL's words
        r"^(?:WARNING: Retrying |Could not fetch URL ).*(?i:certificate)|"
        + RAISED
        + r"(?:CERTIFICATE_VERIFY_FAILED|SSL certificate problem)",
        "A secure connection failed: a proxy or virus scanner is in between, or the clock is "
        "wrong. Correct that, then start "
        "again.",
    ),
    _known(
        "vae-gone",
        FailureKind.BASE_MODEL,  # run
        r"in load_vae$(?s:.*)"
        + RAISED
        + r"We couldn't connect to .* it looks like (?P<file>.+) is not the path",
        "The VAE {file} is gone. Put it back, or drop the option vae: the base has its own.",
    ),
    _known(
        "hub-offline",
        FailureKind.NETWORK,  # huggingface_hub's words
        RAISED
        + r"(?:We couldn't connect to '|outgoing traffic has been disabled|Cannot reach \S+: offline mode)",
        f"The trainer looked for a file on a model hub, and that can't be reached. {_SETUP} so "
        "that all files lie here.",
    ),
    _known(
        "package-index",
        FailureKind.NETWORK,  # run
        r"^WARNING: Retrying \(Retry\((?s:.*)^ERROR: (?:No matching distribution found|Could not find a version)",
        "Python packages could not be downloaded. Look at the network and proxy, then run "
        "`sd-scripts-bridge setup` again.",
    ),
    _known(
        "connection",
        FailureKind.NETWORK,  # urllib3's and git's words
        RAISED
        + r"(?:Max retries exceeded|Failed to resolve|Temporary failure in name resolution|getaddrinfo failed"
        r"|Read timed out|Connection (?:refused|reset|aborted)|Could not resolve host)",
        "The network failed. Look at the connection and proxy, then start again.",
    ),
    # ---- the Python environment ----
    _known(
        "package-hash",
        FailureKind.ENVIRONMENT,
        r"^ERROR: THESE PACKAGES DO NOT MATCH THE HASHES",  # run
        f"A downloaded package is not the one that was expected. {_SETUP}; if it stays, ask who "
        "runs your proxy or mirror.",
    ),
    _known(
        "package-version",
        FailureKind.ENVIRONMENT,
        r"^ERROR: No matching distribution found for (?P<package>\S+)",  # run
        "There is no {package} for this Python and system. Run setup with a Python that it "
        "supports: "
        "`sd-scripts-bridge setup --python PATH` (3.10 to 3.12).",
    ),
    _known(
        "compiler",
        FailureKind.ENVIRONMENT,  # pip and setuptools
        r"^\s*error: (?:Microsoft Visual C\+\+ .* is required|command '.*(?:gcc|cc|cl\.exe|clang)\S*' failed)",
        "A package had to be compiled here, and there is no compiler. Run setup with another "
        "Python: "
        "`sd-scripts-bridge setup --python PATH` (3.10 to 3.12).",
    ),
    _known(
        "venv-missing",
        FailureKind.ENVIRONMENT,  # CPython's venv on Debian and Ubuntu
        r"^The virtual environment was not created successfully because ensurepip",
        "This Python can't make environments. Install its venv package (`apt install "
        "python3-venv`), then run setup again.",
    ),
    _known(
        "torchvision",
        FailureKind.ENVIRONMENT,
        RAISED + r"(?:operator torchvision::nms does not exist|custom C\+\+ ops)",
        f"torch and torchvision don't fit together. {_SETUP}.",
    ),  # run; vladmandic/sdnext#3531
    _known(
        "protobuf",
        FailureKind.ENVIRONMENT,
        RAISED + r"Descriptors cannot (?:not )?be created directly",  # kohya-ss/sd-scripts#854
        f"The environment holds a protobuf that doesn't fit. {_SETUP}; it never shares packages "
        "with the WebUI.",
    ),
    _known(
        "numpy",
        FailureKind.ENVIRONMENT,  # kohya-ss/sd-scripts#2202
        r"^A module that was compiled using NumPy 1|"
        + RAISED
        + r"numpy\.(?:dtype size changed|core\.multiarray failed)",
        f"numpy and another package don't fit together. {_SETUP}.",
    ),
    _known(
        "import-name",
        FailureKind.ENVIRONMENT,  # kijai/ComfyUI-FluxTrainer#178
        r"^ImportError: cannot import name '(?P<name>[^']+)' from '(?P<package>[^']+)'",
        f"The installed {{package}} is of another version than sd-scripts expects (it has no "
        f"{{name}}). {_SETUP}.",
    ),
    _known(
        "accelerate",
        FailureKind.ENVIRONMENT,
        RAISED + r"__init__\(\) got an unexpected keyword argument '(?P<name>\w+)'",
        f"A package is of another version than sd-scripts expects (it doesn't know {{name}}). "
        f"{_SETUP}.",
    ),  # kohya_ss#1053
    _known(
        "system-library",
        FailureKind.ENVIRONMENT,  # amdegroot/ssd.pytorch#525, cvat-ai/cvat#406
        RAISED + r"(?P<name>lib[\w.+-]+\.so[.\d]*): cannot open shared object file",
        f"The system lacks the library {{name}}. Install it with the system's package manager, "
        f"or {_SETUP[0].lower()}"
        f"{_SETUP[1:]}.",
    ),
    _known(
        "openmp",
        FailureKind.ENVIRONMENT,
        r"^OMP: Error #15: ",  # ultralytics/yolov5#5086
        f"Two copies of the OpenMP library are loaded. {_SETUP}: its environment holds one.",
    ),
    _known(
        "package-missing",
        FailureKind.ENVIRONMENT,  # run (triton: only a remark of xformers', bmaltais/kohya_ss#2203)
        r"^ModuleNotFoundError: No module named '(?P<name>(?!triton\b)[\w.]+)'",
        f"The environment lacks the package {{name}}. {_SETUP}.",
    ),
    _known(
        "script-gone",
        FailureKind.ENVIRONMENT,
        r"^(?:/|[A-Z]:\\|python).*: can't open file '(?P<file>.+\.py)': ",  # run
        f"{{file}} is gone. {_SETUP}.",
    ),
    # ---- ended from outside ----
    _known(
        "crashed",
        FailureKind.ENVIRONMENT,
        r"^(?:Windows fatal exception: |Fatal Python error: )(?P<what>[^\n]+)",  # CPython
        f"Python itself crashed ({{what}}). Update the graphics driver and resume the job. "
        f"{_SETUP} if it happens again.",
    ),
    _known(
        "interrupted",
        FailureKind.KILLED,
        r"^KeyboardInterrupt\s*$",  # run
        "The trainer was interrupted from outside (Ctrl-C). Resume the job to go on.",
    ),
    _known(
        "loss-nan",
        FailureKind.NAN,
        r"^steps:[^\n]*avr_loss=nan[^\n]*\s*\Z",  # run; bmaltais/kohya_ss#1112, sd-scripts#2313
        "The loss is no number any more: nothing useful is learned. Set mixed_precision=bf16, or "
        "half the learning_rate.",
    ),
)
