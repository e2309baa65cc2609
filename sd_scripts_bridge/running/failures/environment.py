"""The Python environment, a crash of Python itself, and how a run was ended."""

from __future__ import annotations

from .known import RAISED, FailureKind, Known, known

ROWS: tuple[Known, ...] = (
    known(
        "package-hash",
        FailureKind.ENVIRONMENT,
        "run",
        r"^ERROR: THESE PACKAGES DO NOT MATCH THE HASHES",
        "A downloaded package is not the one that was expected. Run `sd-scripts-bridge setup` "
        "again; if it happens again, ask whoever runs your proxy or mirror.",
    ),
    known(
        "package-version",
        FailureKind.ENVIRONMENT,
        "run",
        r"^ERROR: No matching distribution found for (?P<package>\S+)",
        "There is no {package} for this Python and operating system. Run setup with a Python "
        "that is supported: `sd-scripts-bridge setup --python PATH` (3.10 to 3.12).",
    ),
    known(
        "compiler",
        FailureKind.ENVIRONMENT,
        "pip and setuptools",
        r"^\s*error: (?:Microsoft Visual C\+\+ .* is required|command '.*(?:gcc|cc|cl\.exe"
        r"|clang)\S*' failed)",
        "A package had to be compiled, and there is no compiler. Run setup with another Python: "
        "`sd-scripts-bridge setup --python PATH` (3.10 to 3.12).",
    ),
    known(
        "venv-missing",
        FailureKind.ENVIRONMENT,
        "CPython's venv on Debian and Ubuntu",
        r"^The virtual environment was not created successfully because ensurepip",
        "This Python can't create virtual environments. Install its venv package (`apt install "
        "python3-venv`), then run setup again.",
    ),
    known(
        "torchvision",
        FailureKind.ENVIRONMENT,
        "run; vladmandic/sdnext#3531",
        RAISED + r"(?:operator torchvision::nms does not exist|custom C\+\+ ops)",
        "The installed torch and torchvision don't match. Run `sd-scripts-bridge setup` again.",
    ),
    known(
        "protobuf",
        FailureKind.ENVIRONMENT,
        "kohya-ss/sd-scripts#854",
        RAISED + r"Descriptors cannot (?:not )?be created directly",
        "The installed protobuf is the wrong version. Run `sd-scripts-bridge setup` again; it "
        "never shares packages with the WebUI.",
    ),
    known(
        "numpy",
        FailureKind.ENVIRONMENT,
        "kohya-ss/sd-scripts#2202",
        r"^A module that was compiled using NumPy 1|"
        + RAISED
        + r"numpy\.(?:dtype size changed|core\.multiarray failed)",
        "numpy and another package don't match. Run `sd-scripts-bridge setup` again.",
    ),
    known(
        "import-name",
        FailureKind.ENVIRONMENT,
        "kijai/ComfyUI-FluxTrainer#178",
        r"^ImportError: cannot import name '(?P<name>[^']+)' from '(?P<package>[^']+)'",
        "The installed {package} is not the version that sd-scripts expects (it has no {name}). "
        "Run `sd-scripts-bridge setup` again.",
    ),
    known(
        "accelerate",
        FailureKind.ENVIRONMENT,
        "bmaltais/kohya_ss#1053",
        RAISED + r"__init__\(\) got an unexpected keyword argument '(?P<name>\w+)'",
        "A package is not the version that sd-scripts expects (it doesn't know {name}). Run "
        "`sd-scripts-bridge setup` again.",
    ),
    known(
        "system-library",
        FailureKind.ENVIRONMENT,
        "amdegroot/ssd.pytorch#525, cvat-ai/cvat#406",
        RAISED + r"(?P<name>lib[\w.+-]+\.so[.\d]*): cannot open shared object file",
        "The system library {name} is missing. Install it with the system's package manager, or "
        "run `sd-scripts-bridge setup` again.",
    ),
    known(
        "openmp",
        FailureKind.ENVIRONMENT,
        "ultralytics/yolov5#5086",
        r"^OMP: Error #15: ",
        "Two copies of the OpenMP library are loaded. Run `sd-scripts-bridge setup` again: its "
        "environment has only one.",
    ),
    known(
        "package-missing",
        FailureKind.ENVIRONMENT,
        "run; triton is left out: only a remark of xformers', bmaltais/kohya_ss#2203",
        r"^ModuleNotFoundError: No module named '(?P<name>(?!triton\b)[\w.]+)'",
        "The Python package {name} is missing. Run `sd-scripts-bridge setup` again.",
    ),
    known(
        "script-gone",
        FailureKind.ENVIRONMENT,
        "run",
        r"^(?:/|[A-Z]:\\|python).*: can't open file '(?P<file>.+\.py)': ",
        "{file} is gone. Run `sd-scripts-bridge setup` again.",
    ),
    known(
        "crashed",
        FailureKind.ENVIRONMENT,
        "CPython",
        r"^(?:Windows fatal exception: |Fatal Python error: )(?P<what>[^\n]+)",
        "Python itself crashed ({what}). Update the graphics driver and resume the job. If it "
        "happens again, run `sd-scripts-bridge setup` again.",
    ),
    known(
        "interrupted",
        FailureKind.KILLED,
        "run",
        r"^KeyboardInterrupt\s*$",
        "The trainer was interrupted (Ctrl-C). Resume the job to continue.",
    ),
    known(
        "loss-nan",
        FailureKind.NAN,
        "run; bmaltais/kohya_ss#1112, kohya-ss/sd-scripts#2313",
        r"^steps:[^\n]*avr_loss=nan[^\n]*\s*\Z",
        "The loss became NaN, so nothing useful is being learned. Set mixed_precision=bf16, or "
        "halve the learning_rate.",
    ),
)
