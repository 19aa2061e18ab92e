"""Work that was begun before this was recorded: which pre-label its author had before them."""

from django.db import migrations
from django.db.models import Exists, OuterRef, Subquery

OTHERS_WORK = ("imported", "correction", "adjudication")


def record_offered(apps, schema_editor):
    annotation = apps.get_model("annotation", "Annotation")
    revision = apps.get_model("annotation", "Revision")
    suggestion = apps.get_model("annotation", "Suggestion")
    first = revision.objects.filter(annotation=OuterRef("pk"), number=1)
    begun = revision.objects.filter(annotation=OuterRef(OuterRef("pk")), number=1)
    offered = suggestion.objects.filter(
        image=OuterRef("image"),
        hidden=False,
        created_at__lte=Subquery(begun.values("created_at")[:1]),
    )
    annotation.objects.filter(blind=False, revision_count__gt=0).exclude(
        Exists(first.filter(origin__in=OTHERS_WORK))
    ).update(offered=Subquery(offered.order_by("-id").values("pk")[:1]))


class Migration(migrations.Migration):
    dependencies = [("annotation", "0010_paired_readings")]

    operations = [migrations.RunPython(record_offered, migrations.RunPython.noop)]
