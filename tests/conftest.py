"""Chooses the era that tests run in, `WASMSCOPE_TEST_ERA=invented` for the invented one, and what runs the machines."""

from __future__ import annotations

import os
from pathlib import Path

import ui.start
import vm.eras
from tests.executors import maker
from tests.invented_era import INVENTED

if os.environ.get("WASMSCOPE_TEST_ERA") == "invented":
    vm.eras.NEWEST = INVENTED

os.environ["XDG_CACHE_HOME"] = str(Path(__file__).parents[1] / ".pytest_cache")  # of programs started by tests
ui.start.make_executor = lambda kind: maker()
