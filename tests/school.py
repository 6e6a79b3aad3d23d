"""A small school with a row of every model in an own and in a foreign course, for crawls.

Built once for a module and rolled back; each request of a crawl is rolled back too. The strand of
a course holds one row of every model that lies in a course.
"""

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import simple_history.admin
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.http import HttpResponse
from django.template.response import SimpleTemplateResponse
from django.test import Client

from backoffice.admin_site.site import BackOfficeSite
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    PeerReview,
    PeerReviewScore,
    Question,
    QuestionResponse,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.communications.models import (
    Announcement,
    ChatMember,
    ChatMessage,
    ChatRoom,
    DirectMessage,
    Forum,
    ForumPost,
    ForumTopic,
)
from backoffice.apps.courses.models import (
    Course,
    CourseModule,
    CourseProgress,
    CourseTag,
    CourseTagging,
    Lesson,
    LessonProgress,
)
from backoffice.apps.users.merging.requests import request_merge
from backoffice.apps.users.models import (
    Enrollment,
    FormerStudentID,
    Profile,
    SectionMembership,
    User,
)
from backoffice.apps.users.promoting import request_role
from backoffice.audit.models import AccessRecord, ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.bulk.models import AssessmentMapping, Batch, HeaderMapping, ValueMapping
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from tests.counting import CountingClient

Rows = dict[str, Any]
SECRET = "zq-only-the-two-of-them-zq"
ROLES = ("admin", "registrar", "instructor", "assistant", "auditor")
STRANGERS = ("student", "anonymous")
EVERYBODY = (*ROLES, "superuser", *STRANGERS)
HANDED_IN, MARKED = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)


@contextmanager
def rolled_back() -> Iterator[None]:
    """Whatever happens inside is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def text_of(answer: Any) -> str:
    """What a browser would get; a stream is read to its end."""
    content = answer.getvalue() if answer.streaming else answer.content
    return content.decode("utf-8", errors="replace")


def leave_unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on no page is rendered; what is asked, checked and written stays."""
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")
    monkeypatch.setattr(BackOfficeSite, "each_context", lambda _site, _request: {})
    monkeypatch.setattr(simple_history.admin, "render", lambda *_args, **_kwargs: HttpResponse())


def is_exhaustive() -> bool:
    """Whether a crawl tries all it knows: PostgreSQL is the product; FUZZ=all does it on SQLite."""
    return connection.vendor == "postgresql" or os.environ.get("FUZZ") == "all"


def sample(items: Iterable[Any], number: int) -> list[Any]:
    """All of the items; on SQLite, where the same Python answers, a third, by the number."""
    everything = list(items)
    return everything if is_exhaustive() else everything[number % 3 :: 3]


def least_here(count: int) -> int:
    """How many comparisons a crawl makes at least, where it takes a `sample`."""
    return count if is_exhaustive() else count // 4


def roles_here(*roles: str) -> tuple[str, ...]:
    """These roles; on SQLite, where the same Python answers, who sees all and who sees some."""
    return (
        roles
        if is_exhaustive()
        else tuple(role for role in roles if role in ("superuser", "instructor"))
    )


