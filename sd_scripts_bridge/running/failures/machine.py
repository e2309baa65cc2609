"""The machine: Windows, the disk, permissions, RAM."""

from __future__ import annotations

from .known import RAISED, FailureKind, Known, known

ROWS: tuple[Known, ...] = (
    known(
        "page-file",
        FailureKind.HOST_MEMORY,
        "Comfy-Org/ComfyUI#8065, bmaltais/kohya_ss#449",
        RAISED + r"(?:\[WinError 1455\]|os error 1455|The paging file is too small)",
        "Windows ran out of virtual memory (page file). Let Windows manage the page file's size "
        "or set it to 32 GB, and close other programs.",
    ),
    known(
        "dll",
        FailureKind.ENVIRONMENT,
        "kohya-ss/sd-scripts#1597, Nerogar/OneTrainer#1009",
        RAISED + r"(?:\[WinError (?:126|127|193|1114)\]|DLL load failed)",
        "Windows couldn't load a library. Install Microsoft's Visual C++ Redistributable (x64), "
        "then run `sd-scripts-bridge setup` again.",
    ),
    known(
        "file-in-use",
        FailureKind.ENVIRONMENT,
        "Nerogar/OneTrainer#659, bmaltais/kohya_ss#2466",
        RAISED
        + r"(?:\[WinError (?:5|32|33)\]|Os \{ code: (?:5|32|1224), )[^\n]*?(?P<file>'[^'\n]+')?$",
        "Windows denied access to a file {file}: another program or a virus scanner has it open. "
        "Close that program, or exclude the folder from virus scans, then resume the job.",
    ),
    known(
        "path-too-long",
        FailureKind.ENVIRONMENT,
        "CPython, Rust",
        RAISED + r"(?:\[WinError 206\]|\[Errno 36\]|Os \{ code: 206, )",
        "A path is too long. Move the home folder or the dataset to a shorter path such as "
        "C:\\lora.",
    ),
    known(
        "disk-full",
        FailureKind.DISK,
        "run",
        RAISED
        + r"(?:\[Errno (?:28|122)\]|No space left on device|os error 28|Os \{ code: (?:28|112), "
        r"|\[WinError 112\]"
        r"|PytorchStreamWriter failed writing file|inline_container\.cc:\d+\] \. unexpected pos"
        r"|[Dd]isk quota exceeded)",
        "The disk is full. Free some space, then resume the job.",
    ),
    known(
        "disk-fails",
        FailureKind.DISK,
        "CPython",
        RAISED + r"(?:\[Errno 5\]|\[Errno 30\]|os error (?:5|30)\b)",
        "The disk can't be read or written: it was removed, is read-only, or is failing. Check "
        "the disk, then resume the job.",
    ),
    known(
        "open-files",
        FailureKind.ENVIRONMENT,
        "CPython",
        RAISED + r"(?:\[Errno 24\]|Too many open files)",
        "Too many files are open. Set max_data_loader_n_workers=0, or raise the limit (`ulimit "
        "-n 4096`).",
    ),
    known(
        "permission",
        FailureKind.ENVIRONMENT,
        "bmaltais/kohya_ss#598",
        RAISED + r"\[Errno 13\] Permission denied(?:: (?P<file>'[^\n]+'))?",
        "The trainer has no permission to read or write {file}. Change the folder's permissions, "
        "or choose another folder.",
    ),
    known(
        "folder-is-a-file",
        FailureKind.ENVIRONMENT,
        "run",
        RAISED + r"\[Errno (?:17|20)\] [\w ]+: (?P<file>'[^\n]+')",
        "{file} is in the way: a folder was expected there. Move it away, then start again.",
    ),
    known(
        "host-memory",
        FailureKind.HOST_MEMORY,
        "run",
        r"^(?:[\w.]+\.)?_?(?:Array)?MemoryError\b|"
        + RAISED
        + r"(?:DefaultCPUAllocator: |\[Errno 12\]|[Cc]annot allocate memory|not enough memory: "
        r"you tried to allocate)",
        "The machine ran out of memory (RAM). Close other programs, set train_batch_size=1 and "
        "max_data_loader_n_workers=0, or add swap space.",
    ),
    known(
        "shared-memory",
        FailureKind.HOST_MEMORY,
        "torch/utils/data/_utils/signal_handling.py",
        RAISED + r"(?:insufficient shared memory|unable to (?:open|mmap) shared memory|killed by "
        r"signal: Bus error)",
        "There is not enough shared memory for the data loader's worker processes. Set "
        "max_data_loader_n_workers=0.",
    ),
    known(
        "loader-killed",
        FailureKind.HOST_MEMORY,
        "run; pytorch/pytorch#8976",
        RAISED + r"DataLoader worker \(pid.*\) (?:is killed by signal|exited unexpectedly)",
        "A data loader worker was killed, most likely because memory ran out. Set "
        "max_data_loader_n_workers=0 and close other programs.",
    ),
)
