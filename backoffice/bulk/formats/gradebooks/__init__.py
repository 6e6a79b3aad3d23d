"""Gradebooks of other systems: what each maker writes, and what its columns stand for here."""

from backoffice.bulk.formats.gradebooks.blackboard import BlackboardGrades
from backoffice.bulk.formats.gradebooks.brightspace import BrightspaceGrades
from backoffice.bulk.formats.gradebooks.canvas import CanvasGradebook, assignment_code
from backoffice.bulk.formats.gradebooks.edx import EdxOverrides
from backoffice.bulk.formats.gradebooks.gradescope import GradescopeGrades
from backoffice.bulk.formats.gradebooks.meanings import MappedTable
from backoffice.bulk.formats.gradebooks.moodle_grades import MoodleGrades
from backoffice.bulk.formats.gradebooks.nbgrader import NbgraderGrades
from backoffice.bulk.formats.gradebooks.prairielearn import (
    PrairieLearnGradebook,
    PrairieLearnInstances,
    PrairieLearnScores,
)
from backoffice.bulk.formats.gradebooks.wide import AssessmentColumn, Gradebook, Learner

GRADEBOOKS = (
    CanvasGradebook,
    EdxOverrides,
    MoodleGrades,
    GradescopeGrades,
    BrightspaceGrades,
    BlackboardGrades,
    NbgraderGrades,
    PrairieLearnGradebook,
    PrairieLearnInstances,
    PrairieLearnScores,
)

__all__ = [
    "GRADEBOOKS",
    "AssessmentColumn",
    "CanvasGradebook",
    "EdxOverrides",
    "Gradebook",
    "Learner",
    "MappedTable",
    "assignment_code",
]
