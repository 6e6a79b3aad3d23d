"""Who imports whom in a package, and what follows from it: rooms, arrows, floors, circles.

A room is a folder of the package, or a module that stands in none. Imports for annotations only
(`if TYPE_CHECKING`) count like all others.
"""

import ast
from collections import defaultdict
from graphlib import TopologicalSorter

from tests.house.source import files

Graph = dict[str, set[str]]


def module_graph(folder: str) -> Graph:
    """The modules below a folder, each with those of them it imports."""
    sources = {source.module: source for source in files(folder)}
    graph: Graph = {name: set() for name in sources}
    for name, source in sources.items():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                inside = {f"{node.module}.{alias.name}" for alias in node.names}
                graph[name] |= ((inside & sources.keys()) or {node.module}) & sources.keys()
            elif isinstance(node, ast.Import):
                graph[name] |= {alias.name for alias in node.names} & sources.keys()
        graph[name].discard(name)
    return graph


def subpackage_graph(folder: str) -> Graph:
    """The subpackages of a package, each with those it imports."""
    package = folder.replace("/", ".")
    subpackages: defaultdict[str, set[str]] = defaultdict(set)
    for name, imported in module_graph(folder).items():
        here = _subpackage(name, package)
        subpackages[here] |= {_subpackage(each, package) for each in imported}
    return {subpackage: arrows - {subpackage} for subpackage, arrows in subpackages.items()}


def _subpackage(module: str, package: str) -> str:
    return module.removeprefix(package).removeprefix(".").partition(".")[0]


def circles(graph: Graph) -> list[list[str]]:
    """Groups of names that import each other in a circle, however long the way round is."""
    reached = {name: _reachable(graph, name) for name in graph}
    groups = {
        frozenset(other for other in graph if other in reached[name] and name in reached[other])
        for name in graph
    }
    return sorted(sorted(group) for group in groups if group)


def _reachable(graph: Graph, start: str) -> set[str]:
    reached: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += graph[name]
    return reached


def floors(graph: Graph) -> int:
    """The longest chain of names that import each other; a circle counts as one of them."""
    member = {name: group[0] for group in circles(graph) for name in group}
    condensed: defaultdict[str, set[str]] = defaultdict(set)
    for name, imported in graph.items():
        here = member.get(name, name)
        condensed[here] |= {member.get(each, each) for each in imported} - {here}
    height: dict[str, int] = {}
    for name in TopologicalSorter(condensed).static_order():
        height[name] = 1 + max((height[each] for each in condensed[name]), default=0)
    return max(height.values())
