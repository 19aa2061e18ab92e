"""Readings of decided scans that still waited for a review: they are settled, and named as what
the reference was decided from."""

from django.db import migrations
from django.db.models import Exists, F, OuterRef

BATCH = 500
NO_CONTOUR = ("unusable", "skipped")
CORRECTIONS = ("correction", "adjudication")


def settle(apps, schema_editor):
    _settle_beside_references(apps)
    _settle_beside_decisions_without_contour(apps)
    _name_sources(apps)


def _settle_beside_references(apps):
    annotation = apps.get_model("annotation", "Annotation")
    current = apps.get_model("annotation", "Reference").objects.filter(
        image=OuterRef("image"), superseded_at__isnull=True
    )
    rested_on = current.filter(revision__annotation=OuterRef("pk"))
    corrected = current.filter(
        revision__based_on__annotation=OuterRef("pk"),
    )
    annotation.objects.filter(
        Exists(current), state__in=["submitted", "approved"], revision_count__gt=0
    ).exclude(Exists(rested_on)).exclude(Exists(corrected)).update(state="settled")


def _settle_beside_decisions_without_contour(apps):
    annotation = apps.get_model("annotation", "Annotation")
    revision = apps.get_model("annotation", "Revision")
    current = apps.get_model("annotation", "Reference").objects.filter(
        image=OuterRef("annotation__image"), superseded_at__isnull=True
    )
    decided = revision.objects.filter(
        annotation__state="approved",
        number=F("annotation__revision_count"),
        decision__in=NO_CONTOUR,
    ).exclude(Exists(current))
    of_image = decided.filter(annotation__image=OuterRef("image"))
    waiting = annotation.objects.filter(Exists(of_image), state="submitted", revision_count__gt=0)
    images = list(waiting.values_list("image", flat=True).distinct())
    waiting.update(state="settled")
    open_work = annotation.objects.filter(
        image=OuterRef("pk"), state__in=["draft", "returned"], revision_count__gt=0
    )
    for start in range(0, len(images), BATCH):
        chunk = images[start : start + BATCH]
        image = apps.get_model("annotation", "Image")
        image.objects.filter(pk__in=chunk).exclude(Exists(open_work)).update(state="unusable")


def _name_sources(apps):
    """Of each current reference the newest revision of every reading that was there by then."""
    reference = apps.get_model("annotation", "Reference")
    revision = apps.get_model("annotation", "Revision")
    source = reference.sources.through
    current = reference.objects.filter(superseded_at__isnull=True).order_by("pk")
    rows = list(current.values_list("pk", "image", "created_at"))
    for start in range(0, len(rows), BATCH):
        chunk = {image: (pk, at) for pk, image, at in rows[start : start + BATCH]}
        heads = revision.objects.filter(
            annotation__image__in=chunk,
            annotation__state__in=["approved", "settled"],
            number=F("annotation__revision_count"),
        ).exclude(origin__in=CORRECTIONS)
        source.objects.bulk_create(
            source(reference_id=chunk[image][0], revision_id=pk)
            for pk, image, at in heads.values_list("pk", "annotation__image", "created_at")
            if at <= chunk[image][1]
        )


class Migration(migrations.Migration):
    dependencies = [("annotation", "0016_decided_scans")]

    operations = [migrations.RunPython(settle, migrations.RunPython.noop)]