@dataclass
class School:
    """People by role, and rows by label: `own` and `foreign` as an instructor has them."""

    people: dict[str, User] = field(default_factory=dict)
    own: Rows = field(default_factory=dict)
    foreign: Rows = field(default_factory=dict)
    # Own ones in their other state: a draft, a final grade, a refused file.
    turned: Rows = field(default_factory=dict)
    uploads: Rows = field(default_factory=dict)  # files of others than the registrar
    merge: Any = None  # a request to merge two students' records
    files: Path = Path()
    grown: int = 0

    def client(self, role: str) -> Client:
        """Somebody with this role, logged in; errors are answers."""
        client = CountingClient(raise_request_exception=False)
        if role != "anonymous":
            client.force_login(self.people[role])
        return client

    def strand(self, number: int, teacher: User, helper: User | None, author: User) -> Rows:
        """A course with a row of every model that lies in one."""
        rows = _course(number, teacher)
        _people(rows, number, helper)
        _work(rows, teacher)
        _talk(rows, author)
        return {row._meta.label_lower: row for row in rows.values() if row._meta.app_label}

    def grow(self, count: int) -> None:
        """More of everything for everybody who sees anything."""
        people = self.people
        for number in range(self.grown + 10, self.grown + 10 + count):
            with recording(source=ChangeSet.Source.COMMAND, actor=people["admin"]):
                self.strand(number, people["instructor"], people["assistant"], people["registrar"])
            _message(people["instructor"], people["assistant"])
            _access(people["registrar"], people["instructor"])
            _batch(people["registrar"], f"grown{number}.csv")
            _batch(people["instructor"], f"rubrics{number}.csv", kind="rubrics")
            _own_header(people["registrar"], f"Matrikel {number}")
            _own_value(people["registrar"], f"Dropped {number}")
            twins = [_student(500 + number, name, at) for at, name in enumerate(("twin", "double"))]
            request_merge(*twins, people["registrar2"], "One person who came twice.")
            person = _person("instructor", f"asked{number}")
            request_role(person, "registrar", people["admin"], "Because the school grows.")
            allowed = Permission.objects.order_by("pk").first()
            person.permission_grants.create(permission=allowed)
        self.grown += count


def _person(role: str, username: str, **fields: Any) -> User:
    is_staff = role != User.Role.STUDENT
    names = {"first_name": username.title(), "last_name": "Example"}
    return User.objects.create(
        username=username, role=role, is_staff=is_staff, password="!", **names | fields
    )


def _student(number: int, name: str, place: int) -> User:
    fields = {"email": f"{name}{number}@example.org", "first_name": name.title()}
    student_id = f"s{number:03}{place}"
    return _person("student", student_id, student_id=student_id, **fields)


def _course(number: int, teacher: User) -> Rows:
    course = Course.objects.create(
        code=f"C{number}",
        presentation="2026J",
        slug=f"c{number}",
        title=f"Course {number}",
        instructor=teacher,
        starts_on="2026-02-01",
        status="published",
    )
    module = CourseModule.objects.create(course=course, position=1, title=f"Module {number}")
    lesson = Lesson.objects.create(module=module, position=1, title=f"Lesson {number}")
    tag = CourseTag.objects.create(name=f"tag{number}", description="A word")
    tagging = CourseTagging.objects.create(course=course, tag=tag)
    return {"course": course, "module": module, "lesson": lesson, "tag": tag, "tagging": tagging}


def _people(rows: Rows, number: int, helper: User | None) -> None:
    course = rows["course"]
    mate, student = _student(number, "mate", 1), _student(number, "student", 2)
    if helper:
        Enrollment.objects.create(course=course, student=helper, role="teaching_assistant")
    Enrollment.objects.create(course=course, student=mate)
    enrolled = Enrollment.objects.create(course=course, student=student, enrolled_on="2026-02-01")
    lesson = {"enrollment": enrolled, "lesson": rows["lesson"], "percent": 10}
    rows |= {
        "mate": mate,
        "student": student,
        "profile": Profile.objects.create(user=student, city="Lund"),
        "former_id": FormerStudentID.objects.create(user=student, student_id=f"f{number:03}"),
        "enrolled": enrolled,
        "section": SectionMembership.objects.create(
            enrollment=enrolled, system="canvas", section=f"S{number}"
        ),
        "lesson_progress": LessonProgress.objects.create(**lesson),
        "course_progress": CourseProgress.objects.create(enrollment=enrolled, lessons_total=1),
    }


