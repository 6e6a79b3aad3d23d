"""Who may do what: the one table, and the questions everyone asks of it.

A cell holds grants, divided by ";": letters (`VERBS`), then the scope in which they hold: * all
rows, "own" the person's own courses, and the special ones of `visibility.SCOPES`. What is not in
the table is refused. A superuser is a break-glass account and may do everything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from django.apps import apps
from django.db import models

if TYPE_CHECKING:  # models can be imported only after all apps are loaded
    from django.contrib.auth.models import AbstractUser, AnonymousUser

# Whoever asks: an account, or nobody who has logged in.
Actor: TypeAlias = "AbstractUser | AnonymousUser"

ROLES = ("admin", "registrar", "instructor", "assistant", "auditor")
ADMIN, REGISTRAR, INSTRUCTOR, ASSISTANT, AUDITOR = ROLES
STUDENT = "student"
SUPERUSER = "superuser"
GROUP_NAMES = {role: role for role in ROLES} | {ASSISTANT: "teaching assistant"}
VERBS = {
    "V": "view",
    "A": "add",
    "C": "change",
    "D": "delete",
    "I": "import",
    "E": "export",
    "G": "grade",
    "R": "revert",
    "H": "history",
    "L": "moderate",  # lock, pin and hide what others wrote
    "P": "approve",  # what somebody else asked for
    "O": "reopen",  # a final grade
    "B": "break_glass",  # ask for leave to read another's message
    "F": "finalize",  # a grade
    "S": "confirm",  # that somebody holds the account that others set something of
}

Row = dict[str, str]


def row(*cells: str) -> Row:
    """One line of the table: a cell for each of `ROLES`, in their order."""
    return dict(zip(ROLES, cells, strict=True))


_CONTENT = row("VACDRH *", "V *", "VACDRH own", "VC own", "VH *")
_PROGRESS = row("VH *", "VE *", "VE own", "V own", "VEH *")
_RUBRIC = row("VH *", "", "VACIREH own", "V own", "VH *")
_REVIEW = row("VH *", "", "VACEH own", "V own", "VH *")
_FORUM = row("VACDLH *", "", "VALH own", "VAL own", "VH *")
_CHAT = row("VACDH *", "", "VACD own", "V own", "VH *")

TABLE: dict[str, Row] = {
    "users.user": row("VACHS *", "VCIEH students", "V own", "V own", "VEH *"),
    # They come and go with the files that change student IDs.
    "users.formerstudentid": row("VH *", "VIH students", "V own", "V own", "VH *"),
    # Django's own terms for what this table says; they follow the role by themselves.
    "users.groupmembership": row("VH *", "", "", "", "VH *"),
    "users.permissiongrant": row("VH *", "", "", "", "VH *"),
    "users.profile": row("VCH *", "VCIE students", "V own", "V own", "VH *"),
    "users.enrollment": row("VACIERH *", "VACIERH *", "VEH own", "V own", "VEH *"),
    # Files alone write them, with the enrollments that they are part of.
    "users.sectionmembership": row("VIH *", "VIH *", "VH own", "V own", "VH *"),
    "courses.course": row("VACDERH *", "VACIEH *", "VCEH own", "V own", "VEH *"),
    "courses.coursemodule": _CONTENT,
    "courses.lesson": _CONTENT,
    # A tag is the whole school's: an instructor may bring one in, not change what others use.
    "courses.coursetag": row("VACDRH *", "V *", "VA *", "V *", "VH *"),
    "courses.coursetagging": _CONTENT,
    "courses.lessonprogress": _PROGRESS,
    "courses.courseprogress": _PROGRESS,
    "assessments.assessment": row("VCH *", "VI *", "VACDREH own", "V own; C draft", "VEH *"),
    "assessments.question": row("VH *", "", "VACDREH own", "V own", "VH *"),
    "assessments.assessmentsubmission": row(
        "VEHO *", "VI *", "VEGRHFO own", "V own; G open", "VEH *"
    ),
    "assessments.questionresponse": row("VH *", "", "VG own", "V own; G open", "VH *"),
    "assessments.gradingrubric": _RUBRIC,
    "assessments.rubriccriterion": _RUBRIC,
    "assessments.rubriclevel": _RUBRIC,
    "assessments.criterionscore": row("VH *", "", "VAG own", "V own; AG open", "VH *"),
    "assessments.peerreview": _REVIEW,
    "assessments.peerreviewscore": _REVIEW,
    "communications.forum": _FORUM,
    "communications.forumtopic": _FORUM,
    "communications.forumpost": _FORUM,
    # Who, when and how long; what is in a message, its parties alone read (see letters.py).
    "communications.directmessage": row("VB *", "", "VA party", "VA party", "V *"),
    "communications.announcement": row("VACDH *", "VAC authored", "VACD own", "V own", "VH *"),
    "communications.chatroom": _CHAT,
    "communications.chatmember": _CHAT,
    "communications.chatmessage": row("VH *", "", "V own", "V own", "VH *"),
    "bulk.batch": row("VAP *", "VA uploaded; VP held", "VA uploaded", "", "V *"),
    "bulk.delivery": row("V *", "V uploaded", "V uploaded", "", "V *"),
    # What the school's own headers and values stand for is the whole school's.
    "bulk.headermapping": row("VACDRH *", "VACDRH *", "", "", "VH *"),
    "bulk.valuemapping": row("VACDRH *", "VACDRH *", "", "", "VH *"),
    # What the columns of a gradebook are, a course says.
    "bulk.assessmentmapping": row("VACDRH *", "VACDRH *", "VACDRH own", "", "VH *"),
    "audit.changeset": row("VHE *", "", "", "", "VHE *"),
    "audit.approval": row("VP *", "VP merging", "", "", "V *"),
    "audit.accessrecord": row("V *", "", "", "", "VE *"),
    # Which courses: those where the person reads the history of what the page shows.
    "page.roster-as-of": row("V *", "V *", "V own", "", "V *"),
    "page.gradebook-as-of": row("V *", "", "V own", "", "V *"),
    # Pages that show no row.
    "page.health": row("V *", "V *", "", "", "V *"),
    "page.pool": row("V *", "", "", "", "V *"),
    "page.seal": row("V *", "", "", "", "V *"),
    # They tell of everybody and of every course; others read the history of their own rows.
    "page.timeline": row("V *", "", "", "", "V *"),
    "page.record": row("V *", "", "", "", "V *"),
    "page.unusual": row("V *", "", "", "", "V *"),
}

# Where a role sees only these fields of a model, on whatever page. Absent: all of them.
_NAMED = {"username", "first_name", "last_name", "student_id", "former_student_ids"}
VISIBLE: dict[str, dict[str, set[str]]] = {
    "users.user": {INSTRUCTOR: _NAMED | {"email"}, ASSISTANT: _NAMED},
    "assessments.assessmentsubmission": {
        REGISTRAR: {"assessment", "student", "attempt", "status", "is_late", "submitted_at"}
    },
    "communications.chatmessage": {
        AUDITOR: {"room", "author", "is_hidden", "sent_at", "edited_at"}
    },
}

# Where a role changes only these fields of what it may change. Absent: all of them.
CHANGED: dict[str, dict[str, set[str]]] = {
    "users.user": {
        REGISTRAR: {
            *("first_name", "last_name", "email", "student_id", "graduation_year"),
            *("specialization", "language", "timezone", "is_active"),
        }
    },
    "courses.course": {
        INSTRUCTOR: {
            *("short_description", "description", "learning_objectives"),
            *("prerequisites", "starts_on", "ends_on"),
        }
    },
    # A draft becomes one, and stops being one, by the instructor's hand.
    "assessments.assessment": {
        ASSISTANT: {
            *("code", "title", "description", "assessment_type", "weight", "max_score"),
            *("passing_score", "grading_method", "rubric", "available_from", "due_date"),
            *("time_limit_minutes", "max_attempts", "allow_late_submission"),
            *("auto_generate_feedback", "plagiarism_check"),
        }
    },
    # What a student wrote stays what it was.
    "assessments.assessmentsubmission": dict.fromkeys(
        (INSTRUCTOR, ASSISTANT), {"status", "score", "feedback"}
    ),
    "assessments.questionresponse": dict.fromkeys((INSTRUCTOR, ASSISTANT), {"score", "feedback"}),
}


@dataclass(frozen=True)
class Grant:
    """That a role may do something with a model's rows in a scope."""

    role: str
    verb: str
    scope: str


