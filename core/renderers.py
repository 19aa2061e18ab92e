"""How forms are written: one template for every field, its error beside it."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """The project's `FORM_RENDERER`: `{{ form }}` comes out in the look of the site."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
