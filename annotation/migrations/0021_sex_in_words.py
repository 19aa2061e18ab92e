"""Sex is male, female or not recorded: known spellings are mapped, and what nobody can read is kept
in the audit trail, named there with its subject, and said while migrating."""

from django.db import migrations
from django.utils import timezone

from core.services.audit import GENESIS, event_hash
from domain.errors import InvalidInput
from domain.sex import NOT_RECORDED, sex_from


def map_spellings(apps, schema_editor):
    subjects = apps.get_model("annotation", "Subject").objects
    for text in subjects.exclude(sex="").values_list("sex", flat=True).order_by("sex").distinct():
        of_text = subjects.filter(sex=text)
        try:
            known = sex_from(text)
        except InvalidInput:
            _report(apps, text, of_text)
            known = NOT_RECORDED
        of_text.update(sex=known)


def _report(apps, text, of_text):
    for study in apps.get_model("annotation", "Study").objects.filter(subjects__in=of_text).distinct():
        codes = list(of_text.filter(study=study).values_list("code", flat=True).order_by("code"))
        print(f"\n  sex {text!r} of {len(codes)} subjects of {study.name} is not recorded from now on")
        _record(apps, study.name, {"sex": text, "subjects": codes})


def _record(apps, scope, details):
    head, _ = apps.get_model("core", "AuditHead").objects.get_or_create(
        pk=1, defaults={"hash": GENESIS}
    )
    event = apps.get_model("core", "AuditEvent")(
        sequence=head.sequence + 1,
        at=timezone.now(),
        actor_name="Myotrace",
        verb="sex not understood",
        scope=scope,
        details=details,
        previous_hash=head.hash,
    )
    event.hash = event_hash(event)
    event.save(force_insert=True)
    head.sequence, head.hash = event.sequence, event.hash
    head.save()


class Migration(migrations.Migration):
    dependencies = [("annotation", "0020_label_names"), ("core", "0002_user_identity")]

    operations = [migrations.RunPython(map_spellings, migrations.RunPython.noop)]
