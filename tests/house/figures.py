"""`make house`: the figures of the house, printed and written into docs/developer.md.

Each is a number that a reader feels: how many modules a folder shows at once, how long a chain of
imports is, how many words are our own. `tests/house/test_budgets.py` holds the limits.
"""

import ast
import inspect
import io
import json
import os
import re
import statistics
import tokenize
from collections import Counter
from collections.abc import Iterator

import django
from django.utils.module_loading import import_string

from tests.house.imports import circles, floors, module_graph, subpackage_graph
from tests.house.source import ROOT, Source, files, length
from tests.house.vocabulary import count_words, narrative_share

PACKAGES = ("admin_site", "audit", "bulk", "operations")
PAGE = ROOT / "docs" / "developer.md"
BEFORE = ROOT / "tests" / "house" / "figures_before.json"


def modules_per_folder() -> Counter[str]:
    """How many modules each folder of `backoffice/` holds, migrations and `__init__` left out."""
    return Counter(
        str(source.path.parent.relative_to(ROOT))
        for source in files("backoffice")
        if source.path.name != "__init__.py"
    )


def comment_share() -> float:
    """Comments per 100 lines of `backoffice/`; those that only silence a linter do not count."""
    sources = files("backoffice")
    return 100 * sum(map(_comments, sources)) / sum(source.lines for source in sources)


def _comments(source: Source) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(source.path.read_text("utf-8")).readline)
    return sum(
        token.type == tokenize.COMMENT and not re.match(r"#\s*(noqa|type:|pragma)", token.string)
        for token in tokens
    )


def comment_lines() -> int:
    """Lines of `backoffice/` that are nothing but a comment."""
    texts = (source.path.read_text("utf-8") for source in files("backoffice"))
    return sum(line.lstrip().startswith("#") for text in texts for line in text.splitlines())


def function_lengths() -> tuple[float, int]:
    """Median and 99th percentile of the lines of a function, its docstring left out."""
    lengths = sorted(length(f) for source in files("backoffice") for f in source.functions())
    return statistics.median(lengths), lengths[int(len(lengths) * 0.99)]


def model_admin_lengths() -> dict[str, int]:
    """Lines of every ModelAdmin of ours, wherever it stands, its docstring left out."""
    model_admin = import_string("django.contrib.admin.ModelAdmin")  # needs the apps to be ready
    return {
        f"{cls.__module__}.{cls.__qualname__}": _class_length(cls)
        for cls in set(_subclasses(model_admin))
        if cls.__module__.startswith("backoffice.")
    }


def _subclasses(cls: type) -> Iterator[type]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _class_length(cls: type) -> int:
    node = ast.parse(inspect.cleandoc("\n" + inspect.getsource(cls))).body[0]
    assert isinstance(node, ast.ClassDef)
    return length(node)


def written_lines() -> Counter[str]:
    """Lines of Python in each package of `backoffice/`, migrations left out."""
    lines: Counter[str] = Counter()
    for source in files("backoffice"):
        parts = source.path.relative_to(ROOT / "backoffice").parts
        if source.lines:
            lines["/".join(parts[:2]) if parts[0] == "apps" else parts[0]] += source.lines
    return lines


def report() -> Iterator[tuple[str, str]]:
    """Every figure with its name."""
    fullest, most = modules_per_folder().most_common(1)[0]
    yield "Modules in the fullest folder", f"{most} (`{fullest}`)"
    for package in PACKAGES:
        graph = subpackage_graph(f"backoffice/{package}")
        arrows = sum(map(len, graph.values()))
        yield f"Rooms, arrows, floors of {package}", f"{len(graph)}, {arrows}, {floors(graph)}"
    graph = module_graph("backoffice")
    yield "Circles between modules, annotations counted", str(len(circles(graph)))
    counts = count_words([source.tree for source in files("backoffice")])
    yield "Narrative words per 1,000 words of identifiers", f"{narrative_share(counts):.1f}"
    yield "Comments per 100 lines", f"{comment_share():.1f}"
    median, high = function_lengths()
    yield "Lines of a function: median, 99th percentile", f"{median:g}, {high}"
    longest, lines = max(model_admin_lengths().items(), key=lambda item: item[1])
    yield "Lines of the longest ModelAdmin", f"{lines} (`{longest.rpartition('.')[2]}`)"
    written = written_lines()
    yield "Lines written by hand in `backoffice/`", f"{written.total():,}"
    yield "Of them, lines that are a comment", f"{comment_lines():,}"
    for package in ("settings", *PACKAGES, *(name for name in sorted(written) if "/" in name)):
        yield f"Lines of {package}", f"{written[package]:,}"


def transitions_table() -> str:
    """The states of an import with those that may follow, as `batch_state.py` has them."""
    # Needs the apps to be ready.
    transitions = import_string("backoffice.bulk.models.batch_state.TRANSITIONS")
    lines = (
        f"| `{state}` | {state.label} | {', '.join(following) or 'nothing'} |"
        for state, following in transitions.items()
    )
    return "\n".join(["| state | on screen | may be followed by |", "|---|---|---|", *lines])


def write_into_page(rows: list[tuple[str, str]]) -> None:
    """Put figures, beside those of the old house, and states where docs/developer.md has places."""
    before = json.loads(BEFORE.read_text("utf-8"))
    lines = (f"| {name} | {before.get(name, '')} | {value} |" for name, value in rows)
    table = "\n".join(["| figure | before | now |", "|---|---|---|", *lines])
    text = PAGE.read_text("utf-8")
    for name, content in (("make house", table), ("states", transitions_table())):
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text = place.sub(lambda match, content=content: f"{match[1]}{content}\n{match[2]}", text)
    PAGE.write_text(text, "utf-8")


def main() -> None:
    """Print the figures and write them into the page for developers."""
    os.environ["DJANGO_ENV"] = "test"
    os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    django.setup()
    rows = list(report())
    width = max(len(name) for name, _value in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
    write_into_page(rows)


if __name__ == "__main__":
    main()
