"""The conversation as a pure function: `step(before, event, shop, now) -> Step`."""
