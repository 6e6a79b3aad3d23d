"""An index of student IDs in the form in which near doubles are equal."""

from django.db import migrations, models

from backoffice.admin_site.models.folded_identity import FoldedIdentity
from backoffice.admin_site.models.rule_migration import AddIndexOpenly


class Migration(migrations.Migration):
    # The index of a table in use is made beside its writers, which takes no transaction.
    atomic = False

    dependencies = [("users", "0003_former_student_ids")]

    operations = [
        AddIndexOpenly(
            model_name="user",
            index=models.Index(FoldedIdentity("student_id"), name="users_user_folded_id_idx"),
        ),
    ]