@cache
def grants_of(label: str) -> tuple[Grant, ...]:
    cells = TABLE.get(label, {})
    return tuple(grant for role, cell in cells.items() for grant in _parsed(role, cell))


def _parsed(role: str, cell: str) -> Iterator[Grant]:
    for part in filter(None, cell.split(";")):
        codes, scope = part.split()
        for code in codes:
            yield Grant(role, VERBS[code], scope)


def is_known(model: type[models.Model]) -> bool:
    """Whether the table has a line for this model; without one nobody may do anything."""
    return model._meta.label_lower in TABLE


def grants(user: Actor, verb: str, model: type[models.Model]) -> list[Grant]:
    """What the person's roles grant for one verb and one model."""
    held = roles_of(user)
    return [
        grant
        for grant in grants_of(model._meta.label_lower)
        if grant.verb == verb and grant.role in held
    ]


@cache
def approving_roles() -> frozenset[str]:
    """The roles that approve something: what such accounts log in with takes two people."""
    grants = (grant for label in TABLE for grant in grants_of(label))
    return frozenset(grant.role for grant in grants if grant.verb == "approve")


def may_see_page(user: Actor, name: str) -> bool:
    """Whether the person may see a page of no model: `health`, `pool`."""
    if not user.is_active:
        return False
    held = roles_of(user)
    return user.is_superuser or any(each.role in held for each in grants_of(f"page.{name}"))


