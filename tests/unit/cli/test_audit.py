"""What an operator reads of an act on a terminal."""

from typing import Any

from wabot.cli.audit import for_people

MADE: dict[str, Any] = {
    "plan": "completo",
    "revision": "base_0003,tintoreria_0001",
    "template": "tintoreria",
    "isolation": "schema",
    "attached_events": 0,
    "phone_number_id": "106540352242925",
}


def test_a_creation_is_told_whole_and_its_values_as_they_are() -> None:
    told = for_people(MADE)
    assert told.endswith('"phone_number_id":"106540352242925"}')
    assert '"base_0003,tintoreria_0001"' in told


def test_what_goes_on_and_on_is_cut_between_two_things() -> None:
    told = for_people({"deactivated": [f"SKU-{number:03}" for number in range(300)]})
    assert len(told) <= 400
    assert told.endswith('", …')
