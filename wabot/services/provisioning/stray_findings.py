"""What is told of things that belong to no client, or to one who lives elsewhere."""

from wabot.domain.counted import counted
from wabot.domain.drift import Finding
from wabot.services.provisioning.survey_ports import Stray

CORRECT = "correct db_connection_config in wabot.clients; what it says: wabot tenant show {}"


def finding_of(stray: Stray) -> Finding:
    """Return what is told of a stray thing, and what removes it."""
    if stray.server:
        return _on_server(stray)
    if stray.slug and stray.kind == "database":
        return _database_elsewhere(stray)
    if stray.slug:
        return Finding(
            "",
            f"misplaced_{stray.kind}",
            f"{stray.kind} {stray.name} says that it belongs to {stray.slug}, whose placement is"
            f" elsewhere; it holds {counted(stray.tables, 'table')}",
            CORRECT.format(stray.slug),
        )
    whose = (
        f"belongs to client {stray.client}, who is not there"
        if stray.client
        else "has a name that wabot gives, and belongs to no client here"
    )
    what = f"{stray.kind} {stray.name} {whose}"
    if stray.tables:
        what += f", and holds {counted(stray.tables, 'table')}"
    if not stray.sql:
        return Finding(
            "",
            f"orphan_{stray.kind}",
            what,
            f"if no other installation has it: DROP {stray.kind.upper()} {stray.name};",
        )
    safe = bool(stray.client) and not stray.tables
    return Finding(
        "",
        f"orphan_{stray.kind}",
        what,
        "wabot tenant doctor --all --fix" + ("" if safe else f" --confirm {stray.name}"),
        (stray.sql,),
        safe=safe,
        confirm=stray.name,
    )


def _database_elsewhere(stray: Stray) -> Finding:
    return Finding(
        "",
        "misplaced_database",
        f"database {stray.name} says that it belongs to {stray.slug}, whose placement is elsewhere:"
        " it may hold all that this shop has",
        f"if it was renamed, rename it to what wabot tenant show {stray.slug} says: ALTER DATABASE"
        f" {stray.name} RENAME TO …; otherwise {CORRECT.format(stray.slug)}",
    )


def _on_server(stray: Stray) -> Finding:
    what = f"{stray.kind} {stray.name} on {stray.server}"
    drop = f"there: DROP {stray.kind.upper()} {stray.name};"
    if stray.slug:
        return Finding(
            "",
            f"misplaced_{stray.kind}",
            f"{what} is of {stray.slug}, which has no place on that server",
            f"if nothing of it is needed any more, {drop}",
        )
    return Finding(
        "",
        f"orphan_{stray.kind}",
        f"{what} is of client {stray.client}, who is not there",
        f"if no other installation has it, {drop}",
    )
