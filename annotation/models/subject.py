"""The person scanned and the dates on which that happened."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotation.models.study import Centre, Study
from core.identities import IdentityField
from domain import sex as sexes


class Subject(models.Model):
    """The person scanned, by pseudonymous code. `age` in years at enrolment."""

    class Sex(models.TextChoices):
        MALE = sexes.MALE, "male"
        FEMALE = sexes.FEMALE, "female"
        NOT_RECORDED = sexes.NOT_RECORDED, "not recorded"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="subjects")
    code = models.CharField(max_length=64)
    identity = IdentityField(source="code", length=64)
    centre = models.ForeignKey(
        Centre, null=True, blank=True, on_delete=models.PROTECT, related_name="subjects"
    )
    cohort = models.CharField(max_length=60, blank=True)
    sex = models.CharField(max_length=6, choices=Sex.choices, default=Sex.NOT_RECORDED, blank=True)
    age = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["study", "code"], name="subject_code_once_per_study"),
            models.UniqueConstraint(
                fields=["study", "identity"], name="subject_identity_once_per_study"
            ),
            models.CheckConstraint(
                condition=Q(age__isnull=True) | (Q(age__gte=0) & Q(age__lte=130)),
                name="subject_age_is_plausible",
            ),
            models.CheckConstraint(
                condition=Q(sex__in=(sexes.MALE, sexes.FEMALE, sexes.NOT_RECORDED)),
                name="subject_sex_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Visit(models.Model):
    """One date of a subject; the date is empty where it is unknown."""

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="visits")
    date = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["subject", "date"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "date"], name="visit_date_once_per_subject"),
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(date__isnull=True),
                name="visit_undated_once_per_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject}, {self.date or 'date unknown'}"