def may(user: Actor, verb: str, model: type[models.Model]) -> bool:
    """Whether the person may do this with at least some rows of the model.

    Which rows: `visibility.permitted()`.
    """
    if not user.is_active:
        return False
    return user.is_superuser or bool(grants(user, verb, model))


def visible_fields(user: Actor, model: type[models.Model]) -> set[str] | None:
    """The only fields of a model a person may look at; None means all."""
    # Whoever has two roles sees in a list what both may see.
    limits = VISIBLE.get(model._meta.label_lower, {})
    field_sets = [limits[role] for role in _titles(user) if role in limits]
    return set.intersection(*field_sets) if field_sets else None


def changed_fields(user: Actor, model: type[models.Model]) -> set[str] | None:
    """The only fields of a model a person may change, where a change is allowed; None means all."""
    limits = CHANGED.get(model._meta.label_lower, {})
    held = {grant.role for verb in ("change", "grade") for grant in grants(user, verb, model)}
    if user.is_superuser or not held or not held <= limits.keys():
        return None
    return set().union(*(limits[role] for role in held))


def _titles(user: Actor) -> frozenset[str]:
    return frozenset({SUPERUSER}) if user.is_superuser else roles_of(user)


def roles_of(user: Actor) -> frozenset[str]:
    """The table's roles a person has now; students and strangers have none."""
    held: frozenset[str] | None = getattr(user, "_held_roles", None)
    if held is None:
        held = frozenset(held_now(user))
        # With the user object, which lives as long as a request; a lazy one hands it on to its own.
        user._held_roles = held  # type: ignore[union-attr]  # a note of ours
    return held


def held_now(user: Actor) -> set[str]:
    """The roles a person has by the account and the enrollments, asked anew."""
    role = getattr(user, "role", STUDENT)
    if not user.is_active or not user.is_staff or role not in ROLES:
        return set()
    if role != INSTRUCTOR or not assisted_courses(user).exists():
        return {role}
    # Whoever only assists has an instructor's account, but not an instructor's rights.
    return {INSTRUCTOR, ASSISTANT} if taught_courses(user).exists() else {ASSISTANT}


def taught_courses(user: Actor) -> models.QuerySet[Any]:
    """Ids of the courses this person is the instructor of."""
    course = apps.get_model("courses", "Course")
    return course._base_manager.filter(instructor=user.pk).values("pk")


def assisted_courses(user: Actor) -> models.QuerySet[Any]:
    """Ids of the courses this person is an active teaching assistant in."""
    enrollment = apps.get_model("users", "Enrollment")
    assisting = enrollment._base_manager.filter(
        student=user.pk, role="teaching_assistant", status="active"
    )
    return assisting.values("course")


def own_courses(user: Actor, role: str) -> models.QuerySet[Any]:
    """Ids of the courses that are a person's own in this role."""
    return assisted_courses(user) if role == ASSISTANT else taught_courses(user)
