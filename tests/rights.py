"""Who may do what, written down a second time, by hand, from the page on rights.

Nothing here is read from the roles' table of the code: a slip in it shows as a difference. Letters
are those of the page. A scope is `*` (all rows) or the rows that are a person's own: `o` (of own
courses), `s` (students only), `m` (written or uploaded by oneself), `p` (as a party), `d` (own and
a draft), `n` (own and not final), `g` (requests to merge two students' records).
"""

from typing import Any

from tests.school import ROLES, School

_CONTENT = ("VACDRH *", "V *", "VACDRH o", "VC o", "VH *")
_PROGRESS = ("VH *", "VE *", "VE o", "V o", "VEH *")
_RUBRIC = ("VH *", "", "VACIREH o", "V o", "VH *")
_REVIEW = ("VH *", "", "VACEH o", "V o", "VH *")
_FORUM = ("VACDLH *", "", "VALH o", "VAL o", "VH *")
_CHAT = ("VACDH *", "", "VACD o", "V o", "VH *")

# admin, registrar, instructor, assistant, auditor
PAGE = {
    "users.user": ("VACH *", "VCIEH s", "V o", "V o", "VHE *"),
    # With their person, and changed by nobody: they come from a student ID that is replaced.
    "users.formerstudentid": ("VH *", "VIH s", "V o", "V o", "VH *"),
    "users.groupmembership": ("VH *", "", "", "", "VH *"),
    "users.permissiongrant": ("VH *", "", "", "", "VH *"),
    "users.profile": ("VCH *", "VCIE s", "V o", "V o", "VH *"),
    "users.enrollment": ("VACIERH *", "VACIERH *", "VEH o", "V o", "VEH *"),
    # Seen by whoever sees the enrollment; files alone write them.
    "users.sectionmembership": ("VIH *", "VIH *", "VH o", "V o", "VH *"),
    "courses.course": ("VACERHD *", "VACIEH *", "VCEH o", "V o", "VEH *"),
    "courses.coursemodule": _CONTENT,
    "courses.lesson": _CONTENT,
    "courses.coursetagging": _CONTENT,
    # A tag lies in no course: an instructor brings one in, and leaves those of others alone.
    "courses.coursetag": ("VACDRH *", "V *", "VA *", "V *", "VH *"),
    "courses.lessonprogress": _PROGRESS,
    "courses.courseprogress": _PROGRESS,
    "assessments.assessment": ("VHC *", "VI *", "VACREHD o", "V o; C d", "VEH *"),
    "assessments.question": ("VH *", "", "VACDREH o", "V o", "VH *"),
    "assessments.assessmentsubmission": ("VEH *", "V *", "VEGRH o", "V o; G n", "VEH *"),
    "assessments.questionresponse": ("VH *", "", "VG o", "V o; G n", "VH *"),
    # Points by criterion are given by adding them.
    "assessments.criterionscore": ("VH *", "", "VAG o", "V o; AG n", "VH *"),
    "assessments.gradingrubric": _RUBRIC,
    "assessments.rubriccriterion": _RUBRIC,
    "assessments.rubriclevel": _RUBRIC,
    "assessments.peerreview": _REVIEW,
    "assessments.peerreviewscore": _REVIEW,
    "communications.forum": _FORUM,
    "communications.forumtopic": _FORUM,
    "communications.forumpost": _FORUM,
    "communications.directmessage": ("V *", "", "VA p", "VA p", "V *"),
    "communications.announcement": ("VACDH *", "VAC m", "VACD o", "V o", "VH *"),
    "communications.chatroom": _CHAT,
    "communications.chatmember": _CHAT,
    "communications.chatmessage": ("VH *", "", "V o", "V o", "VH *"),
    # Who imports enrollments, or rubrics into what they teach, uploads files.
    "bulk.batch": ("VA *", "VA m", "VA m", "", "V *"),
    "bulk.headermapping": ("VACDRH *", "VACDRH *", "", "", "VH *"),
    "bulk.valuemapping": ("VACDRH *", "VACDRH *", "", "", "VH *"),
    "bulk.assessmentmapping": ("VACDRH *", "VACDRH *", "VACDRH o", "", "VH *"),
    # A change set names people and rows of the whole school: it is not a registrar's to page in.
    "audit.changeset": ("VHE *", "", "", "", "VHE *"),
    "audit.approval": ("V *", "V g", "", "", "V *"),
    "audit.accessrecord": ("V *", "", "", "", "VE *"),
}
# Pages of the site: role by role.
SYSTEM = {
    "health": ("admin", "registrar", "auditor"),
    **dict.fromkeys(("pool", "seal", "timeline", "record", "unusual"), ("admin", "auditor")),
    "roster-as-of": ("admin", "registrar", "instructor", "auditor"),
    "gradebook-as-of": ("admin", "instructor", "auditor"),
}

# What nobody does on a page, a superuser included: it is on record, or has a page of its own.
NEVER = {
    ("bulk.batch", "add"),
    ("bulk.batch", "change"),
    ("bulk.batch", "delete"),
    *(("users.sectionmembership", verb) for verb in ("add", "change", "delete")),
    *((label, verb) for label in ("audit.changeset", "audit.approval", "audit.accessrecord")
      for verb in ("add", "change", "delete")),
}  # fmt: skip

