"""Statements that make a column or a table what it was, whatever becomes of its data."""

from dataclasses import dataclass

from wabot.repositories.provisioning.rendering import quoted


@dataclass(frozen=True, slots=True)
class _Column:
    type: str
    not_null: bool
    generated: str
    default: str


def alter_column(table: str, name: str, expected: str, found: str) -> tuple[str, ...]:
    """Return the statement between two definitions of a column; none where it is a generated one.

    `table` is qualified already.
    """
    wanted, there = _column(expected), _column(found)
    if wanted.generated != there.generated:
        return ()
    actions = []
    retyped = wanted.type != there.type
    if there.default and (retyped or wanted.default != there.default):
        # A default of another type may stand in the way of the new one.
        actions.append("DROP DEFAULT")
    if retyped:
        actions.append(f"TYPE {wanted.type} USING {quoted(name)}::{wanted.type}")
    if wanted.default and (retyped or wanted.default != there.default):
        actions.append(f"SET DEFAULT {wanted.default}")
    if wanted.not_null != there.not_null:
        actions.append("SET NOT NULL" if wanted.not_null else "DROP NOT NULL")
    changes = ", ".join(f"ALTER COLUMN {quoted(name)} {action}" for action in actions)
    return (f"ALTER TABLE {table} {changes}",) if actions else ()


def alter_table(table: str, expected: str, found: str) -> tuple[str, ...]:
    """Return the statement between two definitions of a table: `r p f {fillfactor=50}`."""
    (kind, logged, secured, options), other = _table(expected), _table(found)
    if kind != other[0]:
        return ()
    actions = []
    if logged != other[1]:
        actions.append("SET LOGGED" if logged == "p" else "SET UNLOGGED")
    if secured != other[2]:
        actions.append(f"{'ENABLE' if secured == 't' else 'DISABLE'} ROW LEVEL SECURITY")
    if extra := [option.partition("=")[0] for option in other[3] if option not in options]:
        actions.append(f"RESET ({', '.join(extra)})")
    if missing := [option for option in options if option not in other[3]]:
        actions.append(f"SET ({', '.join(missing)})")
    return (f"ALTER TABLE {table} {', '.join(actions)}",) if actions else ()


def _column(definition: str) -> _Column:
    # A type holds neither word; what follows them may hold anything.
    before, _, default = definition.partition(" DEFAULT ")
    if " GENERATED " in before:
        before, default = definition, ""
    before, _, generated = before.partition(" GENERATED ")
    return _Column(
        before.removesuffix(" NOT NULL"), before.endswith(" NOT NULL"), generated, default
    )


def _table(definition: str) -> tuple[str, str, str, list[str]]:
    kind, logged, secured, *options = definition.split(" ", 3)
    listed = options[0].strip("{}").split(",") if options else []
    return kind, logged, secured, listed
