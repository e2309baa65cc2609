"""The GPU: its memory, its driver, and the build of PyTorch that runs on it."""

from __future__ import annotations

from .known import RAISED, FailureKind, Known, known

ROWS: tuple[Known, ...] = (
    known(
        "mac-memory",
        FailureKind.GPU_MEMORY,
        "AUTOMATIC1111/stable-diffusion-webui#9133",
        RAISED + r"MPS backend out of memory",
        "The Mac ran out of GPU memory. Set gradient_checkpointing=true, train_batch_size=1 or a "
        "lower resolution, and close other programs that are using the GPU.",
    ),
    known(
        "gpu-memory",
        FailureKind.GPU_MEMORY,
        "bmaltais/kohya_ss#990 #2957 #3329 #477; torch's allocators for ROCm and XPU",
        r"^(?:[\w.]+\.)?OutOfMemoryError\b|"
        + RAISED
        + r"(?:(?:CUDA|HIP|XPU) (?:error: )?out of memory|Allocation on device)",
        "The GPU ran out of memory. Set gradient_checkpointing=true, train_batch_size=1 or a "
        "lower resolution, and close other programs that are using the GPU.",
    ),
    known(
        "gpu-memory-libraries",
        FailureKind.GPU_MEMORY,
        "kohya-ss/sd-scripts#602",
        RAISED + r"CU(?:BLAS|DNN)_STATUS_(?:ALLOC_FAILED|NOT_INITIALIZED)",
        "The GPU had no memory left for cuBLAS or cuDNN. Set gradient_checkpointing=true, "
        "train_batch_size=1 or a lower resolution, and close other programs that are using the "
        "GPU.",
    ),
    known(
        "cudnn-version",
        FailureKind.ENVIRONMENT,
        "bmaltais/kohya_ss#1098",
        RAISED + r"cuDNN version incompatibility",
        "PyTorch found a different cuDNN, from another CUDA installation. Remove that one from "
        "PATH and LD_LIBRARY_PATH. If that doesn't help, run `sd-scripts-bridge setup` again.",
    ),
    known(
        "gpu-libraries",
        FailureKind.ENVIRONMENT,
        "bmaltais/kohya_ss#1380",
        RAISED + r"CU(?:BLAS|DNN)_STATUS_\w+",
        "A CUDA library failed in the middle of a computation. Update the graphics driver, undo "
        "any overclocking, then resume the job.",
    ),
    known(
        "8bit-without-kernel",
        FailureKind.OPTION,
        "bmaltais/kohya_ss#192",
        r"^Error no kernel image is available for execution on the device at line \d+ in file "
        r".*(?:ops\.cu|bitsandbytes)",
        "bitsandbytes was not built for this GPU, so 8-bit optimizers don't run. Set "
        "optimizer_type=AdamW, or Adafactor to save memory.",
    ),
    known(
        "gpu-not-built-in",
        FailureKind.ENVIRONMENT,
        "AUTOMATIC1111/stable-diffusion-webui#17296, pytorch/pytorch#149845",
        RAISED + r"no kernel image is available",
        "This build of PyTorch doesn't support this GPU. Run `sd-scripts-bridge setup` again on "
        "this machine: it chooses the build that does.",
    ),
    known(
        "driver-too-old",
        FailureKind.ENVIRONMENT,
        "nagadomi/nunif#702",
        RAISED
        + r"(?:CUDA driver version is insufficient|The NVIDIA driver on your system is too old)",
        "The NVIDIA driver is too old for this PyTorch. Install the latest driver and restart "
        "the machine.",
    ),
    known(
        "no-gpu-found",
        FailureKind.ENVIRONMENT,
        "pytorch/pytorch#49327",
        RAISED
        + r"(?:Found no NVIDIA driver|No CUDA GPUs are available|no CUDA-capable device|CUDA "
        r"unknown error)",
        "PyTorch found no working NVIDIA GPU. Check that `nvidia-smi` lists it and that "
        "CUDA_VISIBLE_DEVICES doesn't hide it; restarting the machine often helps.",
    ),
    known(
        "gpu-taken",
        FailureKind.ENVIRONMENT,
        "pytorch/pytorch#58824",
        RAISED + r"(?:all )?CUDA-capable device(?:s|\(s\)) (?:are|is/are) busy",
        "Another program has exclusive use of the GPU. Close it or restart the machine, then "
        "resume the job.",
    ),
    known(
        "torch-without-gpu",
        FailureKind.ENVIRONMENT,
        "bmaltais/kohya_ss#571",
        RAISED + r"Torch not compiled with CUDA enabled",
        "This PyTorch is a CPU-only build, and an option needs the GPU. If there is an NVIDIA "
        "GPU, run `sd-scripts-bridge setup` again; otherwise remove options such as lowram and "
        "fp8_base.",
    ),
    known(
        "gpu-index",
        FailureKind.ENVIRONMENT,
        "bmaltais/kohya_ss#1886",
        RAISED + r"CUDA error: device-side assert triggered",
        "The GPU was asked for an index outside a table, which an unmodified sd-scripts never "
        "does. Run `sd-scripts-bridge setup` again, then resume the job; undo any overclocking "
        "if it happens again.",
    ),
    known(
        "gpu-crashed",
        FailureKind.ENVIRONMENT,
        "bmaltais/kohya_ss#733 #2002",
        RAISED + r"(?:illegal memory access|unspecified launch failure|misaligned address|illegal "
        r"instruction was encountered"
        r"|uncorrectable ECC|GPU is lost|launch timed out)",
        "The GPU crashed during training: overheating, overclocking or a faulty driver. Resume "
        "the job; update the driver if it happens again.",
    ),
    known(
        "bf16-unsupported",
        FailureKind.OPTION,
        "bmaltais/kohya_ss#523 #93",
        RAISED + r"bf16 mixed precision requires",
        "This GPU doesn't support bf16. Set mixed_precision=fp16.",
    ),
    known(
        "fp16-without-gpu",
        FailureKind.OPTION,
        "run; bmaltais/kohya_ss#639 #644",
        RAISED + r"(?:fp16 mixed precision requires a GPU| not implemented for 'Half'"
        r"|expected m1 and m2 to have the same dtype, but got: c10::Half)",
        "fp16 needs a GPU, but PyTorch is running on the CPU. Set mixed_precision=bf16 or no. If "
        "there is a GPU, run `sd-scripts-bridge setup` again.",
    ),
    known(
        "fp16-gradients",
        FailureKind.OPTION,
        "kohya-ss/sd-scripts#1107 #1306",
        RAISED + r"Attempting to unscale FP16 gradients",
        "fp16 weights can't be trained with mixed_precision=fp16. Set mixed_precision=bf16, or "
        "remove full_fp16.",
    ),
    known(
        "two-number-formats",
        FailureKind.OPTION,
        "derrian-distro/LoRA_Easy_Training_Scripts#211",
        RAISED
        + r"(?:expected scalar type \w+ but found \w+|Input type .+ and (?:bias|weight) type .+ "
        r"should be the same)",
        "Two parts of the model use different precisions. Set mixed_precision=bf16 and "
        "cache_latents=true, and remove full_fp16, full_bf16 and no_half_vae.",
    ),
    known(
        "two-devices",
        FailureKind.OPTION,
        "kohya-ss/sd-scripts#2150",
        RAISED + r"Expected all tensors to be on the same device",
        "Part of the model is on the CPU while the rest is on the GPU. Remove lowram and "
        "highvram, and set optimizer_type=AdamW.",
    ),
    known(
        "mac-operation",
        FailureKind.ENVIRONMENT,
        "pytorch/pytorch#77764",
        RAISED
        + r"operator '(?P<operator>[\w:.]+)' is not current(?:ly)? implemented for the MPS device",
        "This PyTorch has no {operator} on the Mac's GPU. Run `sd-scripts-bridge setup` again for "
        "a newer PyTorch, and set optimizer_type=AdamW.",
    ),
    known(
        "several-gpus",
        FailureKind.ENVIRONMENT,
        "bmaltais/kohya_ss#1347 #3295",
        RAISED + r"(?:Distributed package doesn't have NCCL|use_libuv was requested)",
        "sd-scripts tried to train on several GPUs, which doesn't work on Windows. Set "
        "CUDA_VISIBLE_DEVICES=0, then start again.",
    ),
    known(
        "other-gpu-error",
        FailureKind.ENVIRONMENT,
        "torch",
        RAISED + r"(?:CUDA|HIP) error: (?P<what>[^\n]+)",
        "The GPU reported an error: {what}. Resume the job; update the graphics driver if it "
        "happens again.",
    ),
)
