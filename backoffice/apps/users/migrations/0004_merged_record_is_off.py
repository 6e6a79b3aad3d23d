# The rule of 0003, made to hold of the rows that are there: none of them is merged yet.

from django.db import migrations

from backoffice.admin_site.models.rule_migration import ValidateRule


class Migration(migrations.Migration):
    dependencies = [("users", "0003_merged_into")]

    operations = [ValidateRule("user", "user_merged_is_off")]
