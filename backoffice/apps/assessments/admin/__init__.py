"""Assessments, submissions, rubrics and peer review on the admin site."""

from backoffice.apps.assessments.admin import assessments, desk_records, marking, reviews, rubrics

__all__ = ["assessments", "desk_records", "marking", "reviews", "rubrics"]
