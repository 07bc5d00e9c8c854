"""Move a tenant to another place while its customers write: nothing is lost, nothing doubled.

Steps that may each be done again: whoever is killed anywhere gives the same command again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from wabot.domain.counted import counted
from wabot.domain.places import Places
from wabot.domain.tenant import Isolation, Placement, Tenant, TenantStatus
from wabot.errors import Refused, WabotError
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.places import (
    CENTRAL,
    DatabaseAt,
    check_place,
    draw_place,
    is_at,
    with_passwords,
)
from wabot.services.provisioning.ports import Tenants, TokenCipher
from wabot.services.provisioning.present_key import prove_key
from wabot.services.provisioning.unfinished import finish_move

PATIENCE = 60.0
_LOOK_EVERY = 0.1
_STUCK = "Giving the move up failed too: wabot tenant move {} --cancel"
_MOVABLE = (TenantStatus.ACTIVE, TenantStatus.SUSPENDED)


class MoveStep(StrEnum):
    """The steps, in order; the last only when it is asked for."""

    PAUSE = "pause"
    DRAIN = "drain"
    CLOSE = "close"
    COPY = "copy"
    SWITCH = "switch"
    DROP = "drop"


class Moves(Protocol):
    """What a move does to the central tables and to the two places."""

    def turn(self, slug: str) -> AbstractContextManager[None]:
        """Keep other acts away from the tenant; Conflict when one is under way."""
        ...

    def read(self, slug: str) -> tuple[Tenant, Places]:
        """Return the tenant and its places as they are now."""
        ...

    def survey(self, tenant: Tenant, to: Placement) -> None:
        """Refuse a place that cannot take the tenant; nothing is changed."""
        ...

    def pause(self, tenant: Tenant, places: Places, *, actor: str) -> None:
        """Write the move down: from now on no server takes the tenant's messages."""
        ...

    def at_work(self, tenant: Tenant) -> int:
        """Count the tenant's conversations that servers still hold."""
        ...

    def close(self, tenant: Tenant, place: Placement) -> None:
        """Take the tenant's rights away, once nobody is in the middle of writing."""
        ...

    def copy(self, tenant: Tenant, source: Placement, to: Placement) -> Mapping[str, int]:
        """Make the new place anew and copy every row; return rows by table, verified by sums."""
        ...

    def switch(self, tenant: Tenant, places: Places, *, actor: str, rows: Mapping[str, int]) -> int:
        """Let servers work in the new place; return how many events waited."""
        ...

    def give_up(self, tenant: Tenant, places: Places, *, actor: str) -> None:
        """Open the present place again and take back what the move made."""
        ...

    def drop(self, tenant: Tenant, places: Places, former: Placement, *, actor: str) -> Places:
        """Drop a former place with what belongs to it; return the places that are left."""
        ...


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """Where to; `drop_source` drops every former place once the tenant is where it is asked."""

    slug: str
    isolation: Isolation
    at: DatabaseAt = CENTRAL
    drop_source: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did. `rows` by table are those copied; `former` places are kept."""

    tenant: Tenant
    source: Placement
    moved: bool
    rows: Mapping[str, int] = field(default_factory=dict)
    waited: int = 0
    dropped: Sequence[Placement] = ()
    former: Sequence[Placement] = ()


def _silent(_step: MoveStep) -> None:
    return


@dataclass(frozen=True, slots=True)
class MoveTenant:
    """The use case; `on_step` is told of every step before it is done."""

    tenants: Tenants
    moves: Moves
    cipher: Callable[[], TokenCipher]
    actor: str
    now: Callable[[], datetime]
    patience: float = PATIENCE
    sleep: Callable[[float], None] = time.sleep

    def run(
        self,
        asked: MoveRequest,
        *,
        dry_run: bool = False,
        on_step: Callable[[MoveStep], None] = _silent,
    ) -> Moved:
        """Move the tenant, or go on with a move that was begun; asking again changes nothing."""
        find_tenant(self.tenants, asked.slug)
        with self.moves.turn(asked.slug):
            tenant, places = self.moves.read(asked.slug)
            source = places.current
            under_way = places.move is not None
            if not under_way and _is_asked(source, tenant, asked):
                drop = asked.drop_source and not dry_run
                return self._stay(tenant, places, drop=drop, on_step=on_step)
            places = self._plan(tenant, places, asked)
            assert places.move is not None
            target = replace(tenant, placement=places.move.to)
            if dry_run:
                return Moved(target, source, moved=False, former=places.former)
            if not under_way:
                on_step(MoveStep.PAUSE)
                self.moves.pause(tenant, places, actor=self.actor)
            rows, waited = self._carry(tenant, places, on_step)
            places = Places(places.move.to, (*places.former, source))
            done = self._drop(target, places, on_step) if asked.drop_source else ()
        return Moved(
            replace(self.tenants.find(asked.slug) or target),
            source,
            moved=True,
            rows=rows,
            waited=waited,
            dropped=done,
            former=tuple(place for place in places.former if place not in done),
        )

    def drop_former(
        self,
        slug: str,
        *,
        dry_run: bool = False,
        on_step: Callable[[MoveStep], None] = _silent,
    ) -> Moved:
        """Drop what is kept of former places; the tenant stays where it is."""
        find_tenant(self.tenants, slug)
        with self.moves.turn(slug):
            tenant, places = self.moves.read(slug)
            if places.move is not None:
                raise _being_moved(tenant, places.move.to)
            return self._stay(tenant, places, drop=not dry_run, on_step=on_step)

    def cancel(self, slug: str) -> Moved:
        """Give a move up that was begun: the tenant goes on where it is."""
        find_tenant(self.tenants, slug)
        with self.moves.turn(slug):
            tenant, places = self.moves.read(slug)
            if places.move is not None:
                self.moves.give_up(tenant, places, actor=self.actor)
        return Moved(tenant, places.current, moved=places.move is not None, former=places.former)

    def _stay(
        self,
        tenant: Tenant,
        places: Places,
        *,
        drop: bool,
        on_step: Callable[[MoveStep], None],
    ) -> Moved:
        done = self._drop(tenant, places, on_step) if drop else ()
        left = tuple(place for place in places.former if place not in done)
        return Moved(tenant, places.current, moved=False, dropped=done, former=left)

    def _plan(self, tenant: Tenant, places: Places, asked: MoveRequest) -> Places:
        """Return the places with the move in them; refuse what cannot be."""
        if places.move is not None:
            if not _is_asked(places.move.to, tenant, asked):
                raise _being_moved(tenant, places.move.to)
            return places
        if tenant.status not in _MOVABLE:
            raise Refused(
                f"tenant {tenant.slug} is {tenant.status.value} and cannot be moved",
                hint=f"See it with: wabot tenant show {tenant.slug}",
            )
        check_place(asked.isolation, asked.at, tenant.allowance(self.now()))
        to = draw_place(tenant.id, asked.isolation, asked.at)
        if to.address in {former.address for former in places.former}:
            raise Refused(
                f"a former copy of {tenant.slug} is still kept there; nothing was changed",
                hint=f"Drop it first: wabot tenant move {tenant.slug} --drop-source",
            )
        if to.server:
            cipher = self.cipher()
            prove_key(self.tenants, cipher)
            to = with_passwords(to, tenant.id, asked.at, cipher)
        self.moves.survey(tenant, to)
        return places.moving(to, tenant.status)

    def _carry(
        self, tenant: Tenant, places: Places, on_step: Callable[[MoveStep], None]
    ) -> tuple[Mapping[str, int], int]:
        assert places.move is not None
        try:
            on_step(MoveStep.DRAIN)
            self._drain(tenant)
            on_step(MoveStep.CLOSE)
            self.moves.close(tenant, places.current)
            on_step(MoveStep.COPY)
            rows = self.moves.copy(tenant, places.current, places.move.to)
            on_step(MoveStep.SWITCH)
        except BaseException as error:
            # A shop that waits for a move that failed would wait for ever.
            try:
                self.moves.give_up(tenant, places, actor=self.actor)
            except WabotError as stuck:
                if isinstance(error, WabotError):
                    error.hint = f"{error.hint} {_STUCK.format(tenant.slug)} ({stuck.message})"
            raise
        return rows, self.moves.switch(tenant, places, actor=self.actor, rows=rows)

    def _drain(self, tenant: Tenant) -> None:
        """Wait for the conversations that were at work when the pause was written down."""
        waited = 0.0
        while self.moves.at_work(tenant):
            if waited >= self.patience:
                raise Refused(
                    f"a server still holds conversations of {tenant.slug} after"
                    f" {counted(round(self.patience), 'second')}; nothing was changed",
                    hint="Look at the servers' logs, then try again.",
                    retryable=True,
                )
            self.sleep(_LOOK_EVERY)
            waited += _LOOK_EVERY

    def _drop(
        self,
        tenant: Tenant,
        places: Places,
        on_step: Callable[[MoveStep], None],
    ) -> tuple[Placement, ...]:
        if not places.former:
            return ()
        on_step(MoveStep.DROP)
        left = places
        for former in places.former:
            left = self.moves.drop(tenant, left, former, actor=self.actor)
        return places.former


def _is_asked(place: Placement, tenant: Tenant, asked: MoveRequest) -> bool:
    """Tell whether a place is the one asked for.

    Without the name of a server it is any database: a shop that has one elsewhere was brought
    there on purpose, and an option left out must not carry it away.
    """
    if asked.isolation is Isolation.DATABASE and asked.at == CENTRAL:
        return place.isolation is Isolation.DATABASE
    return is_at(place, tenant.id, asked.isolation, asked.at)


def _being_moved(tenant: Tenant, to: Placement) -> Refused:
    return Refused(
        f"tenant {tenant.slug} is being moved to {to.isolation.value}"
        f" {to.database or to.schema} already",
        hint=f"Finish it with: {finish_move(tenant.slug, to)};"
        f" or give it up with: wabot tenant move {tenant.slug} --cancel",
    )
