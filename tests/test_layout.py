"""Who may import what, what a start of the WebUI may load, how large a file may grow, and whether
links lead somewhere.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sd_scripts_bridge"
MODULES = sorted(PACKAGE.rglob("*.py"))

ONLY_IN = {
    "gradio": ("webui",),
    "modules": ("webui",),
    "subprocess": ("process.py",),
    "sqlite3": ("store.py", "migrations.py", "recovery.py"),
    "torch": ("engines/embedded", "engines/sd_scripts/torchvision_shim.py"),
    "diffusers": ("engines/embedded",),
    "transformers": ("engines/embedded",),
}

FACES = {"cli", "follow", "rest", "webui", "demo", "bridge", "__main__"}
"""Nothing below them may know them."""

LIGHT = (
    "sd_scripts_bridge.bridge",
    "sd_scripts_bridge.running.supervisor",
    "sd_scripts_bridge.engines.sd_scripts",
    "sd_scripts_bridge.engines.embedded",
    "sd_scripts_bridge.publishing.publish",
)
HEAVY = ("torch", "diffusers", "transformers", "gradio", "PIL", "numpy", "tokenizers")


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def imports(module: Path) -> Iterator[str]:
    """Every absolute name that the file imports, its own package's as sd_scripts_bridge.x.y."""
    package = ["sd_scripts_bridge", *module.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
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
def test_arrows_point_one_way(module: Path) -> None:
    top = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    own = [name.split(".")[1] for name in imports(module) if name.startswith("sd_scripts_bridge.")]
    is_face = top in FACES or top.startswith(("cli_", "rest", "draft", "plan", "job_view"))
    if not is_face:
        assert not FACES & set(own), f"{name_of(module)} knows a face: {own}"
    if top == "engines":
        assert not {"store", "supervisor", "attempt", "publish"} & set(own)


@pytest.mark.parametrize(
    "module", [m for m in MODULES if "engines/embedded/" not in m.as_posix()], ids=name_of
)
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


def test_the_webuis_call_of_install_py_does_nothing_and_quickly() -> None:
    bare = min(timed("-c", "pass") for _ in range(3))
    assert min(timed(str(ROOT / "install.py")) for _ in range(3)) < bare + 0.15


def timed(*words: str) -> float:
    """Seconds that Python takes for it; it has nothing to say."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *words], capture_output=True, check=True)
    assert done.stdout + done.stderr == b""
    return time.perf_counter() - start


def fresh(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return done.stdout


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_structure_page_names_every_module() -> None:
    text = (ROOT / "docs" / "structure.md").read_text(encoding="utf-8")
    missing = [
        name_of(m)
        for m in MODULES
        if m.stem not in ("__init__", "__main__") and f"`{m.stem}`" not in text
    ]
    assert not missing, f"docs/structure.md says nothing of {missing}"
