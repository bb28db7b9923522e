"""The rules of the house that no other tool checks; imports between the rooms are `lint-imports`' part."""

import ast
import subprocess
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("models", "explainers", "dashboard")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
LONGEST_FUNCTION, LONGEST_FILE, FULLEST_FOLDER = 40, 300, 12
WIDE_FOLDERS = ("explainers/kit", "models/menagerie")  # many small pieces, one idea each
DIALECT = {"told", "found", "asked", "made", "each", "own", "mine"}  # name the thing: progress, result, request ...
TABLES: tuple[str, ...] = ()  # files of data, in which the formatter may be kept from a table

COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Function = ast.FunctionDef | ast.AsyncFunctionDef


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tracked() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git work tree")
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name]


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from the first decorator or ``def`` to the last, without the docstring."""
    text = function.body[0] if ast.get_docstring(function) is not None else None
    spent = text.end_lineno - text.lineno + 1 if text else 0
    return function.end_lineno - function.lineno + 1 - spent


def public(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Modules' public functions and classes, and the public methods of those classes."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, Function) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def test_the_rooms_are_there() -> None:
    for room in ROOMS:
        assert (ROOT / room / "__init__.py").is_file()
    assert len(SOURCES) > 10


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_source_is_short_and_says_what_it_does(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    lines = len(text.splitlines())
    assert lines <= LONGEST_FILE, f"{lines} lines; split it"
    long = {f"{f.name}:{f.lineno}": length(f) for f in functions(tree) if length(f) > LONGEST_FUNCTION}
    assert not long, f"longer than {LONGEST_FUNCTION} lines without docstring"
    mute = [name for name, node in public(tree) if ast.get_docstring(node) is None and not overload(node)]
    assert not mute, "public without a docstring"


def overload(node: ast.AST) -> bool:
    names = [ast.unparse(decorator) for decorator in getattr(node, "decorator_list", [])]
    return any(name.endswith(("overload", ".setter", "override")) for name in names)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_source_leaves_nothing_half_done(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            pytest.fail(f"line {node.lineno}: assert as validation; raise an error with the remedy")
        if isinstance(node, ast.ExceptHandler):
            silent = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
            assert node.type is not None, f"line {node.lineno}: bare except"
            assert not (silent and ast.unparse(node.type) in ("Exception", "BaseException")), f"line {node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            pytest.fail("from __future__ import annotations turns the checked shapes into strings")
    marks = [mark for mark in ("TODO", "FIXME", "XXX", "NotImplementedError") if mark in path.read_text()]
    assert not marks


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_locals_are_named_after_the_thing(path: Path) -> None:
    tree = ast.parse(path.read_text())
    inside = {id(name) for node in ast.walk(tree) if isinstance(node, COMPREHENSIONS) for name in ast.walk(node)}
    inside |= {
        id(entry.target) for entry in ast.walk(tree) if isinstance(entry, ast.AnnAssign)
    }  # fields, kept in files
    names = [(node.id, node.lineno) for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in inside]
    names += [(node.arg, node.lineno) for node in ast.walk(tree) if isinstance(node, ast.arg)]
    assert not [f"{name}, line {line}" for name, line in names if name in DIALECT]


def test_the_formatter_has_the_last_word() -> None:
    assert not [relative(path) for path in SOURCES if "fmt: " in path.read_text() and relative(path) not in TABLES]


def test_folders_can_be_overlooked() -> None:
    folders = {path.parent for path in SOURCES}
    counts = {relative(folder): len(list(folder.glob("*.py"))) for folder in folders}
    assert not {name: n for name, n in counts.items() if n > FULLEST_FOLDER and name not in WIDE_FOLDERS}


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path, known: set[str]) -> set[str]:
    """Modules of the house that a file imports, wherever in it."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {full if (full := f"{node.module}.{a.name}") in known else node.module for a in node.names}
    return (names & known) - {module(path)}


def test_no_import_goes_in_a_circle() -> None:
    known = {module(path) for path in SOURCES}
    graph = {module(path): imported(path, known) for path in SOURCES if path.name != "__init__.py"}
    graph = {name: {other for other in others if other in graph} for name, others in graph.items()}
    TopologicalSorter(graph).prepare()  # a CycleError names the modules of a circle


def test_no_file_shadows_a_room() -> None:
    for name in ("models", "explainers"):
        assert not (ROOT / "dashboard" / f"{name}.py").exists(), "Streamlit puts dashboard/ first on sys.path"


def test_pictures_in_the_project_are_our_own() -> None:
    """Icons and the README's screenshots only: photos are read from scikit-image's package."""
    ends = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".npz", ".npy")
    homes = ("dashboard/assets/", "dashboard/static/", "docs/")
    assert not [name for name in tracked() if name.lower().endswith(ends) and not name.startswith(homes)]


def test_weights_stay_small() -> None:
    sizes = {name: (ROOT / name).stat().st_size for name in tracked() if (ROOT / name).is_file()}
    assert sum(size for name, size in sizes.items() if name.endswith(".safetensors")) < 26_000_000
    assert not {name: size for name, size in sizes.items() if size > 8_000_000}


def test_contributing_and_readme_stay_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) <= 45
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150
