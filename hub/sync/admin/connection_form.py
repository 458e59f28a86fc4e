"""The form of a connection: one field for each setting of its connector, secrets kept and never shown."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from hub.connectors.base import ConfigField
from hub.connectors.registry import connector_class
from hub.sync.models import Connection
from hub.sync.models.connections import time_zones

LONGEST_SETTING = 500
OWN_FIELDS = ("name", "code", "time_zone", "is_enabled", "may_write")


class ConnectionForm(forms.ModelForm[Connection]):
    """What every connection has; `form_for` adds the settings of a system."""

    system_key: ClassVar[str] = ""

    class Meta:
        model = Connection
        fields = OWN_FIELDS
        help_texts = {"name": "As your people call it. It is shown wherever the connection is meant."}

    time_zone = forms.ChoiceField(
        choices=lambda: [(zone, zone) for zone in time_zones()],
        initial="UTC",
        help_text="Dates on documents (the order date) are computed in it. Take the one that the system itself uses.",
        widget=UnfoldAdminSelectWidget(),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, value in cleaned.items():
            if isinstance(value, str) and "\x00" in value:
                self.add_error(name, "It contains a NUL character.")
        return cleaned

    def save(self, commit: bool = True) -> Connection:
        self.instance.system = self.system_key
        self.instance.config = self._settings(self.instance.config or {}, is_secret=False)
        self.instance.secrets = self._settings(self.instance.secrets or {}, is_secret=True)
        return super().save(commit)

    def _settings(self, stored: dict[str, str], *, is_secret: bool) -> dict[str, str]:
        """What is stored with what was entered; what the form does not know stays as it is."""
        result = dict(stored)
        for field in connector_class(self.system_key).config_fields:
            if field.is_secret != is_secret:
                continue
            given = str(self.cleaned_data.get(setting(field)) or "")
            if given:
                result[field.name] = given
            elif not is_secret or self.cleaned_data.get(forgetting(field)):
                # An empty setting means its default; an empty secret keeps what is stored.
                result.pop(field.name, None)
        return result


def setting(field: ConfigField) -> str:
    """The form field of a setting."""
    return f"setting_{field.name}"


def forgetting(field: ConfigField) -> str:
    """The form field that forgets a stored secret."""
    return f"forget_{field.name}"


def form_for(system: str, stored: Connection | None) -> type[ConnectionForm]:
    """The form of this system's connections; `stored` is the connection that is changed, None for a new one."""
    declared: dict[str, Any] = {"system_key": system}
    for field in connector_class(system).config_fields:
        if not field.is_secret:
            declared[setting(field)] = _plain(field, (stored.config if stored else {}) or {})
            continue
        is_stored = bool(stored and (stored.secrets or {}).get(field.name))
        declared[setting(field)] = _secret(field, is_stored)
        if is_stored and not field.is_required:
            declared[forgetting(field)] = forms.BooleanField(
                required=False, label=f"Forget the {field.label.lower()}", widget=UnfoldBooleanSwitchWidget()
            )
    return type("ConnectionFormOfSystem", (ConnectionForm,), declared)


def setting_names(form: type[ConnectionForm]) -> list[str]:
    """The names of a form's settings in the order in which the connector lists them."""
    return [name for name in form.base_fields if name.startswith(("setting_", "forget_"))]


def _plain(field: ConfigField, stored: dict[str, str]) -> forms.Field:
    options: dict[str, Any] = {
        "label": field.label,
        "help_text": field.help,
        "required": field.is_required and not field.default,
        "initial": stored.get(field.name, field.default),
    }
    if field.choices:
        return forms.ChoiceField(choices=field.choices, widget=UnfoldAdminSelectWidget(), **options)
    return forms.CharField(max_length=LONGEST_SETTING, widget=UnfoldAdminTextInputWidget(), **options)


def _secret(field: ConfigField, is_stored: bool) -> forms.Field:
    state = (
        "One is stored; leave this empty to keep it." if is_stored else "Stored encrypted, never shown again."
    )
    return forms.CharField(
        label=field.label,
        help_text=f"{field.help} {state}",
        required=field.is_required and not is_stored,
        max_length=LONGEST_SETTING * 10,
        widget=UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "new-password"}),
    )
