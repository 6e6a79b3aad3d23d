"""What the three pages of mappings do alike: store what a form says, or say what is wrong."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest


def is_saved(request: HttpRequest, form: Any, save: Callable[[], None], conflict: Any) -> bool:
    """Whether a form was valid and stored; what is wrong is a message to the person.

    `conflict` is said where somebody else stored the same in this moment.
    """
    errors = [] if form.is_valid() else form.error_messages
    if not errors:
        try:
            save()
        except ValidationError as refusal:
            errors = refusal.messages
        except IntegrityError:
            errors = [str(conflict)]
    for error in errors:
        messages.error(request, error)
    return not errors
