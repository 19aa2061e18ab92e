"""Paired readings: one with the pre-label and one without, and what an author had before them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0009_uncertainty_map'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='annotation',
            name='offered',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='annotations', to='annotation.suggestion'),
        ),
        migrations.AddField(
            model_name='assignment',
            name='with_pre_label',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='site',
            name='paired_share',
            field=models.FloatField(default=0.0, help_text='share of the scans that two read, one of them without the pre-label'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(condition=models.Q(('with_pre_label', True)), fields=('image',), name='assignment_one_with_pre_label'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('with_pre_label', False), ('blind', True), _connector='OR'), name='assignment_with_pre_label_is_of_a_pair'),
        ),
        migrations.AddConstraint(
            model_name='site',
            constraint=models.CheckConstraint(condition=models.Q(('paired_share__gte', 0), ('paired_share__lte', 1)), name='site_paired_share_is_a_fraction'),
        ),
    ]