# Actions, by the end of their address' name: role -> scope. A superuser does all of them.
_OFFICE = {"admin": "*", "registrar": "*"}
_STUDENTS = {"admin": "*", "registrar": "s"}
_MODERATION = {"admin": "*", "instructor": "o", "assistant": "o"}
ACTIONS = {
    "users_user_change_role": {"admin": "*"},
    **dict.fromkeys(("users_user_request_password", "users_user_change_email"), {"admin": "*"}),
    "users_user_confirm_account": {"admin": "*"},
    # Students' records alone: of the rows here, the registrar's own ones.
    **dict.fromkeys(("users_user_merge", "users_user_request_unmerge"), _STUDENTS),
    "users_enrollment_withdraw": _OFFICE,
    "users_enrollment_reinstate": _OFFICE,
    **{f"users_enrollment_{verb}": _OFFICE for verb in ("complete", "fail", "reopen", "redate")},
    "courses_course_publish": _OFFICE,
    "courses_course_archive": _OFFICE,
    "courses_course_redraft": _OFFICE,
    "courses_course_assign_instructor": _OFFICE,
    # An assistant works on a draft, and does not take it out of the drafts.
    "assessments_assessment_release": {"admin": "*", "instructor": "o"},
    "assessments_assessment_close": {"admin": "*", "instructor": "o"},
    "assessments_assessment_redraft": {"admin": "*", "instructor": "o"},
    **{
        f"assessments_assessmentsubmission_{verb}": {"instructor": "o", "assistant": "n"}
        for verb in ("grade", "take_in", "give_back")
    },
    # Nor does an assistant make a grade final.
    "assessments_assessmentsubmission_finalize": {"instructor": "o"},
    "assessments_assessmentsubmission_choose_work": {"instructor": "o"},
    "assessments_assessmentsubmission_reopen": {"admin": "*", "instructor": "o"},
    "assessments_gradingrubric_make_version": {"instructor": "o"},
    **{f"assessments_peerreview_{verb}": {"instructor": "o"} for verb in ("submit", "give_back")},
    **{
        f"communications_announcement_{verb}": {"admin": "*", "registrar": "m", "instructor": "o"}
        for verb in ("send", "plan", "take_back")
    },
    "communications_directmessage_read": {"admin": "*"},
    **{f"communications_forum_{verb}": _MODERATION for verb in ("lock", "unlock")},
    **{f"communications_forumtopic_{verb}": _MODERATION for verb in ("lock", "unlock")},
    **{f"communications_forumtopic_{verb}": _MODERATION for verb in ("pin", "unpin")},
    **{f"communications_forumpost_{verb}": _MODERATION for verb in ("hide", "show")},
    # No role hides what is written in chat rooms.
    **{f"communications_chatmessage_{verb}": {} for verb in ("hide", "show")},
    **dict.fromkeys(
        ("audit_approval_agree", "audit_approval_disagree"), {"admin": "*", "registrar": "g"}
    ),
}


def cell(role: str, label: str) -> str:
    """What the page says of a role and a model."""
    return PAGE[label][ROLES.index(role)] if role in ROLES else ""


def rights_in(role: str, label: str, which: str) -> set[str]:
    """The rights that hold for the own, the foreign or the turned row; `any`: for some row."""
    if role == "superuser":
        return set("VACDIEGRHL")
    held: set[str] = set()
    for part in filter(None, cell(role, label).split(";")):
        granted, scope = part.split()
        if which == "any" or is_within(scope, label, which):
            held |= set(granted)
    return held


def is_within(scope: str, label: str, which: str) -> bool:
    """Whether a row of this sort lies in the scope."""
    if scope == "*":
        return True
    if scope == "d":
        return which == "turned"
    if scope == "n":
        return which == "own"
    return which in ("own", "turned")


def may_do(role: str, action: str, label: str, which: str) -> bool:
    """Whether a role may do this with this row."""
    if role == "superuser":
        return True
    scope = ACTIONS[action].get(role)
    return scope is not None and is_within(scope, label, which)


def rows_of(school: School, role: str, label: str) -> dict[str, Any]:
    """The own and the foreign row of a role; a registrar's own people are students."""
    if label == "bulk.batch" and role in school.uploads:
        return {"own": school.uploads[role], "foreign": school.own[label]}
    rows = {"own": school.own[label], "foreign": school.foreign[label]}
    if label in school.turned:
        rows["turned"] = school.turned[label]
    if role == "registrar" and label == "users.user":
        rows["foreign"] = school.people["instructor"]
    if role == "registrar" and label == "audit.approval":
        rows["own"] = school.merge
    if role == "registrar" and label == "users.profile":
        rows["foreign"] = school.people["instructor"].profile
    if role == "registrar" and label == "users.formerstudentid":
        rows["foreign"] = school.people["instructor"].former_student_ids.get()
    return rows
