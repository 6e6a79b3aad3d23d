"""Several reviews assigned at once: pairs of reviewer and author, from two columns of text.

Every line that is wrong says so; nothing is written before all of them are right.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.apps.assessments.desk.names import are_names_known
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission, PeerReview
from backoffice.apps.assessments.models.participants import participant_name
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.record.bulk_create import create_all

MOST_LINES, MOST_SHOWN = 2_000, 200
HEADS = {("reviewer", "author"), ("reviewer", "work"), ("reviewer", "student")}
People = dict[str, list[Any]]


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


def people_named(assessment: Assessment, user: Any, texts: Iterable[str]) -> People:
    """The people whom these texts mean, by the folded text: the one lookup of the pairs.

    By student ID, username, e-mail or full name, of all whom the person sees. Where names are
    unknown they find nobody: whoever is found would say whose work it is.
    """
    sought = {folded(text) for text in texts}
    matches: People = defaultdict(list)
    if not are_names_known(assessment.pk):
        return matches
    enrolled = Enrollment._base_manager.filter(course=assessment.course_id).values("student")
    exact = [text.strip() for text in texts]
    # Of the course by whatever they are called; of others by what nobody else is called.
    is_sought = Q(pk__in=enrolled) | Q(username__in=exact) | Q(student_id__in=exact)
    is_sought |= Q(email__in=sought)
    for one in User.objects.visible_to(user).filter(is_sought).distinct():
        called = (one.student_id or "", one.username, one.email, one.get_full_name())
        for name in {folded(each) for each in called} & sought:
            matches[name].append(one)
    return matches


@dataclass
class PairLine:
    """A line as it was pasted, what it means, and what is wrong with it."""

    number: int
    text: str
    cells: list[str]
    reviewer: Any = None
    author: Any = None
    submission: Any = None
    errors: list[str] = field(default_factory=list)

    @property
    def reviewer_name(self) -> str:
        return participant_name(self.reviewer, self.submission.assessment_id)

    @property
    def author_name(self) -> str:
        return participant_name(self.author, self.submission.assessment_id)

    @property
    def has_two_columns(self) -> bool:
        return len(self.cells) == 2 and all(self.cells)


class PairList:
    """The pairs of a pasted text, checked; one is right when none has an error."""

    def __init__(self, assessment: Assessment, user: Any, text: str) -> None:
        self.assessment, self.user = assessment, user
        self.lines = list(_lines_in(text))
        self.general: list[str] = []
        if len(self.lines) > MOST_LINES:
            message = _("These are %(count)d lines. Paste at most %(most)d at once.")
            self.general.append(message % {"count": len(self.lines), "most": MOST_LINES})
            self.lines = []
        elif not self.lines:
            self.general.append(_("Paste at least one line: the reviewer, then the author."))
        self._check()

    @property
    def is_right(self) -> bool:
        return not self.general and not self.wrong

    @property
    def listed(self) -> list[PairLine]:
        return self.lines[:MOST_SHOWN]

    @property
    def wrong(self) -> list[PairLine]:
        return [line for line in self.lines if line.errors]

    @cached_property
    def people(self) -> People:
        return people_named(self.assessment, self.user, {c for ln in self.lines for c in ln.cells})

    def _check(self) -> None:
        for line in self.lines:
            if line.has_two_columns:
                line.reviewer, line.author = (self._person(line, text) for text in line.cells)
            else:
                line.errors.append(_("Write two columns: the reviewer, then the author, with a "
                                     "tab, a comma or a semicolon between them."))  # fmt: skip
        self._check_students()
        self._check_work()
        self._check_pairs()

    def _person(self, line: PairLine, text: str) -> Any:
        matches = self.people.get(folded(text), [])
        if len(matches) == 1:
            return matches[0]
        if matches:
            message = _("“%(value)s” may be one of %(count)d people. Write the student ID.")
        else:
            message = _("“%(value)s” is nobody known here. Write a student ID, a username, an "
                        "e-mail address or a full name.")  # fmt: skip
        line.errors.append(message % {"value": text, "count": len(matches)})
        return None

    def _check_students(self) -> None:
        """The rule of the model, asked of all reviewers at once."""
        keys = {line.reviewer.pk for line in self.lines if line.reviewer}
        taking = Enrollment._base_manager.filter(
            PeerReview.presence_rules[0].among, course=self.assessment.course_id, student__in=keys
        )
        students = set(taking.values_list("student", flat=True))
        for line in self.lines:
            if line.reviewer and line.reviewer.pk not in students:
                message = _("“%(value)s” is no student of this course, or has withdrawn from it. "
                            "Choose a reviewer who takes it.")  # fmt: skip
                line.errors.append(message % {"value": line.cells[0]})

    def _check_work(self) -> None:
        keys = {line.author.pk for line in self.lines if line.author}
        rows = AssessmentSubmission.objects.visible_to(self.user).filter(
            assessment=self.assessment, student__in=keys
        )
        handed_in = rows.exclude(status=AssessmentSubmission.Status.IN_PROGRESS)
        # The last one of each is the newest attempt.
        works = {row.student_id: row for row in handed_in.order_by("attempt", "pk").defer("text")}
        for line in self.lines:
            if line.author is None:
                continue
            line.submission = works.get(line.author.pk)
            if line.submission is None:
                message = _("“%(value)s” has handed in nothing for this assessment. Take the line "
                            "away until there is work.")  # fmt: skip
                line.errors.append(message % {"value": line.cells[1]})

    def _check_pairs(self) -> None:
        pairs = [line for line in self.lines if line.reviewer and line.submission]
        stored = set(
            PeerReview._base_manager.filter(
                submission__in={line.submission.pk for line in pairs}
            ).values_list("submission", "reviewer")
        )
        first: dict[tuple[int, int], int] = {}
        for line in pairs:
            pair = (line.submission.pk, line.reviewer.pk)
            number = first.setdefault(pair, line.number)
            if line.reviewer.pk == line.author.pk:
                line.errors.append(_("Nobody reviews their own work. Choose another reviewer."))
            elif number != line.number:
                message = _("Line %(number)d has this pair already. Take one of the two away.")
                line.errors.append(message % {"number": number})
            elif pair in stored:
                message = _("%(reviewer)s reviews this work already. Take the line away.")
                name = participant_name(line.reviewer, self.assessment.pk)
                line.errors.append(message % {"reviewer": name})


def _lines_in(text: str) -> Iterator[PairLine]:
    """The lines that say something, each with its number; a head is none."""
    is_first = True
    for number, line in enumerate(text.replace("\0", "").splitlines(), 1):
        if not line.strip():
            continue
        cells = [cell.strip().strip('"').strip() for cell in _cells(line)]
        if not is_first or tuple(map(folded, cells)) not in HEADS:
            yield PairLine(number, line.strip()[:200], cells)
        is_first = False


def _cells(line: str) -> list[str]:
    """The columns of a line, divided by the first of tab, semicolon and comma that it has."""
    for mark in ("\t", ";", ","):
        if mark in line:
            return line.split(mark)
    return [line]


def make_pairs(
    assessment: Assessment, user: Any, text: str, due_date: datetime | None
) -> tuple[PairList, int]:
    """Assign all pairs of a text, or none; how many were made."""
    with transaction.atomic():
        pairs = PairList(assessment, user, text)
        if not pairs.is_right:
            return pairs, 0
        rows = create_all(
            PeerReview(
                submission=line.submission,
                reviewer=line.reviewer,
                author=line.author,
                due_date=due_date,
            )
            for line in pairs.lines
        )
    return pairs, len(rows)
