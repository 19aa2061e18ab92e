"""What the database itself refuses in this app's tables."""

from __future__ import annotations

from annotation.selectors.partitions import TEST_IMAGES
from core.triggers import Trigger, append_only, register

OF_TEST_SUBJECT = f"EXISTS ({TEST_IMAGES} WHERE i.id = NEW.image_id)"
SEES_TEST_PIXELS = (
    f"EXISTS ({TEST_IMAGES} JOIN annotation_site s ON s.study_id = i.study_id"
    " WHERE s.id = NEW.site_id AND i.pixel_sha256 IN ({hashes}))"
)
ON_SQLITE = (
    "SELECT json_extract(item.value, '$.pixel_sha256') FROM json_each(NEW.manifest, '$.items') item"
)
ON_POSTGRESQL = (
    "SELECT item ->> 'pixel_sha256' FROM jsonb_array_elements(NEW.manifest -> 'items') item"
)


def register_all() -> None:
    """Register the triggers; core installs them after every migrate."""
    for table, what in (
        ("training_snapshot", "snapshots"),
        ("training_gateconfigurationversion", "gate configurations"),
        ("training_gatedecision", "gate decisions"),
        ("training_confirmation", "confirmations"),
        ("training_pictureopening", "openings of test pictures"),
    ):
        register(*append_only(table, what))
    register(
        Trigger(
            "training_snapshot_without_test",
            "training_snapshot",
            "INSERT",
            "no picture of a test subject enters a snapshot",
            SEES_TEST_PIXELS.format(hashes=ON_SQLITE),
            SEES_TEST_PIXELS.format(hashes=ON_POSTGRESQL),
        ),
        Trigger(
            "training_pick_without_test",
            "training_pick",
            "INSERT",
            "no scan of a test subject is asked for in a query round",
            OF_TEST_SUBJECT,
        ),
    )
