"""The import batch, its issues, deliveries of several files, mappings and workers."""

from backoffice.bulk.models.assessment_mapping import AssessmentMapping
from backoffice.bulk.models.batch import (
    Batch,
    BatchQuerySet,
    most_changed,
    most_withdrawn,
    stored_name,
)
from backoffice.bulk.models.batch_run import BatchRun
from backoffice.bulk.models.correction import Correction
from backoffice.bulk.models.delivery import Delivery
from backoffice.bulk.models.header_mapping import HeaderMapping
from backoffice.bulk.models.issue import BatchIssue
from backoffice.bulk.models.sheet_of_row import SheetOfRow
from backoffice.bulk.models.value_mapping import ValueMapping
from backoffice.bulk.models.worker import Worker

__all__ = [
    "AssessmentMapping",
    "Batch",
    "BatchIssue",
    "BatchQuerySet",
    "BatchRun",
    "Correction",
    "Delivery",
    "HeaderMapping",
    "SheetOfRow",
    "ValueMapping",
    "Worker",
    # Migrations name these three here.
    "most_changed",
    "most_withdrawn",
    "stored_name",
]
