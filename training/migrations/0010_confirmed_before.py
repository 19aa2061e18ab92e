"""Decisions from before confirmations stood with them: which one each rested on."""

from django.db import migrations


def find_confirmations(apps, schema_editor):
    decisions = apps.get_model("training", "GateDecision").objects
    confirmations = apps.get_model("training", "Confirmation").objects
    decisions.filter(promotes=False, confirmation=None).update(unconfirmed="")
    for decision in decisions.filter(promotes=True, confirmation=None):
        found = confirmations.filter(
            model_id=decision.model_id,
            current_id=decision.current_id,
            created_at__lte=decision.created_at,
        ).order_by("-id").first()
        if found is not None:
            decisions.filter(pk=decision.pk).update(confirmation=found, unconfirmed="")


class Migration(migrations.Migration):
    dependencies = [("training", "0009_device_leases")]

    operations = [migrations.RunPython(find_confirmations, migrations.RunPython.noop)]
