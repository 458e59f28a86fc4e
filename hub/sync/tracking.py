"""Database triggers that note every change of a row that a person decides about: also bulk changes and plain SQL.

A model lists them in its Meta: `triggers = noted("sku", ...)`. What they write is hub.sync.models.Change; who it was
they read from the session's settings, which hub.sync.changed_by sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pgtrigger
from django.apps import apps
from django.db.models import Model

CHANGED, PART = "note_changed", "note_part"
BY, ORIGIN = "concord.changed_by", "concord.origin"

_NOTE = """
was := COALESCE(to_jsonb(OLD), '{{}}') - {unseen};
becomes := COALESCE(to_jsonb(NEW), '{{}}') - {unseen};
subject := CASE WHEN TG_OP = 'DELETE' THEN was ELSE becomes END;
FOREACH part IN ARRAY {named} LOOP
    -- Values of this column are not ours to show: only which of its keys became others.
    SELECT jsonb_agg(key ORDER BY key) INTO others
    FROM (SELECT jsonb_object_keys(COALESCE(was->part, '{{}}') || COALESCE(becomes->part, '{{}}')) AS key) AS keys
    WHERE was->part->key IS DISTINCT FROM becomes->part->key;
    was := was - part;
    becomes := CASE WHEN others IS NULL THEN becomes - part ELSE jsonb_set(becomes, ARRAY[part], others) END;
END LOOP;
INSERT INTO sync_change (changed_at, operation, table_name, object_id, title, before, after, changed_by, origin)
SELECT clock_timestamp(), lower(TG_OP), TG_TABLE_NAME, COALESCE(NEW.id, OLD.id),
       left(concat_ws(' ', {title}), 250),
       COALESCE((SELECT jsonb_object_agg(key, value) FROM jsonb_each(was)
                 WHERE value IS DISTINCT FROM becomes->key), '{{}}'),
       COALESCE((SELECT jsonb_object_agg(key, value) FROM jsonb_each(becomes)
                 WHERE value IS DISTINCT FROM was->key), '{{}}'),
       COALESCE(current_setting('{by}', true), ''), COALESCE(current_setting('{origin}', true), '');
RETURN NULL;
"""


def noted(
    *title: str, unseen: Sequence[str] = (), only_keys_of: Sequence[str] = ()
) -> list[pgtrigger.Trigger]:
    """Triggers for one model. `title` are the columns that name a row to people; all arguments are column names.

    `unseen` columns are no decisions (or secret) and are never noted; a change of them alone notes nothing. Of
    `only_keys_of`, JSON objects, the names of the keys that changed are noted and never a value.
    """
    declared = [
        ("was", "jsonb"),
        ("becomes", "jsonb"),
        ("subject", "jsonb"),
        ("others", "jsonb"),
        ("part", "text"),
    ]
    ignored = ["id", *unseen]
    func = _NOTE.format(
        unseen=_array(ignored),
        named=_array(only_keys_of),
        title=", ".join(f"subject->>'{column}'" for column in title) or "NULL",
        by=BY,
        origin=ORIGIN,
    )
    made_or_gone = pgtrigger.Trigger(
        name="note_made_or_gone",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Delete,
        declare=declared,
        func=func,
    )
    changed = pgtrigger.Trigger(
        name=CHANGED,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        condition=pgtrigger.AnyChange(exclude=ignored),
        declare=declared,
        func=func,
    )
    return [made_or_gone, changed]


_NOTE_PART = """
IF TG_OP <> 'INSERT' THEN was := jsonb_build_object('{name}', COALESCE({old}, 'no longer there')); END IF;
IF TG_OP <> 'DELETE' THEN becomes := jsonb_build_object('{name}', COALESCE({new}, 'no longer there')); END IF;
IF {unless} THEN RETURN NULL; END IF;
INSERT INTO sync_change (changed_at, operation, table_name, object_id, title, before, after, changed_by, origin)
SELECT clock_timestamp(), 'update', '{table}', whole,
       left(COALESCE((SELECT {title} FROM {table} WHERE id = whole), ''), 250),
       was, becomes, COALESCE(current_setting('{by}', true), ''), COALESCE(current_setting('{origin}', true), '');
RETURN NULL;
"""


@dataclass(frozen=True, slots=True)
class Named:
    """A row of another table, by the column that holds its key, and what it is called there: an SQL expression."""

    column: str
    table: str
    title: str

    def title_of(self, row: str) -> str:
        """The title of what OLD or NEW points to."""
        return f"(SELECT {self.title} FROM {self.table} WHERE id = {row}.{self.column})"


def noted_part(name: str, whole: Named, part: Named, *, unless: str = "false") -> list[pgtrigger.Trigger]:
    """Triggers for a table that joins two others: what the `whole` was given, or lost, is noted as a change of it.

    `name` is what such parts are called. Nothing is noted where the SQL expression `unless` is true; `becomes` is
    what will be noted as the new value.
    """
    func = _NOTE_PART.format(
        name=name,
        old=part.title_of("OLD"),
        new=part.title_of("NEW"),
        table=whole.table,
        title=whole.title,
        unless=unless,
        by=BY,
        origin=ORIGIN,
    )
    operation = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete
    declared = [("was", "jsonb = '{}'"), ("becomes", "jsonb = '{}'")]
    declared.append(("whole", f"bigint = COALESCE(NEW.{whole.column}, OLD.{whole.column})"))
    return [
        pgtrigger.Trigger(name=PART, when=pgtrigger.After, operation=operation, declare=declared, func=func)
    ]


@cache
def noted_tables() -> frozenset[str]:
    """The tables whose rows are noted. A library's table has its triggers at a proxy of ours."""
    return frozenset(
        model._meta.db_table
        for model in apps.get_models()
        if any(trigger.name == CHANGED for trigger in getattr(model._meta, "triggers", []))
    )


def is_noted(model: type[Model]) -> bool:
    """Whether changes of this model's rows are noted."""
    return model._meta.db_table in noted_tables()


def _array(names: Sequence[str]) -> str:
    quoted = ", ".join(f"'{name}'" for name in names)
    return f"ARRAY[{quoted}]::text[]"
