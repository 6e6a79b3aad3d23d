"""Small functions, small files: the budgets of the house."""

import statistics

from tests.house.figures import model_admin_lengths
from tests.house.source import files, length

FOLDERS = ("backoffice", "benchmarks")


def test_functions_are_short():
    lengths = sorted(length(f) for source in files(*FOLDERS) for f in source.functions())
    assert statistics.median(lengths) <= 8
    assert lengths[int(len(lengths) * 0.99)] <= 50


def test_files_are_short():
    too_long = {
        source.name: source.lines
        for source in files("backoffice", "benchmarks", "tests")
        if source.lines > (600 if "models" in source.name else 400)
    }
    assert not too_long


def test_model_admins_are_short():
    too_long = {name: lines for name, lines in model_admin_lengths().items() if lines > 80}
    assert not too_long


def test_commands_are_one_screenful():
    too_long = {
        source.name: source.lines
        for source in files("backoffice")
        if "commands" in source.path.parts and source.lines > 100
    }
    assert not too_long
