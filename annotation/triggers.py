"""What the database itself refuses in this app's tables."""

from __future__ import annotations

from core.triggers import Trigger, append_only, register

WITHDRAWN = (
    "NOT EXISTS (SELECT 1 FROM annotation_revision r"
    " JOIN annotation_annotation a ON a.id = r.annotation_id"
    " JOIN annotation_image i ON i.id = a.image_id"
    " JOIN annotation_subject s ON s.id = i.subject_id"
    " WHERE r.id = OLD.revision_id AND s.withdrawn_at IS NOT NULL)"
)
GAP = (
    "NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM annotation_revision"
    " WHERE annotation_id = NEW.annotation_id)"
)
EVER_SEALED = "EXISTS (SELECT 1 FROM annotation_lockedimage l WHERE l.subject_id = OLD.subject_id)"
SEALED = (
    "SELECT 1 FROM annotation_lockedimage l JOIN annotation_lock k ON k.id = l.lock_id"
    " AND NOT EXISTS (SELECT 1 FROM annotation_lock n"
    " WHERE n.site_id = k.site_id AND n.version > k.version)"
)
SEALED_NOW = f"EXISTS ({SEALED} WHERE l.subject_id = OLD.subject_id)"
TEST_OF_A_LOCKED_STUDY = (
    "(OLD.partition = 'test' AND EXISTS (SELECT 1 FROM annotation_lock k"
    " JOIN annotation_site s ON s.id = k.site_id"
    " JOIN annotation_subject u ON u.study_id = s.study_id WHERE u.id = OLD.subject_id))"
)
MOVES_A_LOCKED_SUBJECT = (
    f"{SEALED_NOW} OR ({TEST_OF_A_LOCKED_STUDY} AND NOT (NEW.partition = 'train'"
    f" AND NEW.subject_id = OLD.subject_id AND {EVER_SEALED}))"
)
LEAVES_THE_RESERVE = (
    "OLD.partition = 'reserve' AND (NEW.partition NOT IN ('reserve', 'test')"
    " OR NEW.subject_id <> OLD.subject_id)"
)
CORRECTED = (
    "EXISTS (SELECT 1 FROM annotation_correction c"
    " JOIN annotation_lockedimage l ON l.id = c.locked_id"
    " WHERE l.image_id = OLD.image_id AND c.state = 'proposed' AND c.revision_id IS NOT NULL)"
)
WITHDREW = (
    "EXISTS (SELECT 1 FROM annotation_image i"
    " JOIN annotation_subject u ON u.id = i.subject_id"
    " WHERE i.id = OLD.image_id AND u.withdrawn_at IS NOT NULL)"
)
SUPERSEDES_A_SEALED_REFERENCE = (
    "NEW.superseded_at IS NOT NULL AND OLD.superseded_at IS NULL"
    f" AND EXISTS ({SEALED} WHERE l.image_id = OLD.image_id AND l.revision_id = OLD.revision_id)"
    f" AND NOT {CORRECTED} AND NOT {WITHDREW}"
)
SCALE_PROPOSED = (
    "EXISTS (SELECT 1 FROM annotation_sealedchange c"
    " JOIN annotation_lockedimage m ON m.id = c.locked_id WHERE m.image_id = OLD.id"
    " AND c.state = 'proposed' AND c.calibration_id = NEW.calibration_id)"
)
SCALES_A_SEALED_IMAGE = (
    "COALESCE(NEW.calibration_id, 0) <> COALESCE(OLD.calibration_id, 0)"
    f" AND EXISTS ({SEALED} WHERE l.image_id = OLD.id) AND NOT {SCALE_PROPOSED}"
)
TAKE_PROPOSED = (
    "EXISTS (SELECT 1 FROM annotation_sealedchange c"
    " WHERE c.state = 'proposed' AND c.take_id = NEW.selected_take_id)"
)
SELECTS_IN_A_SEALED_SCAN = (
    "COALESCE(NEW.selected_take_id, 0) <> COALESCE(OLD.selected_take_id, 0)"
    f" AND EXISTS ({SEALED} JOIN annotation_image i ON i.id = l.image_id"
    f" JOIN annotation_take t ON t.id = i.take_id WHERE t.scan_id = OLD.id) AND NOT {TAKE_PROPOSED}"
)
FRAME_PROPOSED = (
    "EXISTS (SELECT 1 FROM annotation_sealedchange c"
    " JOIN annotation_lockedimage m ON m.id = c.locked_id"
    " JOIN annotation_image f ON f.id = m.image_id"
    " WHERE f.take_id = NEW.take_id AND c.state = 'proposed'"
    " AND (c.frame_id = NEW.image_id OR (c.by_rule AND NEW.image_id IS NULL)))"
)
MEASURES_A_SEALED_SWEEP = (
    f"EXISTS ({SEALED} JOIN annotation_image i ON i.id = l.image_id"
    f" WHERE i.take_id = NEW.take_id) AND NOT {FRAME_PROPOSED}"
)
OF_TEST_SUBJECT = (
    "EXISTS (SELECT 1 FROM annotation_image i"
    " JOIN annotation_subjectpartition p ON p.subject_id = i.subject_id"
    " WHERE i.id = NEW.image_id AND p.partition IN ('test', 'reserve'))"
)
BUDGET_SPENT = (
    "(SELECT COUNT(*) FROM annotation_locklook l WHERE l.lock_id = NEW.lock_id)"
    " >= (SELECT k.look_budget FROM annotation_lock k WHERE k.id = NEW.lock_id)"
)


