"""What copies of an image are known by. Images of before have none until they are computed: by
`lookalikes`, and by the first seal or run."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0006_look_budget")]

    operations = [
        migrations.CreateModel(
            name="Signature",
            fields=[
                (
                    "image",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="signature",
                        serialize=False,
                        to="annotation.image",
                    ),
                ),
                ("version", models.PositiveSmallIntegerField()),
                ("hashes", models.BinaryField()),
                ("thumbnail", models.BinaryField()),
            ],
        ),
    ]
