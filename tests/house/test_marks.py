"""Marks are Decimal from end to end: no float touches one, and one parser reads them."""

import ast
import re

import pytest
from django import forms
from django.apps import apps
from django.contrib import admin
from django.db import models

from backoffice.admin_site.models.points import PointsField, PointsFormField
from tests.house.source import ROOT, Source, files

OF_MARKS = (
    "backoffice/apps/assessments",
    "backoffice/apps/users",
    "backoffice/admin_site/models",
    "backoffice/audit/admin_kit",
    "backoffice/audit/reports",
    "backoffice/bulk/values",
    "backoffice/bulk/export/gradebooks.py",
)
WITH_MARKS = ("backoffice/apps/assessments",)
# Floats are made there; SQLite's averages are floats too.
FLOATING = {"FloatField", "Avg", "StdDev", "Variance", "Sqrt", "Power", "math", "statistics"}
FLOATING_TAGS = re.compile(r"\{%\s*widthratio\b")


def sources(places: tuple[str, ...]) -> list[Source]:
    return [source for source in files("backoffice") if source.name.startswith(places)]


def named_in(source: Source) -> list[tuple[int, str]]:
    named = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name):
            named.append((node.lineno, node.id))
        elif isinstance(node, ast.Attribute):
            named.append((node.lineno, node.attr))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            named += [(node.lineno, alias.name) for alias in node.names]
            named += [(node.lineno, getattr(node, "module", None) or "")]
    return named


def made_floats(source: Source) -> list[int]:
    """The lines on which a float is made: `float(…)`, `from_float(…)`, 0.5."""
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    made = [call.lineno for call in calls if "float" in ast.unparse(call.func).split(".")]
    made += [call.lineno for call in calls if ast.unparse(call.func).endswith("from_float")]
    constants = [node for node in ast.walk(source.tree) if isinstance(node, ast.Constant)]
    return made + [each.lineno for each in constants if isinstance(each.value, float)]


def test_no_float_is_made_where_marks_are():
    found = [
        f"{source.name}:{line}"
        for source in sources(OF_MARKS)
        for line in made_floats(source)
        if "/demo/" not in source.name  # where floats are chances and days
    ]
    assert not found


def test_nothing_that_calculates_with_floats_is_named_where_marks_are():
    found = [
        f"{source.name}:{line} {name}"
        for source in sources(WITH_MARKS)
        for line, name in named_in(source)
        if name in FLOATING
    ]
    assert not found


def test_no_template_calculates_with_marks():
    found = [
        path.name
        for path in sorted((ROOT / "backoffice/apps/assessments").rglob("*.html"))
        if FLOATING_TAGS.search(path.read_text("utf-8"))
    ]
    assert not found


def test_the_law_sees_a_float():
    tree = ast.parse("a = float(b)\nc = d * 0.5\ne = Decimal.from_float(f)\nx = math.fsum(y)")
    source = Source(ROOT / "seen.py", tree, 4)
    assert sorted(made_floats(source)) == [1, 2, 3]
    assert "math" in {name for _line, name in named_in(source)}


@pytest.mark.parametrize("label", ["assessments", "courses", "users", "communications"])
def test_every_number_with_decimals_is_read_by_the_one_parser(label):
    fields = [
        field
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, models.DecimalField | models.FloatField)
    ]
    assert not [field for field in fields if not isinstance(field, PointsField)]
    for field in fields:
        assert isinstance(field.formfield(), PointsFormField)
        assert field.deconstruct()[1] == "django.db.models.DecimalField"
        assert (field.get_internal_type(), field.decimal_places) == ("DecimalField", 2)


def test_every_dialog_reads_points_by_the_one_parser():
    found = [
        f"{model.__name__}.{action} {name}"
        for model, page in admin.site._registry.items()
        for action in getattr(page, "row_actions", ())
        for name, field in getattr(page, action).row_action.form.base_fields.items()
        if isinstance(field, forms.DecimalField | forms.FloatField)
        and not isinstance(field, PointsFormField)
    ]
    assert not found
