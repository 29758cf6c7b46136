"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_ACCESSES = {"read", "write", "load", "store", "words", "view", "locate", "get_at"}
_SOURCES = sorted(p for folder in ("vm", "debugger", "ui") for p in (_ROOT / folder).rglob("*.py"))


def _is_address_arithmetic(node: ast.expr) -> bool:
    """`addr + 8` or `8 + addr`, anywhere inside."""
    return any(
        isinstance(part, ast.BinOp)
        and isinstance(part.op, ast.Add | ast.Sub)
        and any(isinstance(side, ast.Constant) and isinstance(side.value, int) for side in (part.left, part.right))
        for part in ast.walk(node)
    )


def _offenders(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _ACCESSES
            and "space" in ast.unparse(node.func.value)
            and node.args
            and _is_address_arithmetic(node.args[0])
        ):
            yield node.lineno


@pytest.mark.parametrize("path", _SOURCES, ids=lambda p: str(p.relative_to(_ROOT)))
def test_no_integer_offset_is_handed_to_a_read_or_write(path: Path) -> None:
    assert list(_offenders(ast.parse(path.read_text()))) == []


def test_the_rule_finds_an_offender() -> None:
    assert list(_offenders(ast.parse("machine.space.load(addr + 8, 4)"))) == [1]


_FORBIDDEN = {
    "vm.machine": ("textual", "prompt_toolkit", "wasmtime", "llvmlite", "elftools", "asyncio"),
    "debugger.session": ("textual", "prompt_toolkit", "pygments"),
    "ui.cli": ("textual", "prompt_toolkit", "aiohttp"),
}


@pytest.mark.parametrize("module", _FORBIDDEN)
def test_imports_stay_light(module: str) -> None:
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=_ROOT, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & set(_FORBIDDEN[module])


def test_files_stay_short() -> None:
    """Data tables aside, 600 lines is a smell."""
    long = [str(p.relative_to(_ROOT)) for p in _SOURCES if len(p.read_text().splitlines()) > 600]
    assert long == []
