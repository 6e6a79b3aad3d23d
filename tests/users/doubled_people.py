"""Pairs of records that are one person each, with whatever two such records may have in common."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import connection

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
)
from backoffice.apps.communications.models import (
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
    Lesson,
    LessonProgress,
)
from backoffice.apps.users.models import (
    Enrollment,
    FormerStudentID,
    Profile,
    SectionMembership,
    User,
)
from backoffice.bulk.models import (
    AssessmentMapping,
    Batch,
    Correction,
    Delivery,
    HeaderMapping,
    ValueMapping,
)
from tests.stored_rows import stored_rows

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STATUSES = ("active", "completed", "failed", "withdrawn")
# Every column in which a row may name a student, written by hand: nothing is read from the models.
NAMING = {
    "users_enrollment": ("student_id",),
    "users_profile": ("user_id",),
    "users_formerstudentid": ("user_id",),
    "assessments_submission": ("student_id",),
    "assessments_peerreview": ("reviewer_id", "author_id"),
    "communications_directmessage": ("sender_id", "recipient_id"),
    "communications_chatmember": ("user_id",),
    "communications_chatmessage": ("author_id",),
    "communications_forumtopic": ("author_id",),
    "communications_forumpost": ("author_id",),
}

# And those of what somebody did who worked here once: that remains what it was.
DONE_BY = {
    "bulk_batch": ("uploaded_by_id", "approved_by_id"),
    "bulk_correction": ("made_by_id",),
    "bulk_delivery": ("uploaded_by_id",),
    "bulk_headermapping": ("made_by_id",),
    "bulk_valuemapping": ("made_by_id",),
    "bulk_assessmentmapping": ("made_by_id",),
    "django_admin_log": ("user_id",),
}


@dataclass
class Place:
    """A course with something of everything that students meet there."""

    course: Course
    lessons: list[Lesson]
    assessments: list[Assessment]
    question: dict[int, Question]
    criterion: RubricCriterion
    room: ChatRoom
    topic: ForumTopic


@dataclass
class Doubles:
    """A school with pairs of records; of each the survivor comes first."""

    rng: random.Random
    teacher: User
    third: list[User] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    pairs: list[tuple[User, User]] = field(default_factory=list)


def student(number: str, **fields: Any) -> User:
    values = {"username": number, "student_id": number, "password": "!", "last_name": "Double"}
    return User.objects.create(role="student", is_staff=False, **values | fields)


def school(count: int, seed: int, teacher: User) -> Doubles:
    """So many pairs, with random overlap."""
    doubles = Doubles(random.Random(seed), teacher)
    doubles.third = [student(f"T{number:03}", first_name="Third") for number in range(3)]
    doubles.places = [place(number, teacher) for number in range(3)]
    for here in doubles.places:
        for third in doubles.third:
            Enrollment.objects.create(course=here.course, student=third, enrolled_on="2026-02-01")
            for each in here.assessments:
                AssessmentSubmission.objects.create(
                    assessment=each, student=third, text="A third one's.", submitted_at=NOON
                )
    doubles.pairs = [pair(doubles, number) for number in range(count)]
    return doubles


def place(number: int, teacher: User) -> Place:
    """A course with lessons, two papers, a room and a topic."""
    course = Course.objects.create(
        code=f"D{number}", presentation="2026J", slug=f"d{number}", instructor=teacher
    )
    module = CourseModule.objects.create(course=course, position=1, title="First")
    lessons = [
        Lesson.objects.create(module=module, position=at, title=f"Lesson {at}") for at in (1, 2)
    ]
    rubric = GradingRubric.objects.create(course=course, title="Essay")
    criterion = RubricCriterion.objects.create(
        rubric=rubric, position=1, title="Sources", max_points=10
    )
    papers = [
        Assessment.objects.create(
            course=course, code=f"TMA{at}", status="published", due_date=NOON, rubric=rubric
        )
        for at in (1, 2)
    ]
    question = {
        each.pk: Question.objects.create(
            assessment=each, position=1, question_type="essay", text="Why?", points=10
        )
        for each in papers
    }
    room = ChatRoom.objects.create(course=course, name="Room", created_by=teacher)
    forum = Forum.objects.create(course=course, title="Forum")
    topic = ForumTopic.objects.create(forum=forum, title="Topic", author=teacher)
    return Place(course, lessons, papers, question, criterion, room, topic)


def pair(doubles: Doubles, number: int) -> tuple[User, User]:
    """Two records of one person, each with what chance brings."""
    rng = doubles.rng
    names = {"first_name": f"Pair{number}"}
    own = student(f"S{number:03}1", email=rng.choice(["", f"own{number}@example.org"]), **names)
    other = student(f"S{number:03}2", email=rng.choice(["", f"dup{number}@example.org"]), **names)
    for which, person in enumerate((own, other), start=1):
        if rng.random() < 0.4:
            FormerStudentID.objects.create(user=person, student_id=f"F{number:03}{which}")
        if rng.random() < 0.6:
            Profile.objects.create(
                user=person, city=rng.choice(["", "Lund"]), phone=rng.choice(["", "+46 1"])
            )
    for here in doubles.places:
        enroll(doubles, here, own, other)
        for each in here.assessments:
            hand_in(doubles, here, each, own, other)
        talk(doubles, here, own, other)
    write(doubles, own, other)
    work_here(doubles, number, own, other)
    return own, other


def enroll(doubles: Doubles, here: Place, *people: User) -> None:
    """One, both or none; with results and progress."""
    rng = doubles.rng
    result = rng.choice(["", "Pass"])
    for person in people:
        if rng.random() < 0.3:
            continue
        status = rng.choice(STATUSES)
        begun = date(2026, 2, rng.randint(1, 9))
        row = Enrollment.objects.create(
            course=here.course,
            student=person,
            status=status,
            enrolled_on=rng.choice([None, begun]),
            withdrawn_on=date(2026, 4, rng.randint(1, 9)) if status == "withdrawn" else None,
            final_result=rng.choice(["", result]),
            progress_percent=rng.randint(0, 100),
        )
        for section in rng.sample(["", "A", "B"], rng.randint(0, 3)):
            ended = rng.random() < 0.3
            SectionMembership.objects.create(
                enrollment=row,
                system=rng.choice(["canvas", "oneroster"]),
                section=section,
                status="withdrawn" if ended else "active",
                enrolled_on=rng.choice([None, begun]),
                withdrawn_on=date(2026, 4, 1) if ended else None,
            )
        for lesson in here.lessons:
            if rng.random() < 0.5:
                state = rng.choice(["in_progress", "completed"])
                LessonProgress.objects.create(
                    enrollment=row,
                    lesson=lesson,
                    status=state,
                    percent=rng.randint(0, 100),
                    seconds_spent=rng.randint(0, 900),
                )
        if rng.random() < 0.5:
            done = rng.randint(0, 2)
            CourseProgress.objects.create(
                enrollment=row, lessons_total=2, lessons_completed=done, percent=done * 50
            )


def hand_in(doubles: Doubles, here: Place, paper: Assessment, *people: User) -> None:
    """Work of one of the two, reviewed by others; sometimes an empty submission of the other."""
    rng = doubles.rng
    author, double = rng.sample(people, 2)
    if rng.random() < 0.3:
        AssessmentSubmission.objects.create(assessment=paper, student=double, submitted_at=NOON)
    if rng.random() < 0.3:
        return
    score = rng.choice([None, rng.randint(0, 100)])
    work = AssessmentSubmission.objects.create(
        assessment=paper,
        student=author,
        text=f"By {author.student_id}",
        submitted_at=NOON,
        score=score,
        status="graded" if score is not None else "submitted",
        grader=doubles.teacher if score is not None else None,
    )
    QuestionResponse.objects.create(
        submission=work, question=here.question[paper.pk], answer="Because."
    )
    if rng.random() < 0.5:
        CriterionScore.objects.create(submission=work, criterion=here.criterion, points=5)
    if rng.random() < 0.5:
        review(here, work, rng.choice(doubles.third))
    for reviewed in AssessmentSubmission.objects.filter(
        assessment=paper, student__in=doubles.third
    )[: rng.randint(0, 2)]:
        review(here, reviewed, author)
        if rng.random() < 0.5:
            PeerReview.objects.create(submission=reviewed, reviewer=double)


def review(here: Place, work: AssessmentSubmission, reviewer: User) -> None:
    """A review with points."""
    row = PeerReview.objects.create(submission=work, reviewer=reviewer, feedback="Well.")
    PeerReviewScore.objects.create(review=row, criterion=here.criterion, points=4)


def talk(doubles: Doubles, here: Place, *people: User) -> None:
    """In the room and on the forum."""
    rng = doubles.rng
    for person in people:
        if rng.random() < 0.6:
            ChatMember.objects.create(
                room=here.room, user=person, role=rng.choice(["member", "moderator"])
            )
            ChatMessage.objects.create(room=here.room, author=person, body="Said.")
        if rng.random() < 0.5:
            post = ForumPost.objects.create(topic=here.topic, author=person, body="Posted.")
            ForumPost.objects.create(
                topic=here.topic, author=doubles.third[0], parent=post, body="Answered."
            )
        if rng.random() < 0.3:
            ForumTopic.objects.create(forum=here.topic.forum, title="Own", author=person)


def write(doubles: Doubles, own: User, other: User) -> None:
    """Messages to and from others, and sometimes from one record to the other."""
    rng = doubles.rng
    for person in (own, other):
        third = rng.choice(doubles.third)
        DirectMessage.objects.create(sender=person, recipient=third, body="Hello")
        DirectMessage.objects.create(sender=third, recipient=person, body="Hello back")
    if rng.random() < 0.3:
        DirectMessage.objects.create(sender=other, recipient=own, body="To myself")


def work_here(doubles: Doubles, number: int, own: User, other: User) -> None:
    """What one of the two did here before the account became a student's."""
    person, agreeing = doubles.rng.sample((own, other), 2)
    by = {"uploaded_by": person, "uploader_name": str(person)}
    Delivery.objects.create(name=f"{number}.zip", **by)
    batch = Batch.objects.create(
        kind="enrollments", file_name="a.csv", file_hash="0" * 64, approved_by=agreeing, **by
    )
    Correction.objects.create(
        batch=batch, line=2, place=1, column="status", old="x", new="active", made_at=NOON,
        **Correction.maker_fields(person),
    )  # fmt: skip
    here = doubles.places[0]
    HeaderMapping.objects.create(
        kind="enrollments", header=f"Nr {number}", column="student_id", made_by=person
    )
    ValueMapping.objects.create(
        kind="enrollments", column="status", word=f"in {number}", meaning="active", made_by=person
    )
    AssessmentMapping.objects.create(
        course=here.course,
        dialect="moodle_grades",
        header=f"Paper {number}",
        assessment=here.assessments[0],
        made_by=person,
    )
    LogEntry.objects.create(user=person, action_flag=1, object_repr="Something")


def naming(*people: User, among: dict[str, tuple[str, ...]] = NAMING) -> dict[str, int]:
    """How many rows name one of these people, by table and column, counted in SQL."""
    keys = ", ".join(str(person.pk) for person in people)
    with connection.cursor() as cursor:
        counts = {}
        for table, columns in among.items():
            for column in columns:
                cursor.execute(f"SELECT count(*) FROM {table} WHERE {column} IN ({keys})")
                counts[f"{table}.{column}"] = cursor.fetchone()[0]
    return counts


def contents() -> dict[str, list[Any]]:
    """Every row of every table of the apps, but for what the record and sessions add."""
    names = connection.introspection.table_names()
    apps = ("users_", "courses_", "assessments_", "communications_")
    return stored_rows(
        table
        for table in names
        if (table.startswith(apps) or table in DONE_BY) and "_historical" not in table
    )
