"""Batches, statuses, echoes, accounts, and what is none of these."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.payloads import ANA, PHONE_NUMBER_ID, envelope, load, text_message
from wabot.domain.conversation.events import PersonWrote, TextReceived
from wabot.domain.inbound import (
    AccountNotice,
    Echo,
    IdentityChange,
    InboundMessage,
    Item,
    Malformed,
    Pricing,
    StatusError,
    StatusUpdate,
    parse_webhook,
)
from wabot.simulation.inbound_payloads import Person, change, message, text, webhook

RECEIVED = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)
NEW_USER_ID = "MX.70010000000000000099"


def items(name: str) -> list[Item]:
    return parse_webhook(load(name), RECEIVED)


def status(name: str) -> StatusUpdate:
    [item] = items(name)
    assert isinstance(item, StatusUpdate)
    return item


def test_every_message_of_every_change_of_every_entry_is_read() -> None:
    found = items("batch")

    assert len(found) == 12
    assert all(isinstance(item, InboundMessage) for item in found)
    assert len({item.dedup_key for item in found}) == 12
    assert {(item.waba_id, item.phone_number_id) for item in found} == {
        ("900100200300", "106500000000001"),
        ("900100200301", "106500000000002"),
    }


def test_each_message_of_a_batch_gets_its_own_senders_name() -> None:
    for item in items("batch"):
        assert isinstance(item, InboundMessage)
        assert item.profile_name == f"Cliente {item.wa_id[-2:]}"


def test_messages_come_before_statuses() -> None:
    kinds = [type(item) for item in items("statuses_beside_messages")]

    assert kinds == [InboundMessage, StatusUpdate, StatusUpdate]


def test_broken_items_of_a_batch_do_not_disturb_the_others() -> None:
    found = items("batch_with_broken_items")

    texts = [i.happening for i in found if isinstance(i, InboundMessage)]
    assert texts[0] == TextReceived("antes")
    assert texts[-1] == TextReceived("después")
    assert len([i for i in found if isinstance(i, StatusUpdate)]) == 1
    assert [i.reason for i in found if isinstance(i, Malformed)] == [
        "message is no object",
        "a message without id",
        "a status without id or status",
        "a change without field or value",
        "a change without field or value",
    ]


@pytest.mark.parametrize("word", ["sent", "delivered", "read", "played", "failed"])
def test_a_status_names_the_message_the_recipient_and_our_own_id(word: str) -> None:
    update = status(f"status_{word}")

    assert update.status == word
    assert update.wamid.endswith("SHOP01")
    assert update.wa_id == ANA.wa_id
    assert update.callback_data == "0192f3a0-0000-7000-8000-000000000001"


def test_pricing_is_read_with_and_without_the_billable_flag() -> None:
    assert status("status_sent").pricing == Pricing("service", "regular", "PMP", billable=True)
    free = status("status_sent_without_conversation").pricing
    assert free == Pricing("service", "free_customer_service", "PMP", billable=None)
    assert status("status_read").pricing is None


def test_a_failure_tells_its_code_although_its_contact_has_no_profile() -> None:
    update = status("status_failed")

    assert update.errors == (
        StatusError(131026, "Message undeliverable", "Message Undeliverable."),
    )
    assert update.contact == ANA.wa_id


def test_error_data_may_be_a_bare_string() -> None:
    [error] = status("status_failed_window").errors

    assert (error.code, error.details) == (131047, "More than 24 hours have passed")


def test_a_status_without_phone_number_names_the_user_id() -> None:
    update = status("status_without_phone")

    assert (update.wa_id, update.contact) == ("", ANA.user_id)


def test_a_group_status_names_the_participant() -> None:
    assert status("status_in_group").wa_id == ANA.wa_id


def test_statuses_of_one_message_differ_and_a_second_delivery_does_not() -> None:
    keys = [status(f"status_{word}").dedup_key for word in ("sent", "delivered", "read", "sent")]

    assert len(set(keys)) == 3
    assert keys[0] == keys[3]


@pytest.mark.parametrize(
    ("name", "wa_id", "user_id"),
    [("echo", ANA.wa_id, ""), ("echo_without_phone", "", ANA.user_id)],
)
def test_an_echo_is_a_person_writing_to_the_customer(name: str, wa_id: str, user_id: str) -> None:
    [echo] = items(name)

    assert isinstance(echo, Echo)
    assert (echo.wa_id, echo.user_id) == (wa_id, user_id)
    assert echo.happening == PersonWrote()
    assert echo.text.startswith("Hola Ana")
    assert echo.phone_number_id == PHONE_NUMBER_ID


@pytest.mark.parametrize("name", ["number_changed", "number_changed_as_formerly"])
def test_a_changed_number_links_the_old_with_the_new(name: str) -> None:
    [moved] = items(name)

    assert isinstance(moved, IdentityChange)
    assert (moved.previous_wa_id, moved.wa_id) == (ANA.wa_id, "5215550100009")
    assert moved.contact == ANA.wa_id


@pytest.mark.parametrize("name", ["user_id_changed", "user_id_update"])
def test_a_changed_user_id_links_the_old_with_the_new(name: str) -> None:
    [moved] = items(name)

    assert isinstance(moved, IdentityChange)
    assert (moved.previous_user_id, moved.user_id) == (ANA.user_id, NEW_USER_ID)


@pytest.mark.parametrize(
    ("name", "field", "event"),
    [
        ("account_update", "account_update", "ACCOUNT_RESTRICTION"),
        ("account_throughput", "phone_number_quality_update", "THROUGHPUT_UPGRADE"),
        ("account_errors", "messages", ""),
        ("field_of_the_future", "moon_phase_update", ""),
        ("identity_key_changed", "system", "customer_identity_changed"),
        ("text_in_group", "group_message", "text"),
    ],
)
def test_what_is_nobodys_message_is_a_notice(name: str, field: str, event: str) -> None:
    [notice] = items(name)

    assert isinstance(notice, AccountNotice)
    assert (notice.field, notice.event) == (field, event)
    assert notice.waba_id == "900100200300"


def test_an_error_beside_a_message_is_kept_as_a_notice() -> None:
    message, notice = items("interactive_without_object")

    assert isinstance(message, InboundMessage)
    assert isinstance(notice, AccountNotice)
    assert notice.value["errors"][0]["code"] == 131000


def test_the_same_news_at_another_time_is_other_news() -> None:
    first, later = load("account_update"), load("account_update")
    later["entry"][0]["time"] += 3600
    keys = [parse_webhook(body, RECEIVED)[0].dedup_key for body in (first, later, first)]

    assert keys[0] == keys[2] != keys[1]
    assert parse_webhook(later, RECEIVED)[0].occurred_at.timestamp() == 1772452812 + 3600


@pytest.mark.parametrize(
    "body",
    [None, [], "text", 7, {}, {"object": "page", "entry": []}, {"object": "instagram"}],
)
def test_a_body_of_another_kind_is_one_malformed_item(body: Any) -> None:
    [item] = parse_webhook(body, RECEIVED)

    assert isinstance(item, Malformed)
    assert item.reason == "not a webhook of a WhatsApp account"


def test_a_message_without_sender_or_number_is_malformed() -> None:
    nobody = message(Person(), *text("hola"), timestamp=1)
    no_number = webhook([change("", messages=[nobody])])

    [first] = parse_webhook(webhook([change(PHONE_NUMBER_ID, messages=[nobody])]), RECEIVED)
    [second] = parse_webhook(no_number, RECEIVED)

    assert isinstance(first, Malformed)
    assert first.reason == "a message without a sender"
    assert isinstance(second, Malformed)
    assert second.reason == "a message without phone_number_id"


@pytest.mark.parametrize("stamp", ["", "soon", None, -5, "99999999999999999", {}, True, "1e400"])
def test_an_unusable_time_gives_way_to_the_time_of_arrival(stamp: Any) -> None:
    body = text_message("hola")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = stamp

    assert parse_webhook(body, RECEIVED)[0].occurred_at == RECEIVED


def test_what_a_database_cannot_hold_is_taken_out() -> None:
    body = text_message("ho\0la \ud83d")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["huge"] = 10**400
    body["entry"][0]["changes"][0]["value"]["messages"][0]["deep\0"] = float("inf")

    [item] = parse_webhook(body, RECEIVED)

    assert isinstance(item, InboundMessage)
    assert item.happening == TextReceived("hola ?")
    assert (item.raw["huge"], item.raw["deep"]) == (None, None)


def test_a_card_of_somebody_else_does_not_lend_its_name() -> None:
    stranger = Person("5215550100077", "Otro").card()
    sent = message(ANA, *text("hola"), timestamp=1772452800)

    [item] = parse_webhook(
        webhook([change(PHONE_NUMBER_ID, messages=[sent], contacts=[stranger])]), RECEIVED
    )

    assert isinstance(item, InboundMessage)
    assert item.profile_name == ""


def test_an_entry_without_changes_is_malformed_and_the_next_is_read() -> None:
    body = envelope()
    body["entry"] = [{"id": "1"}, *text_message("hola")["entry"]]

    message, broken = parse_webhook(body, RECEIVED)

    assert isinstance(message, InboundMessage)
    assert isinstance(broken, Malformed)
