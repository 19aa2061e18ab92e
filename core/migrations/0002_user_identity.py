"""No two users of one name from now on; those that are there stay, and `verify` names them."""

import core.identities
from django.db import migrations, models


def fill(apps, schema_editor):
    core.identities.fill(apps.get_model("core", "User").objects.order_by("pk"), "username")


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='identity',
            field=core.identities.IdentityField(default='', editable=False, max_length=470, source='username'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(fields=('identity',), name='user_name_once'),
        ),
    ]
