"""Laws of the house that a program can check."""

import ast
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from backoffice.bulk.kinds.resource import kinds
from tests.house.source import ROOT, files, texts
from tests.house.vocabulary import words_of

VAGUE = {"services.py", "utils.py", "helpers.py", "signals.py"}
VAGUE_FOLDERS = {"common", "core", "utils", "helpers"}
MACHINE_PATHS = re.compile(r"(?<![\w.])(/work/|\.library\b|/home/[a-z])")
EMPTY_WORDS = {
    "a",
    "an",
    "and",
    "are",
    "by",
    "for",
    "in",
    "is",
    "it",
    "of",
    "on",
    "or",
    "the",
    "to",
}
# Django calls these, and says what they may raise.
HOOKS = {"handle", "clean", "check", "validate", "dispatch", "ready"}
OUR_APPS = ("users", "courses", "assessments", "communications", "audit", "bulk", "operations")


def test_a_module_is_named_after_what_it_holds():
    for source in files("backoffice", "tests", "benchmarks"):
        assert source.path.name not in VAGUE
        assert not VAGUE_FOLDERS & set(source.path.relative_to(ROOT).parts)


def test_nothing_is_imported_inside_a_function():
    imports = [
        f"{source.name}:{inner.lineno}"
        for source in files("backoffice", "tests", "benchmarks")
        for function in source.functions()
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert not imports


def test_everything_we_write_is_annotated():
    bare = [
        f"{source.name}:{function.lineno} {function.name}"
        for source in files("backoffice", "benchmarks")
        for function in source.functions()
        if function.returns is None
        or any(
            each.annotation is None
            for each in [*function.args.args, *function.args.kwonlyargs]
            if each.arg not in ("self", "cls")
        )
    ]
    assert not bare


def test_modules_classes_and_what_others_call_say_what_they_are_for():
    called = _names_that_other_packages_import()
    silent = [
        f"{source.name}:{node.name}"
        for source in files("backoffice", "benchmarks")
        for node in source.tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and not node.name.startswith("_")
        and (isinstance(node, ast.ClassDef) or (source.module, node.name) in called)
        and not ast.get_docstring(node)
    ]
    assert not silent
    assert not [s.name for s in files("backoffice") if s.lines and not ast.get_docstring(s.tree)]


def test_what_raises_says_so():
    silent = [
        f"{source.name}:{function.lineno} {function.name}"
        for source in files("backoffice")
        for function in source.functions()
        if not function.name.startswith("_")
        and function.name not in HOOKS
        and not ast.get_docstring(function)
        and any(isinstance(node, ast.Raise) and node.exc for node in ast.walk(function))
    ]
    assert not silent


def test_no_docstring_only_repeats_its_name():
    idle = [
        f"{source.name}:{node.lineno} {node.name}"
        for source in files("backoffice", "benchmarks")
        for node in [*source.functions(), *source.classes()]
        if (text := ast.get_docstring(node))
        and {_stem(word) for word in re.findall(r"[a-z]+", text.lower())} - EMPTY_WORDS
        <= {_stem(word) for word in words_of(node.name)}
    ]
    assert not idle


def _names_that_other_packages_import() -> set[tuple[str, str]]:
    return {
        (node.module or "", alias.name)
        for source in files("backoffice")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom)
        and _package(node.module or "") != _package(source.module)
        for alias in node.names
    }


def _package(module: str) -> str:
    """`backoffice.bulk.plan.writer` is of bulk, `backoffice.apps.users.admin` of apps.users."""
    parts = module.split(".")[1:]
    return ".".join(parts[: 2 if parts[:1] == ["apps"] else 1])


def _stem(word: str) -> str:
    return word.removesuffix("s")


def test_apps_name_the_rows_of_an_import_by_its_vocabulary():
    """Aliases are the engine's; a kind says `cell("score")`, `stored("status")`, see sql_names."""
    aliases = re.compile(
        r"\b(s\.c_|s\.row_no|t\.[a-z]|p\.fk_|np\.|w\.row_id|v\.[a-z]|r_[a-z]+\.)|\{now\}"
    )
    typed = [
        f"{source.name}:{node.lineno} {node.value}"
        for source in files("backoffice/apps")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if source.path.name in ("resources.py", "grade_import.py", "rubric_import.py")
        if aliases.search(node.value)
    ]
    assert not typed


def test_threads_of_our_own_give_their_connections_back():
    for source in files("backoffice"):
        if source.path.name != "threads.py":
            assert "threading.Thread(" not in source.path.read_text("utf-8"), source.name


def test_no_file_names_the_machine_it_was_written_on():
    named = [
        str(path)
        for path in texts()
        if path != Path(__file__) and MACHINE_PATHS.search(path.read_text("utf-8", errors="ignore"))
    ]
    assert not named


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_migrations_are_named():
    for label in OUR_APPS:
        folder = Path(apps.get_app_config(label).path) / "migrations"
        for path in folder.glob("0*.py"):
            assert "_auto_" not in path.name
            # The first has Django's name; audit and courses need two, as users stands between.
            most = 2 if label in ("audit", "courses") else 1
            assert not path.name.endswith("_initial.py") or int(path.name[:4]) <= most


def test_every_kind_names_only_fields_its_model_has():
    assert set(kinds) == {
        *("users", "change_sis_id", "courses", "enrollments", "assessments", "grades", "rubrics"),
    }
    for resource in kinds.values():
        for column in resource.columns().values():
            assert column.model_field(resource.model()) is not None


def test_no_second_driver_of_postgresql_is_installed():
    with pytest.raises(PackageNotFoundError):
        version("psycopg")


def test_every_dependency_is_pinned():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            required = line.partition("#")[0].strip()
            if required and not required.startswith("-r "):
                assert re.fullmatch(r"[\w.-]+==[\w.]+", required), line
                assert "#" in line, f"{required} without its reason"


@pytest.mark.parametrize("command", [["ruff", "check", "."], ["importlinter.cli"]])
def test_the_linters_are_content(command):
    if command[0] == "ruff":
        done = [sys.executable, "-m", *command]
    else:
        code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
        done = [sys.executable, "-c", code]
    result = subprocess.run(done, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:]
