"""Who may import what, what a start of the WebUI may load, how large a file may grow, and whether
links lead somewhere.
"""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sd_scripts_bridge.engines import ENGINES
from tests.support.fresh import fresh

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sd_scripts_bridge"
MODULES = sorted(PACKAGE.rglob("*.py"))

ONLY_IN = {
    "gradio": ("webui/",),
    "modules": ("webui/",),
    "subprocess": ("system/process.py", "system/conversation.py"),
    "sqlite3": (
        "jobs/database.py",
        "jobs/history/",
        "jobs/store.py",
        "jobs/migrations.py",
        "jobs/recovery.py",
    ),
    "torch": (
        "engines/embedded/",
        "engines/sd_scripts/inside/",
        "captioning/local/",
        "system/pytorch/device.py",
    ),
    "diffusers": ("engines/embedded/",),
    "transformers": ("engines/embedded/", "captioning/local/"),
    "onnxruntime": ("captioning/local/", "engines/embedded/likeness/"),
    "av": ("photos/video/clip.py",),
}

LAYERS = (
    ("messages",),
    ("errors",),
    ("names", "paths", "shapes", "system"),
    ("options", "photos"),
    ("models", "datasets", "evidence"),
    ("jobs",),
    ("captioning", "likeness"),
    ("engines", "publishing"),
    ("planning", "exchange", "outcome"),
    ("running",),
    ("cluster",),
    ("bridge",),
    ("page",),
    ("rest",),
    ("webui",),
    ("cli",),
    ("demo", "__main__"),
)
"""Every module and package at the package's front door, from the floor up: imports go down only."""
FLOOR = {name: floor for floor, names in enumerate(LAYERS) for name in names}
MOST_MODULES = 12
MOST_LINES = 40
"""Of a function, its docstring included."""

LIGHT = (
    "sd_scripts_bridge.bridge",
    "sd_scripts_bridge.running.supervisor",
    "sd_scripts_bridge.engines.sd_scripts",
    "sd_scripts_bridge.engines.embedded",
    "sd_scripts_bridge.publishing.publish",
)
HEAVY = ("torch", "diffusers", "transformers", "gradio", "PIL", "numpy", "tokenizers")


@functools.cache
def tree_of(module: Path) -> ast.Module:
    """A module's syntax, read once."""
    return ast.parse(module.read_text(encoding="utf-8"))


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def imports(module: Path) -> Iterator[str]:
    """Every absolute name that the file imports, its own package's as sd_scripts_bridge.x.y."""
    package = ["sd_scripts_bridge", *module.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{start}.{alias.name}" for alias in node.names)


def test_the_package_is_found() -> None:
    assert len(MODULES) > 60


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_each_outside_thing_has_one_door(module: Path) -> None:
    for imported in imports(module):
        allowed = ONLY_IN.get(imported.partition(".")[0])
        assert allowed is None or name_of(module).startswith(allowed), (
            f"{name_of(module)} imports {imported}"
        )


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_arrows_point_down(module: Path) -> None:
    own = front_name(module)
    for name in imports(module):
        other = name.split(".")[1] if name.startswith("sd_scripts_bridge.") else own
        if other in FLOOR and other != own:
            assert FLOOR[other] < FLOOR[own], (
                f"{name_of(module)} imports {name}, which lies above it or beside it"
            )


def front_name(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_package_has_a_floor_and_room() -> None:
    assert {front_name(module) for module in MODULES} - {"__init__"} == set(FLOOR)
    for folder in {module.parent for module in MODULES}:
        assert len([*folder.glob("[!_]*.py")]) <= MOST_MODULES, f"{folder.name} is full"


def test_no_files_import_each_other_in_a_circle() -> None:
    known = {dotted(module): module for module in MODULES}
    arrows = {
        name: {
            other for found in imports(module) if (other := nearest(found, known)) and other != name
        }
        for name, module in known.items()
    }
    registry = "sd_scripts_bridge.engines"  # imports its two engines late, and they import its base
    arrows[registry] = {other for other in arrows[registry] if other == f"{registry}.base"}
    while free := [name for name, others in arrows.items() if not others & set(arrows)]:
        for name in free:
            del arrows[name]
    assert not arrows, f"a circle among {sorted(arrows)}"


def dotted(module: Path) -> str:
    parts = module.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def nearest(name: str, known: dict[str, Path]) -> str | None:
    """The module of ours that ``name`` lies in."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_every_module_says_what_it_is(module: Path) -> None:
    tree = tree_of(module)
    assert ast.get_docstring(tree), f"{name_of(module)} begins without a docstring"


def test_no_public_class_name_exists_twice() -> None:
    seen: dict[str, str] = {}
    for module in MODULES:
        for node in tree_of(module).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert node.name not in seen, f"{node.name}: {seen[node.name]}, {name_of(module)}"
                seen[node.name] = name_of(module)


def test_no_prefix_repeats_its_package() -> None:
    for module in MODULES:
        package = module.parent.name
        assert not module.stem.startswith((f"{package}_", f"{package.removesuffix('s')}_")), (
            f"{name_of(module)}: its package says that already"
        )


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_function_fits_in_the_eye(module: Path) -> None:
    functions = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.FunctionDef)]
    lines = {one.name: (one.end_lineno or 0) - one.lineno + 1 for one in functions}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_file_is_a_second_thing(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 400


def test_importing_the_package_costs_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules); import sd_scripts_bridge; "
        "print(sorted(set(sys.modules) - before))"
    )
    assert fresh(code).strip() == "['sd_scripts_bridge']"


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_stay_light(module: str) -> None:
    code = (
        f"import sys; import {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert fresh(code).strip() == ""


def test_the_webuis_call_of_install_py_says_nothing_and_loads_nothing_of_ours() -> None:
    words = [sys.executable, "-X", "importtime", str(ROOT / "install.py")]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "" and "import time:" in done.stderr
    assert all(line.startswith("import time:") for line in done.stderr.splitlines())
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "site" in loaded and not any(
        name.partition(".")[0] == "sd_scripts_bridge" for name in loaded
    )


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_only_engines_know_an_engine_by_its_name(module: Path) -> None:
    """Others ask for `Engine.traits`: a third engine is one more line in the registry."""
    if module.is_relative_to(PACKAGE / "engines"):
        return
    assert "sd_scripts_bridge.engines.sd_scripts.installed.installation" not in imports(module), (
        "engines/installed is the door to what is set up"
    )
    names = {*ENGINES, "cluster"}
    compared = [
        node.lineno
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Constant) and side.value in names
    ]
    assert not compared, f"{name_of(module)} compares an engine's name in line {compared}"
