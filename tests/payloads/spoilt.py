"""Hypothesis strategies of webhook bodies that are not as they should be."""

import copy
from typing import Any

from hypothesis import strategies as st

from tests.payloads import load, names

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20)
    | st.sampled_from(["text", "image", "order", "system", "1e999", "nan", "5215550100001"])
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=10) | st.sampled_from(["id", "type"]), inner, max_size=4)
    ),
    max_leaves=12,
)
bodies = {name: load(name) for name in names()}


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [at, *(path for key in keys for path in paths(value[key], (*at, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Take a recorded body and spoil some of its parts."""
    body = copy.deepcopy(bodies[draw(st.sampled_from(sorted(bodies)))])
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from([path for path in paths(body) if path]))
        place = body
        for key in parents:
            place = place[key]
        if draw(st.booleans()):
            place[last] = draw(anything)
        else:
            del place[last]
        if not paths(body)[1:]:
            break
    return body
