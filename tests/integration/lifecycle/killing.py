"""Use cases that die at a chosen step, as a power cut would end them.

Every call that a use case makes to the ports it was composed with is a step, so is the moment
right after it; each commit and each statement as well where a test asks for it. The process ends
itself with SIGKILL when its count is reached: nothing is cleaned up.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Engine, event

from wabot.container import Provisioning, tenants_at
from wabot.errors import Refused

# What a composition imports when it is asked: once for all deaths, not once for each.
_LAZY = [
    "phonenumbers",
    "alembic.operations",
    "alembic.migration",
    "wabot.gateways.encryption",
    "wabot.gateways.pg_dump",
    "wabot.repositories.provisioning.copies",
    "wabot.repositories.provisioning.exports",
    "wabot.repositories.provisioning.removals",
    "wabot.repositories.provisioning.template_folders",
    "wabot.repositories.provisioning.tenants",
    "wabot.services.provisioning.clone",
    "wabot.services.provisioning.create",
    "wabot.services.provisioning.delete",
    "wabot.services.provisioning.import_",
]


class Fuse:
    """Counts steps and ends the process at the one it was set to."""

    def __init__(self, at: int) -> None:
        self._left = at

    def step(self, *_: object) -> None:
        self._left -= 1
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def listen(self, kind: str) -> None:
        """Let each event of that kind of SQLAlchemy's engines be a step, before it is done."""
        event.listen(Engine, kind, lambda *_: self.step())


class Killing:
    """A port whose every call may be the last: before it does anything, or right after."""

    def __init__(self, port: object, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._fuse.step()
            result = found(*args, **kwargs)
            self._fuse.step()
            return result

        return call


@dataclass(frozen=True)
class Run:
    """One use case over one central database.

    `compose` takes it from the composition (`attrgetter("delete")`), `ports` names its fields to
    be wrapped, `act` calls it (`methodcaller("run", …)`): both travel to another process.
    """

    owner_url: str
    keys: tuple[bytes, ...]
    compose: Callable[[Provisioning], Any]
    act: Callable[[Any], Any]
    ports: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    def once(self) -> Any:
        """Run it to its end, here; a server may need a moment to notice who died."""
        for _ in range(50):
            try:
                with tenants_at(self.owner_url, keys=self.keys) as provisioning:
                    return self.act(self.compose(provisioning))
            except Refused as error:
                if not error.retryable:
                    raise
                time.sleep(0.1)
        raise AssertionError("what the dead process held is still held")

    def dies_at(self, step: int) -> bool:
        """Run it in a process that dies at the step; tell whether it came that far."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__, *_LAZY])
        process = context.Process(target=_run, args=(self, step))
        process.start()
        process.join(60)
        assert process.exitcode in {0, -signal.SIGKILL}, f"ended with {process.exitcode}"
        return process.exitcode != 0

    def deaths(self) -> Iterator[int]:
        """Die at one step after the other, yielding each; ends with a run that came to its end."""
        step = 0
        while self.dies_at(step):
            yield step
            step += 1


def _run(run: Run, step: int) -> None:
    fuse = Fuse(step)
    for kind in run.events:
        fuse.listen(kind)
    with tenants_at(run.owner_url, keys=run.keys) as provisioning:
        use_case = run.compose(provisioning)
        wrapped = {name: Killing(getattr(use_case, name), fuse) for name in run.ports}
        run.act(replace(use_case, **wrapped))
