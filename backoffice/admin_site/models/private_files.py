"""Uploaded files: kept where no address leads, and handed out to whoever may see their row."""

import contextlib
import io
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import FileSystemStorage
from django.db import models
from django.db.models.fields.files import ImageFieldFile
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from PIL import Image

from backoffice.admin_site.models.full_disk import free_bytes, full_disk_sentence

MOST_BYTES, MOST_PIXELS = 2_000_000, 4_000
UNFINISHED = ".part"
PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}


class PrivateStorage(FileSystemStorage):
    """Files under PRIVATE_ROOT, readable by the server's account only."""

    def __init__(self) -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700)

    @property
    def location(self) -> str:
        # Asked each time: a test has a folder of its own.
        root: Path = settings.PRIVATE_ROOT  # type: ignore[misc]  # DJANGO_ENV picks the settings
        return str(root.absolute())

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        # The folder is closed to others; folders above it stay as they are.
        Path(self.location).mkdir(mode=0o700, parents=True, exist_ok=True)
        return super().save(name, content, max_length)

    def _save(self, name: str, content: Any) -> str:
        # Under another name until it is whole: a full disk, or a kill, leaves no half file.
        part = name + UNFINISHED
        try:
            super()._save(part, content)  # type: ignore[misc]  # missing in the stub
            Path(self.path(part)).replace(self.path(name))
        except BaseException:
            with contextlib.suppress(OSError):
                Path(self.path(part)).unlink()
            raise
        return name

    def url(self, name: str | None) -> str:
        """Raises ValueError: a private file is reached through its row's page only."""
        raise ValueError("A private file has no address.")


def private_storage() -> PrivateStorage:
    """The storage of uploaded files; a function, so that no path enters a migration."""
    return PrivateStorage()


class PictureFile(ImageFieldFile):
    """A picture; its address is that of a page which looks who asks."""

    @property
    def url(self) -> str:
        self._require_file()  # type: ignore[attr-defined]  # missing in the stub
        row = self.instance
        return reverse("admin:picture", args=[row._meta.label_lower, row.pk, self.field.name])


class PictureField(models.ImageField):
    """A picture in private storage. In migrations it is a plain ImageField."""

    attr_class = PictureFile

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("storage", private_storage)
        options.setdefault("upload_to", picture_name)
        super().__init__(*args, **options)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Refuse what is large, what is huge when unpacked, and what browsers might run."""
        value = super().clean(value, model_instance)
        if value and not value._committed:
            _check_picture(value.file)
        return value

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.ImageField", args, kwargs


def picture_name(_row: models.Model, _name: str) -> str:
    """A name nobody can guess."""
    return f"pictures/{uuid4().hex}"


def _check_picture(file: Any) -> None:
    image = getattr(file, "image", None)
    # While the form can still say so; a disk that fills up after this is a page that does.
    if free_bytes(Path(private_storage().location)) < file.size:
        raise ValidationError(full_disk_sentence(), "full_disk")
    if file.size > MOST_BYTES:
        raise ValidationError(_("The picture has more than 2 MB. Make it smaller."), "too_large")
    if image is None:
        return
    if image.format not in PICTURES:
        raise ValidationError(_("Use a JPEG, PNG, GIF or WebP picture."), "wrong_format")
    if max(image.size) > MOST_PIXELS:
        raise ValidationError(
            _("The picture is more than 4,000 pixels wide or high. Make it smaller."), "too_large"
        )


def picture_of(file: PictureFile) -> HttpResponse:
    """A stored picture as an answer. Raises Http404 where there is none."""
    try:
        with file.open("rb") as stream:
            content = stream.read()
        # By its content, not by its name: no browser takes it for anything but a picture.
        kind = PICTURES[Image.open(io.BytesIO(content)).format or ""]
    except (ValueError, OSError, KeyError) as error:
        raise Http404 from error
    headers = {"Cache-Control": "private, max-age=3600", "Content-Disposition": "inline"}
    return HttpResponse(content, content_type=kind, headers=headers)
