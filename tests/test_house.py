"""The rules of the house, measured: what a reader may rely on without reading everything."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = ("controller", "desired_state", "platforms")
HTTP_DOORS = {"platforms/transport.py", "platforms/carrier.py", "controller/billing/client.py"}
TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile", *PRODUCT, "tests", "deploy"}
MADE_BY_TOOLS = {"mutants", "dist", "build", "__pycache__"}

FILES = {path.relative_to(ROOT).as_posix(): path for part in PRODUCT for path in sorted((ROOT / part).rglob("*.py"))}
TESTS = {path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "tests").rglob("*.py"))}
LENGTHS = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in FILES.items()}


def functions(name: str) -> Iterator[tuple[str, int]]:
    """Every function of a file with its number of lines, docstring included."""
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name}: {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


FUNCTIONS = dict(pair for name in FILES for pair in functions(name))


def test_imports_run_one_way(tmp_path: Path) -> None:
    """The contracts in pyproject.toml; a process of its own, since the tool switches off all loggers that there are."""
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--cache-dir", tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_files_are_small() -> None:
    assert [name for name, lines in LENGTHS.items() if lines > 400] == []
    assert median(lines for lines in LENGTHS.values() if lines) <= 120


def test_functions_are_small() -> None:
    assert [name for name, lines in FUNCTIONS.items() if lines > 50] == []
    assert median(FUNCTIONS.values()) <= 8


@pytest.mark.parametrize("name", [*FILES, *TESTS])
def test_nothing_is_left_undone_or_silenced_wholesale(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    forbidden = {
        "a note to do it later": r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b",
        "an ignore without its code": r"#\s*type:\s*ignore(?!\[)",
        "a noqa without its code": r"#\s*noqa(?!: [A-Z]+\d+)",
    }
    assert [what for what, pattern in forbidden.items() if re.search(pattern, text)] == []


@pytest.mark.parametrize("name", [name for name, lines in LENGTHS.items() if lines])
def test_every_module_opens_with_its_docstring(name: str) -> None:
    assert ast.get_docstring(ast.parse(FILES[name].read_text(encoding="utf-8")))


def test_only_the_doors_speak_http() -> None:
    speaking = {name for name in FILES if "httpx" in imported(name)}
    assert speaking <= HTTP_DOORS


def imported(name: str) -> set[str]:
    """The top-level packages that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_the_core_has_no_any() -> None:
    core = [name for name in FILES if name.startswith("desired_state/")]
    assert [name for name in core if re.search(r"\bAny\b", FILES[name].read_text(encoding="utf-8"))] == []


def test_the_top_level_stays_as_it_is() -> None:
    there = {name for name in os.listdir(ROOT) if not name.startswith(".") and not name.endswith(".egg-info")}
    assert there - TOP_LEVEL - MADE_BY_TOOLS == set()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_have_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--index|--find|--extra)", text, re.MULTILINE)
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
