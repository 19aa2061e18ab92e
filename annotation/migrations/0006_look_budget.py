"""How often the references of a lock may be opened."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0005_guideline_examples")]

    operations = [
        migrations.AddField(
            model_name="lock",
            name="look_budget",
            field=models.PositiveIntegerField(default=10),
        ),
    ]
