"""The record on the admin site: change sets, approvals, the access log."""

from backoffice.audit.admin import access_log, change_sets

__all__ = ["access_log", "change_sets"]
