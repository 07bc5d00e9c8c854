"""What a run of load posted, and what the stand-in took: the side of the books that is ours."""

from collections import defaultdict
from dataclasses import dataclass, field

from wabot.simulation.graph.journal import SentMessage


@dataclass(slots=True)
class Posted:
    """A customer's message; times are of the generator's clock, `acknowledged` 0 before the 200.

    `confirms` marks a yes to an order by a customer whom every earlier message was answered.
    """

    wamid: str
    number: str
    contact: str
    timestamp: int
    posted: float
    acknowledged: float = 0.0
    confirms: bool = False


@dataclass(slots=True)
class Ledger:
    """All messages of a run, and the sequences under which each outgoing id was accepted."""

    posted: dict[str, Posted] = field(default_factory=dict)
    taken: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def post(self, message: Posted) -> None:
        """Note a message before its first delivery."""
        self.posted[message.wamid] = message

    def take(self, message: SentMessage) -> bool:
        """Note what the stand-in accepted; tell whether it is the first time."""
        sequences = self.taken[message.callback_data]
        sequences.append(message.sequence)
        return len(sequences) == 1
