"""Assessments, submissions, rubrics and peer review on the admin site."""

from backoffice.apps.assessments.admin import assessments, marking, reviews, rubrics

__all__ = ["assessments", "marking", "reviews", "rubrics"]