def _work(rows: Rows, teacher: User) -> None:
    course = rows["course"]
    rubric = GradingRubric.objects.create(course=course, title="Essay")
    criterion = {"rubric": rubric, "position": 1, "title": "Sources", "max_points": 10}
    criterion = RubricCriterion.objects.create(**criterion)
    level = RubricLevel.objects.create(criterion=criterion, title="Sound", points=7)
    paper = {"code": "TMA01", "title": "Essay", "rubric": rubric, "due_date": HANDED_IN}
    paper = Assessment.objects.create(course=course, status="published", **paper)
    question = {"question_type": "essay", "text": "Why?", "points": 10}
    question = Question.objects.create(assessment=paper, position=1, **question)
    rows |= {"rubric": rubric, "criterion": criterion, "level": level}
    rows |= {"paper": paper, "question": question} | submission(rows, paper, question)
    review = PeerReview.objects.create(submission=rows["work"], reviewer=rows["mate"])
    score = {"review": review, "criterion": criterion, "points": 5}
    rows |= {"review": review, "review_score": PeerReviewScore.objects.create(**score)}
    rows["own_column"] = _own_column(paper, teacher)


def submission(rows: Rows, paper: Assessment, question: Question, **fields: Any) -> Rows:
    """A submission with an answer and points."""
    times = {"submitted_at": HANDED_IN, "text": "The herring moved."}
    work = AssessmentSubmission.objects.create(
        assessment=paper, student=rows["student"], **times | fields
    )
    answer = QuestionResponse.objects.create(submission=work, question=question, answer="Because.")
    marks = {"criterion": rows["criterion"], "level": rows["level"], "points": 7}
    return {
        "work": work,
        "answer": answer,
        "marks": CriterionScore.objects.create(submission=work, **marks),
    }


def _talk(rows: Rows, author: User) -> None:
    course, student = rows["course"], rows["student"]
    room = ChatRoom.objects.create(course=course, name="Room", created_by=author)
    forum = Forum.objects.create(course=course, title="Forum")
    topic = ForumTopic.objects.create(forum=forum, title="Topic", author=student)
    fields = {"course": course, "author": author, "title": f"News of {course.code}", "body": "New."}
    rows |= {
        "room": room,
        "member": ChatMember.objects.create(room=room, user=student),
        "said": ChatMessage.objects.create(room=room, author=student, body="Said in the room."),
        "forum": forum,
        "topic": topic,
        "post": ForumPost.objects.create(topic=topic, author=student, body="Posted."),
        "news": Announcement.objects.create(**fields),
    }


def _message(sender: User, recipient: User) -> DirectMessage:
    texts = {"subject": f"{SECRET} subject", "body": f"{SECRET} body"}
    return DirectMessage.objects.create(sender=sender, recipient=recipient, **texts)


def _access(by: User, person: User) -> AccessRecord:
    fields = {"label": "users.user", "object_id": str(person.pk), "object_text": str(person)}
    fields |= {"actor": by, "actor_name": str(by), "person": person, "status": 200}
    return AccessRecord.objects.create(kind=AccessRecord.Kind.VIEW, **fields)


def _batch(by: User, name: str, **fields: Any) -> Batch:
    fields = {"kind": "enrollments", "state": Batch.State.DISCARDED} | fields
    return Batch.objects.create(uploaded_by=by, uploader_name=str(by), file_name=name, **fields)


def _own_header(by: User, header: str) -> HeaderMapping:
    fields = {"kind": "enrollments", "column": "student_id", "made_by": by}
    return HeaderMapping.objects.create(header=header, **fields)


def _own_value(by: User, word: str) -> ValueMapping:
    fields = {"kind": "enrollments", "column": "status", "meaning": "withdrawn", "made_by": by}
    return ValueMapping.objects.create(word=word, **fields)


def _own_column(paper: Assessment, by: User) -> AssessmentMapping:
    fields = {"dialect": "canvas", "header": "Essay (456789)", "made_by": by}
    return AssessmentMapping.objects.create(course=paper.course, assessment=paper, **fields)


def _upload(by: User, text: str, kind: str = "enrollments") -> Batch:
    return preview(receive(io.BytesIO(text.encode()), f"{kind}.csv", by, kind=kind))


