"""The desk as somebody who grades uses it."""

from dataclasses import dataclass
from typing import Any

from django.test import Client

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission

SWAP = {"HX-Request": "true"}


@dataclass
class Desk:
    """Somebody's desk of one assessment."""

    client: Client
    assessment: Assessment

    def address(self, work: AssessmentSubmission | None = None, part: str = "") -> str:
        start = f"/admin/assessments/assessment/{self.assessment.pk}/desk/"
        return start + (f"{work.pk}/" if work else "") + (f"{part}/" if part else "")

    def queue(self, **query: Any) -> Any:
        return self.client.get(self.address(), query)

    def open(self, work: AssessmentSubmission, **query: Any) -> Any:
        """The page of a piece of work."""
        return self.client.get(self.address(work), query)

    def swap(self, work: AssessmentSubmission, **query: Any) -> Any:
        """Its pane alone, as the script asks for it."""
        return self.client.get(self.address(work), query, headers=SWAP)

    def send(self, work: AssessmentSubmission, part: str, **values: Any) -> Any:
        """What the script sends besides the grade."""
        return self.client.post(self.address(work, part), values)

    def version(self, work: AssessmentSubmission) -> str:
        """What the form carries when it is opened now."""
        return self.open(work).context["work"].version

    def marks(self, *titles: str) -> dict[str, Any]:
        """The fields that give the criteria these levels, in their order."""
        criteria = self.assessment.rubric.criteria.order_by("position")
        return {
            f"criterion-{each.pk}-level": each.levels.get(title=title).pk
            for each, title in zip(criteria, titles, strict=False)
        }

    def save(self, work: AssessmentSubmission, **values: Any) -> Any:
        """The form as it is sent without a script."""
        return self.client.post(self.address(work), values)
