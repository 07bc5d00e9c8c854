"""Messages of all kinds and sizes, up to Meta's limits."""

from hypothesis import strategies as st

from wabot.domain.message import (
    Button,
    ButtonsMessage,
    ContactRequest,
    ListMessage,
    LocationRequest,
    OutboundMessage,
    Row,
    Section,
    TemplateMessage,
    TextMessage,
)


def words(limit: int) -> st.SearchStrategy[str]:
    """Return texts that are not blank, often as long as they may be."""
    written = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=min(limit, 30))
    longest = st.sampled_from("xñ👍").map(lambda letter: letter * limit)
    return (
        (written | longest).map(lambda text: text[:limit]).filter(lambda text: text.strip() != "")
    )


def ids(limit: int) -> st.SearchStrategy[str]:
    """Return ids that are rarely equal, often as long as they may be."""
    return st.integers(0, 999).flatmap(
        lambda n: st.sampled_from([f"{n}", f"{n:03d}" + "i" * (limit - 3)])
    )


buttons = st.lists(
    st.builds(Button, ids(256), words(20)),
    min_size=1,
    max_size=3,
    unique_by=(lambda button: button.id, lambda button: button.title),
)
rows = st.builds(Row, ids(200), words(24), words(72) | st.sampled_from(["", "  "]))


@st.composite
def lists(draw: st.DrawFn) -> ListMessage:
    """Draw a list of one or two sections."""
    pool = draw(st.lists(rows, min_size=1, max_size=10, unique_by=lambda row: row.id))
    cut = draw(st.integers(1, len(pool)))
    groups = [group for group in (pool[:cut], pool[cut:]) if group]
    titles = words(24) if len(groups) > 1 else words(24) | st.sampled_from(["", " "])
    sections = tuple(Section(tuple(group), draw(titles)) for group in groups)
    return ListMessage(draw(words(4096)), draw(words(20)), sections)


messages: st.SearchStrategy[OutboundMessage] = st.one_of(
    st.builds(TextMessage, words(4096)),
    st.builds(LocationRequest, words(1024)),
    st.builds(ContactRequest, words(1024)),
    st.builds(ButtonsMessage, words(1024), st.builds(tuple, buttons)),
    lists(),
    st.builds(
        TemplateMessage,
        st.from_regex(r"[a-z0-9_]{1,40}", fullmatch=True),
        st.sampled_from(["es", "es_MX"]),
        st.lists(words(1024).map(lambda text: " ".join(text.split())).filter(bool)).map(tuple),
    ),
)
