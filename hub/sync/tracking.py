"""Database triggers that note every change of a row that a person decides about: also bulk changes and plain SQL.

A model lists them in its Meta: `triggers = noted("sku", ...)`. What they write is hub.sync.models.Change; who it was
they read from the session's settings, which hub.sync.changed_by sets.
"""

from __future__ import annotations

from collections.abc import Sequence

import pgtrigger
from django.db.models import Model

CHANGED = "note_changed"
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


def is_noted(model: type[Model]) -> bool:
    """Whether changes of this model's rows are noted."""
    triggers = getattr(model._meta, "triggers", [])
    return not model._meta.proxy and any(trigger.name == CHANGED for trigger in triggers)


def _array(names: Sequence[str]) -> str:
    quoted = ", ".join(f"'{name}'" for name in names)
    return f"ARRAY[{quoted}]::text[]"
