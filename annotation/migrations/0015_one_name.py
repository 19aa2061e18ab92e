"""No two subjects, sites, labels, aliases, centres and studies of one name from now on.

Those that are there stay as they are, and `verify` names them.
"""

import core.identities
from django.db import migrations, models


NAMES = (
    ("Study", "name", ""),
    ("Centre", "name", "study_id"),
    ("Site", "slug", "study_id"),
    ("Label", "name", "site_id"),
    ("LabelAlias", "alias", "site_id"),
    ("Subject", "code", "study_id"),
)


def fill(apps, schema_editor):
    for model, source, scope in NAMES:
        rows = apps.get_model("annotation", model).objects.order_by("pk")
        core.identities.fill(rows, source, scope)


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0014_what_a_file_says_of_its_pixels'),
    ]

    operations = [
        migrations.AddField(
            model_name='centre',
            name='identity',
            field=core.identities.IdentityField(default='', editable=False, max_length=320, source='name'),
        ),
        migrations.AddField(
            model_name='label',
            name='identity',
            field=core.identities.IdentityField(default='', editable=False, max_length=200, source='name'),
        ),
        migrations.AddField(
            model_name='labelalias',
            name='identity',
            field=core.identities.IdentityField(default='', editable=False, max_length=320, source='alias'),
        ),
        migrations.AddField(
            model_name='labelalias',
            name='was_label',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='site',
            name='identity',
            field=core.identities.IdentityField(default='', editable=False, max_length=200, source='slug'),
        ),
        migrations.AddField(
            model_name='study',
            name='identity',
            field=core.identities.IdentityField(default='', editable=False, max_length=200, source='name'),
        ),
        migrations.AddField(
            model_name='subject',
            name='identity',
            field=core.identities.IdentityField(default='', editable=False, max_length=212, source='code'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='centre',
            constraint=models.UniqueConstraint(fields=('study', 'identity'), name='centre_identity_once_per_study'),
        ),
        migrations.AddConstraint(
            model_name='label',
            constraint=models.UniqueConstraint(fields=('site', 'identity'), name='label_identity_once_per_site'),
        ),
        migrations.AddConstraint(
            model_name='labelalias',
            constraint=models.UniqueConstraint(fields=('site', 'identity'), name='alias_identity_once_per_site'),
        ),
        migrations.AddConstraint(
            model_name='site',
            constraint=models.UniqueConstraint(fields=('study', 'identity'), name='site_identity_once_per_study'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.UniqueConstraint(fields=('identity',), name='study_identity_once'),
        ),
        migrations.AddConstraint(
            model_name='subject',
            constraint=models.UniqueConstraint(fields=('study', 'identity'), name='subject_identity_once_per_study'),
        ),
    ]
