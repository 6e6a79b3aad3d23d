"""The page of a review beside the work, as somebody who enters it uses it."""

from dataclasses import dataclass
from typing import Any

from django.test import Client

from backoffice.apps.assessments.models import PeerReview, RubricCriterion

SWAP = {"HX-Request": "true"}


@dataclass
class ReviewDesk:
    """Somebody's page of one review."""

    client: Client
    review: PeerReview

    @property
    def address(self) -> str:
        return f"/admin/assessments/peerreview/{self.review.pk}/desk/"

    def open(self, **query: Any) -> Any:
        return self.client.get(self.address, query)

    def swap(self, **query: Any) -> Any:
        """Its pane alone, as the script asks for it."""
        return self.client.get(self.address, query, headers=SWAP)

    def version(self) -> str:
        """The version the page carries as it is opened now."""
        version: str = self.open().context["work"].version
        return version

    def save(self, version: str = "", **values: Any) -> Any:
        """The form as it is sent; with the version of now where none is given."""
        sent = {name.replace("_", "-") if name[0] == "c" else name: v for name, v in values.items()}
        if "change-reason" in sent:
            sent["change_reason"] = sent.pop("change-reason")
        return self.client.post(self.address, {"version": version or self.version(), **sent})


def marks(**by_title: tuple[str, str]) -> dict[str, str]:
    """Fields of the form: a level's title and points by the criterion's title."""
    fields = {}
    for title, (level, points) in by_title.items():
        criterion = RubricCriterion.objects.get(title=title)
        name = f"criterion-{criterion.pk}"
        fields[f"{name}-level"] = str(criterion.levels.get(title=level).pk) if level else ""
        fields[f"{name}-points"] = points
    return fields


def full(argument: str = "60", sources: str = "20") -> dict[str, str]:
    """Points for both criteria: 60 or 30 for the argument, 40 or 20 for the sources."""
    levels = {"60": "Convincing", "30": "Thin", "40": "Convincing", "20": "Thin"}
    return marks(Argument=(levels[argument], argument), Sources=(levels[sources], sources))
