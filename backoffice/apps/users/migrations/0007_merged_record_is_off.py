# The rule of 0005, made to hold of the rows that are there, and an index beside their writers.

from django.db import migrations, models

from backoffice.admin_site.models.rule_migration import AddIndexOpenly, ValidateRule


class Migration(migrations.Migration):
    # The index of a table in use takes no transaction.
    atomic = False

    dependencies = [("users", "0006_merged_into")]

    operations = [
        ValidateRule("user", "user_merged_is_off"),
        AddIndexOpenly(
            model_name="user",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["merged_into"],
                name="users_user_merged_into_idx",
            ),
        ),
    ]
