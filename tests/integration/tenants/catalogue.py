"""What PostgreSQL's catalogues say: of one tenant's namespace, and of everything."""

from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

_NAMESPACE = """
with space as (select oid from pg_namespace where nspname = %(schema)s),
rel as (select c.* from pg_class c join space on c.relnamespace = space.oid)
select 'table', relname::text, relkind::text, relpersistence::text, relrowsecurity::text,
       coalesce(reloptions::text, '')
from rel where relkind not in ('i')
union all
select 'column', rel.relname::text, a.attname::text, a.attnum::text,
       format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attidentity::text
           || ' ' || a.attgenerated::text,
       coalesce(pg_get_expr(d.adbin, d.adrelid), '')
from rel join pg_attribute a on a.attrelid = rel.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = rel.oid and d.adnum = a.attnum
where rel.relkind = 'r'
union all
select 'constraint', rel.relname::text, c.conname::text, c.contype::text, c.convalidated::text,
       pg_get_constraintdef(c.oid)
from rel join pg_constraint c on c.conrelid = rel.oid
union all
select 'index', rel.relname::text, '', i.indisvalid::text, i.indisunique::text,
       pg_get_indexdef(i.indexrelid)
from rel join pg_index i on i.indrelid = rel.oid
union all
select 'trigger', rel.relname::text, t.tgname::text, '', '', pg_get_triggerdef(t.oid)
from rel join pg_trigger t on t.tgrelid = rel.oid and not t.tgisinternal
union all
select 'sequence', s.seqrelid::regclass::text, s.seqstart::text, s.seqincrement::text, '', ''
from rel join pg_sequence s on s.seqrelid = rel.oid
"""

_RIGHTS = """
select c.relname::text, string_agg(a.privilege_type, ',' order by a.privilege_type)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace and n.nspname = %(schema)s,
lateral aclexplode(c.relacl) a
join pg_roles r on r.oid = a.grantee and r.rolname = %(role)s
group by 1 order by 1
"""

_EVERYTHING = """
select 'schema', nspname::text, coalesce(obj_description(oid, 'pg_namespace'), '')
from pg_namespace where nspname !~ '^pg_(toast_)?temp'
union all
select 'relation', c.oid::regclass::text, c.relkind::text from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
union all
select 'default right', defaclnamespace::regnamespace::text, defaclacl::text from pg_default_acl
union all
select 'row', 'client', id::text from wabot.clients
union all
select 'row', 'audit', id::text from wabot.audit_log
union all
select 'row', 'registry', version::text from wabot.registry
union all
select 'row', 'inbox', format('%%s %%s %%s', id, client_id, state) from wabot.inbox
union all
select 'row', 'conversation', format('%%s %%s', client_id, contact) from wabot.conversations
union all
select 'member', r.rolname::text, m.rolname::text from pg_auth_members a
join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member
where r.rolname = any(%(roles)s)
union all
select 'role', rolname::text, '' from pg_roles where rolname = any(%(roles)s)
"""


def namespace(connection: Connection, schema: str) -> set[tuple[str, ...]]:
    """Describe a schema's contents, its own name replaced, so that two can be compared."""
    rows = connection.execute(_NAMESPACE, {"schema": schema}).fetchall()
    return {tuple(str(value).replace(schema, "SCHEMA") for value in row) for row in rows}


def rights(connection: Connection, schema: str, role: str) -> dict[str, str]:
    """Return what a role may do with each table of a schema."""
    return dict(connection.execute(_RIGHTS, {"schema": schema, "role": role}).fetchall())


def everything(connection: Connection, *roles: str) -> set[tuple[str, ...]]:
    """Describe the database and the named roles: roles of other tests live on the same server."""
    return set(connection.execute(_EVERYTHING, {"roles": list(roles)}).fetchall())
