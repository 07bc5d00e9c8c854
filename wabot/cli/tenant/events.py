"""What is said of a shop's events that waited."""

from wabot.domain.counted import counted


def attached(count: int) -> str:
    """Tell that events which came before their shop belong to it."""
    many = "events that waited for its number are its own now"
    return counted(count, "event that waited for its number is its own now", many)


def handled(count: int) -> str:
    """Tell that events which waited while the shop stood still go on."""
    return counted(count, "event that waited is handled now", "events that waited are handled now")
