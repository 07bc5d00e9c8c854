"""The shops' Meta apps: those whose webhooks this installation can verify."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from wabot.checks.model import Check, Outcome, bad, good, skip, warn
from wabot.domain.counted import counted

_FEW = 3


class BoundShops(Protocol):
    """The shops by the app they are bound to, and the apps whose secrets are at hand."""

    known: Collection[str]
    main: str
    place: str

    async def by_app(self) -> Mapping[str, Sequence[str]]:
        """Return the slugs of the shops by the app that each is bound to, in order."""
        ...


async def _apps(shops: BoundShops) -> Outcome:
    if not shops.main:
        return skip("WHATSAPP_APP_ID is not set: what its secret signs is taken for every shop")
    bound = await shops.by_app()
    foreign = {app: slugs for app, slugs in bound.items() if app not in shops.known}
    if not foreign:
        return good(f"{', '.join(bound)}" if bound else "no shop is bound to an app yet")
    named = "; ".join(f"{app}: {_named(slugs)}" for app, slugs in foreign.items())
    told = (
        "their customers' messages are kept and not answered, for they are bound to an app that is"
        f" neither WHATSAPP_APP_ID ({shops.main}) nor in WHATSAPP_MORE_APPS ({named})"
    )
    app, slugs = next(iter(foreign.items()))
    fix = (
        f"if {shops.main} is their app: wabot tenant update {slugs[0]} --app-id {shops.main}"
        f"{' (each of them)' if sum(map(len, foreign.values())) > 1 else ''}; if {app} is:"
        f" correct {shops.place}, or add {app} with its secret to WHATSAPP_MORE_APPS"
    )
    count = sum(map(len, foreign.values()))
    if len(foreign) == len(bound):
        return bad(f"no shop is served: {told}", fix)
    # Refusing to start for some would be the outage of all others.
    return warn(f"{counted(count, 'shop is', 'shops are')} not served: {told}", fix)


def _named(slugs: Sequence[str]) -> str:
    more = len(slugs) - _FEW
    return ", ".join(slugs[:_FEW]) + (f" and {more} more" if more > 0 else "")


APPS = (Check("database.apps", "each shop's app is one of ours", _apps, ("database.revision",)),)