def register_all() -> None:
    """Register the triggers; core installs them after every migrate."""
    for table, what in (
        ("annotation_revision", "revisions"),
        ("annotation_review", "reviews"),
        ("annotation_calibration", "calibrations"),
        ("annotation_imagearea", "confirmed image areas"),
        ("annotation_measuredframe", "choices of a frame"),
        ("annotation_lock", "locks"),
        ("annotation_lockedimage", "locked images"),
        ("annotation_locklook", "looks at a lock"),
        ("annotation_reference_sources", "the sources of a reference"),
    ):
        register(*append_only(table, what))
    register(
        Trigger(
            "annotation_revision_no_gap",
            "annotation_revision",
            "INSERT",
            "revision numbers run without a gap",
            GAP,
        ),
        Trigger(
            "annotation_revisioncontent_no_update",
            "annotation_revisioncontent",
            "UPDATE",
            "the regions of a revision are never changed",
        ),
        Trigger(
            "annotation_revisioncontent_no_delete",
            "annotation_revisioncontent",
            "DELETE",
            "the regions of a revision are erased only when its subject withdrew consent",
            WITHDRAWN,
        ),
        Trigger(
            "annotation_reference_no_edit",
            "annotation_reference",
            "UPDATE",
            "a reference is superseded, never edited",
            "NEW.image_id <> OLD.image_id OR NEW.revision_id <> OLD.revision_id"
            " OR NEW.how <> OLD.how OR NEW.accepted_by_id <> OLD.accepted_by_id"
            " OR COALESCE(NEW.replaces_id, 0) <> COALESCE(OLD.replaces_id, 0)"
            " OR NEW.reason <> OLD.reason"
            " OR OLD.superseded_at IS NOT NULL",
        ),
        Trigger(
            "annotation_reference_no_delete",
            "annotation_reference",
            "DELETE",
            "a reference is superseded, never deleted",
        ),
        Trigger(
            "annotation_reference_of_lock_stays",
            "annotation_reference",
            "UPDATE",
            "a sealed reference is superseded by a proposed correction only",
            SUPERSEDES_A_SEALED_REFERENCE,
        ),
        Trigger(
            "annotation_correction_no_edit",
            "annotation_correction",
            "UPDATE",
            "what was proposed and what was decided is never changed",
            "OLD.state <> 'proposed' OR NEW.locked_id <> OLD.locked_id OR NEW.reason <> OLD.reason"
            " OR NEW.proposed_by_id <> OLD.proposed_by_id",
        ),
        Trigger(
            "annotation_correction_no_delete",
            "annotation_correction",
            "DELETE",
            "a proposed correction is never deleted",
        ),
        Trigger(
            "annotation_image_scale_of_lock_stays",
            "annotation_image",
            "UPDATE",
            "the scale of a sealed image changes with a new version of the lock only",
            SCALES_A_SEALED_IMAGE,
        ),
        Trigger(
            "annotation_scan_take_of_lock_stays",
            "annotation_scan",
            "UPDATE",
            "the selected take of a sealed scan changes with a new version of the lock only",
            SELECTS_IN_A_SEALED_SCAN,
        ),
        Trigger(
            "annotation_measuredframe_of_lock_stays",
            "annotation_measuredframe",
            "INSERT",
            "the measured frame of a sealed sweep changes with a new version of the lock only",
            MEASURES_A_SEALED_SWEEP,
        ),
        Trigger(
            "annotation_sealedchange_no_edit",
            "annotation_sealedchange",
            "UPDATE",
            "what was proposed and what was decided is never changed",
            "OLD.state <> 'proposed' OR NEW.locked_id <> OLD.locked_id OR NEW.reason <> OLD.reason"
            " OR NEW.proposed_by_id <> OLD.proposed_by_id"
            " OR COALESCE(NEW.calibration_id, 0) <> COALESCE(OLD.calibration_id, 0)"
            " OR COALESCE(NEW.take_id, 0) <> COALESCE(OLD.take_id, 0)"
            " OR COALESCE(NEW.frame_id, 0) <> COALESCE(OLD.frame_id, 0)"
            " OR NEW.by_rule <> OLD.by_rule",
        ),
        Trigger(
            "annotation_sealedchange_no_delete",
            "annotation_sealedchange",
            "DELETE",
            "a proposed change is never deleted",
        ),
        Trigger(
            "annotation_subjectpartition_stays",
            "annotation_subjectpartition",
            "UPDATE",
            "a subject of a locked test set stays where it is",
            MOVES_A_LOCKED_SUBJECT,
        ),
        Trigger(
            "annotation_subjectpartition_reserved",
            "annotation_subjectpartition",
            "UPDATE",
            "a subject of the reserve becomes a test subject, or stays where it is",
            LEAVES_THE_RESERVE,
        ),
        Trigger(
            "annotation_subjectpartition_is_kept",
            "annotation_subjectpartition",
            "DELETE",
            "a subject of a locked test set or of the reserve stays where it is",
            f"{EVER_SEALED} OR {TEST_OF_A_LOCKED_STUDY} OR OLD.partition = 'reserve'",
        ),
        Trigger(
            "annotation_locklook_within_budget",
            "annotation_locklook",
            "INSERT",
            "the look budget of this lock is spent",
            BUDGET_SPENT,
        ),
        Trigger(
            "annotation_suggestion_not_for_test",
            "annotation_suggestion",
            "INSERT",
            "scans of test subjects are read without a pre-label",
            f"NOT NEW.hidden AND {OF_TEST_SUBJECT}",
        ),
        Trigger(
            "annotation_image_of_lock_stays",
            "annotation_image",
            "UPDATE",
            "an image of a locked test set stays with its subject, site and pixels",
            "(NEW.subject_id <> OLD.subject_id OR NEW.site_id <> OLD.site_id"
            " OR NEW.pixel_sha256 <> OLD.pixel_sha256)"
            " AND EXISTS (SELECT 1 FROM annotation_lockedimage l WHERE l.image_id = OLD.id)",
        ),
    )
