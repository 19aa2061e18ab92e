"""Subjects, scans, images, labels, annotations, review, references, split and lock."""

from __future__ import annotations

from annotation.models.annotation import (
    HANDED_IN,
    Annotation,
    KeptOutline,
    Revision,
    RevisionContent,
    SourceFile,
)
from annotation.models.assignment import Assignment, Reservation
from annotation.models.guideline import Example
from annotation.models.image import Alignment, Calibration, Image, Signature
from annotation.models.importing import ImportProfile
from annotation.models.measured_frame import MeasuredFrame
from annotation.models.partition import (
    HELD_OUT,
    LOOK_BUDGET,
    NEVER_TRAINED,
    Lock,
    LockedImage,
    LockLook,
    Partition,
    Split,
    SubjectPartition,
)
from annotation.models.proposals import Correction, SealedChange
from annotation.models.review import Issue, Reference, Review
from annotation.models.scale import ImageArea, ScaleBasis
from annotation.models.scan import Scan, Take
from annotation.models.site import Label, LabelAlias, Site
from annotation.models.study import Centre, Membership, Study
from annotation.models.subject import Subject, Visit
from annotation.models.suggestion import Suggestion

__all__ = [
    "HANDED_IN",
    "HELD_OUT",
    "LOOK_BUDGET",
    "NEVER_TRAINED",
    "Alignment",
    "Annotation",
    "Assignment",
    "Calibration",
    "Centre",
    "Correction",
    "Example",
    "Image",
    "ImageArea",
    "ImportProfile",
    "Issue",
    "KeptOutline",
    "Label",
    "LabelAlias",
    "Lock",
    "LockLook",
    "LockedImage",
    "MeasuredFrame",
    "Membership",
    "Partition",
    "Reference",
    "Reservation",
    "Review",
    "Revision",
    "RevisionContent",
    "ScaleBasis",
    "Scan",
    "SealedChange",
    "Signature",
    "Site",
    "SourceFile",
    "Split",
    "Study",
    "Subject",
    "SubjectPartition",
    "Suggestion",
    "Take",
    "Visit",
]
