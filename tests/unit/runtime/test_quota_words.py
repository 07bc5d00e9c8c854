"""What the operator reads of a limit that is reached."""

from dataclasses import replace
from uuid import UUID

from wabot.domain.placement import schema_placement
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Quota
from wabot.services.runtime.quota import used_in_words

SHOP = Tenant(
    id=UUID(int=1),
    slug="bodega",
    name="Bodega",
    phone_number_id="1",
    plan="basico",
    placement=schema_placement(UUID(int=1)),
    token="",
)


def test_a_limit_that_is_agreed_apart_from_the_plan_is_not_called_the_plans() -> None:
    assert used_in_words(SHOP, Quota(800, 1_000)) == (
        "bodega used 800 of the 1,000 messages that its plan basico has for this month."
    )
    assert used_in_words(replace(SHOP, plan="premium"), Quota(3, 3)) == (
        "bodega used 3 of the 3 messages agreed with it for this month"
        " (its plan premium has 25,000)."
    )
