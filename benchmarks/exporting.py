"""Exports: the product's, a bare COPY of the same query, and django-import-export's own."""

import tempfile
from pathlib import Path

from django.db import connection

from backoffice.apps.users.models import Enrollment
from backoffice.bulk.export.csv_export import write_csv
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.export.xlsx_export import write_workbook
from backoffice.bulk.kinds.resource import kinds
from benchmarks.measuring import Cost, measured
from benchmarks.stock import StockResource


def product() -> Cost:
    """All enrollments into a CSV file."""
    with tempfile.TemporaryFile("w+b") as stream, measured() as cost:
        write_csv(Selection.of_all(kinds["enrollments"]), stream)
    return cost


def workbook() -> Cost:
    """All enrollments into an Excel file."""
    with tempfile.TemporaryFile("w+b") as stream, measured() as cost:
        write_workbook(Selection.of_all(kinds["enrollments"]), stream)
    return cost


def bare() -> Cost:
    """The same query, as Django writes it, by COPY into a file and nothing else."""
    selection = Selection.of_all(kinds["enrollments"])
    paths = [column.attribute for column in selection.columns]
    sql, params = selection.ordered.values_list(*paths).query.sql_with_params()
    with tempfile.TemporaryFile("w+b") as stream, measured() as cost, connection.cursor() as cursor:
        query = cursor.mogrify(sql, params).decode()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER)", stream)
    return cost


def stock(folder: Path, rows: int) -> Cost:
    """Some rows through the library's export, as its admin page makes a CSV file of them."""
    with measured() as cost:
        data = StockResource().export(queryset=Enrollment.objects.all()[:rows])
        (folder / "stock.csv").write_text(data.export("csv"), encoding="utf-8")
    return cost