def build(files: Path) -> School:
    """The school; nothing is committed here."""
    school = School(files=files)
    people = school.people
    for role in ("admin", "registrar", "instructor", "auditor"):
        people[role] = _person(role, role)
    people["assistant"] = _person("instructor", "assistant")
    people["superuser"] = _person("admin", "superuser", is_superuser=True)
    people["colleague"] = _person("instructor", "colleague")
    people["registrar2"] = _person("registrar", "registrar2")
    for number, role in enumerate(("registrar", "instructor", "colleague")):
        Profile.objects.create(user=people[role], city=f"Town {number}")
        # From the days when they studied here.
        FormerStudentID.objects.create(user=people[role], student_id=f"staff{number:03}")
    with recording(source=ChangeSet.Source.COMMAND, actor=people["admin"]):
        school.own = school.strand(
            1, people["instructor"], people["assistant"], people["registrar"]
        )
        school.foreign = school.strand(2, people["colleague"], None, people["registrar2"])
    people["student"] = school.own["users.user"]
    _no_course(school)
    _request_to_merge(school)
    _other_states(school)
    return school


def _no_course(school: School) -> None:
    """What lies in no course: groups, messages, files, the record."""
    people, own, foreign = school.people, school.own, school.foreign
    label = DirectMessage._meta.label_lower
    for rows, person in ((own, people["instructor"]), (foreign, people["colleague"])):
        rows["users.groupmembership"] = person.group_memberships.get()
        allowed = Permission.objects.order_by("pk").first()
        rows["users.permissiongrant"] = person.permission_grants.create(permission=allowed)
    own[label] = _message(people["instructor"], people["assistant"])
    foreign[label] = _message(people["registrar2"], foreign["users.user"])
    header = "student_id,course_code,presentation,status"
    roster = f"{header}\ns0011,C2,2026J,active\ns0021,C1,2026J,active\n"
    own["bulk.batch"] = _upload(people["registrar"], roster)
    foreign["bulk.batch"] = _upload(people["registrar2"], roster.replace("active", "completed"))
    rubric = "Rubric Name,Criteria Name,Rating Name,Rating Points\nTalk,Voice,Clear,5\n"
    school.uploads["instructor"] = _upload(people["instructor"], rubric, "rubrics")
    own["bulk.headermapping"] = _own_header(people["registrar"], "Matrikel")
    own["bulk.valuemapping"] = _own_value(people["registrar"], "Dropped")
    foreign["bulk.headermapping"] = _own_header(people["registrar2"], "Kennung")
    foreign["bulk.valuemapping"] = _own_value(people["registrar2"], "W")
    for rows in (own, foreign):
        rows["audit.accessrecord"] = _access(people["registrar"], rows["users.user"])
        rows["audit.changeset"] = ChangeSet.objects.order_by("pk").first()
        rows["audit.approval"] = (
            request_role(
                people["colleague"], "registrar", people["superuser"], "Because of the summer."
            )
            if rows is own
            else request_role(
                people["colleague"], "auditor", people["admin"], "Because of the winter."
            )
        )


def _request_to_merge(school: School) -> None:
    twins = [_student(8, name, place) for place, name in enumerate(("twin", "double"), 1)]
    school.merge = request_merge(*twins, school.people["registrar2"], "One person who came twice.")


def _other_states(school: School) -> None:
    own, people = school.own, school.people
    course, question = own["courses.course"], own["assessments.question"]
    draft = Assessment.objects.create(course=course, code="TMA02", title="Second essay")
    names = {"student": "users.user", "criterion": "assessments.rubriccriterion"}
    rows = {name: own[label] for name, label in names.items()}
    rows["level"] = own["assessments.rubriclevel"]
    final = {"status": "finalized", "score": 50, "grader": people["instructor"]}
    final |= {"attempt": 2, "graded_at": MARKED}
    rows_by_name = submission(rows, own["assessments.assessment"], question, **final)
    refused = _upload(people["registrar"], "student_id,course_code,presentation\nnobody,C1,x\n")
    rows_by_name |= {"draft": draft, "refused": refused}
    school.turned = {row._meta.label_lower: row for row in rows_by_name.values()}


def applied(school: School) -> Batch:
    """An import that was applied, by the registrar."""
    by = school.people["registrar"]
    batch = _upload(by, "student_id,course_code,presentation\ns0021,C1,2026J\n")
    return apply(batch, batch.digest, by)
