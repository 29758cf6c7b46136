"""What is installed: an sdist makes the wheel, the wheel holds every module and the command."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the sdist, not from the checkout."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(_ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    assert len(list(out.glob("*.tar.gz"))) == 1
    return next(out.glob("*.whl"))


def test_the_wheel_has_every_module_and_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = next(n for n in names if n.endswith("entry_points.txt"))
        assert b"wasmscope = wasmscope:main" in archive.read(entry_points)
    ours = {str(p.relative_to(_ROOT)) for folder in ("vm", "debugger", "ui") for p in (_ROOT / folder).rglob("*.py")}
    assert ours | {"wasmscope.py"} <= names
    assert not any(n.startswith(("tests/", "sample-modules/")) for n in names)


def test_the_sdist_has_what_a_packager_needs(wheel: Path) -> None:
    with tarfile.open(next(wheel.parent.glob("*.tar.gz"))) as archive:
        names = {n.partition("/")[2] for n in archive.getnames()}
    assert {"LICENSE", "README.md", "ARCHITECTURE.md", "Makefile", "sample-modules/fib/fib.c"} <= names
    assert any(n.startswith("tests/") for n in names)
