"""The house's own rules, those that no linter knows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = sorted((ROOT / "sbdiag").rglob("*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("room", ROOMS, ids=_name)
def test_a_room_is_not_a_hall(room: Path) -> None:
    assert len(room.read_text("utf-8").splitlines()) <= 600


@pytest.mark.parametrize("room", ROOMS, ids=_name)
def test_no_room_is_a_lumber_room(room: Path) -> None:
    assert room.stem not in {"utils", "util", "helpers", "base", "common", "misc"}


@pytest.mark.parametrize("room", ROOMS, ids=_name)
def test_no_blanket_except_and_no_evaluated_text(room: Path) -> None:
    for node in ast.walk(ast.parse(room.read_text("utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            assert caught not in {"", "Exception", "BaseException"}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec"}


@pytest.mark.parametrize(
    "folder", [p for p in ROOMS if p.name == "__init__.py" and p.parent.name != "sbdiag"], ids=_name
)
def test_a_folder_hands_names_on_and_defines_nothing(folder: Path) -> None:
    tree = ast.parse(folder.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    assert not [node for node in tree.body if isinstance(node, kinds)]
