"""Requests to the stand-in itself, which Graph does not have: faults, messages, held statuses."""

from dataclasses import asdict

from aiohttp import web

from wabot.simulation.graph.faults import Fault
from wabot.simulation.graph.http import STATE, answer, json_body
from wabot.simulation.graph.refusals import Refusal
from wabot.simulation.graph.statuses import EVERYTHING
from wabot.simulation.graph.templates import Template

PAGE = 500


async def add_fault(request: web.Request) -> web.Response:
    """Ask for a fault; the body is one `Fault`."""
    try:
        fault = Fault.from_json(await json_body(request))
        request.app[STATE].faults.add(fault)
    except ValueError as error:
        raise Refusal(100, str(error)) from error
    return answer({"success": True}, 201)


async def list_faults(request: web.Request) -> web.Response:
    """List the faults that are not used up."""
    return answer({"faults": [asdict(fault) for fault in request.app[STATE].faults.waiting()]})


async def clear_faults(request: web.Request) -> web.Response:
    """Drop all faults."""
    request.app[STATE].faults.clear()
    return answer({"success": True})


async def list_messages(request: web.Request) -> web.Response:
    """List accepted messages after `?after=SEQUENCE`, oldest first, at most a page of them."""
    journal = request.app[STATE].journal
    after = request.query.get("after", "0")
    if not after.isdecimal() or len(after) > 18:
        raise Refusal(100, "after must be a whole number")
    found = [asdict(message) for message in journal.messages if message.sequence > int(after)]
    return answer({"messages": found[:PAGE], "total": journal.total})


async def forget_messages(request: web.Request) -> web.Response:
    """Forget accepted messages."""
    request.app[STATE].journal.forget()
    return answer({"success": True})


async def hear_webhook(request: web.Request) -> web.Response:
    """Note who writes to which number: the body is the webhook that told the server."""
    request.app[STATE].windows.hear(await json_body(request))
    return answer({"success": True})


async def put_template(request: web.Request) -> web.Response:
    """Add a template or change one."""
    try:
        request.app[STATE].templates.put(Template.from_json(await json_body(request)))
    except ValueError as error:
        raise Refusal(100, str(error)) from error
    return answer({"success": True}, 201)


async def put_facts(request: web.Request) -> web.Response:
    """Say other things of a number or an account: `{"id": …, "facts": {"status": …}}`."""
    asked = await json_body(request)
    node, facts = asked.get("id"), asked.get("facts")
    if not isinstance(node, str) or not node.isdecimal() or not isinstance(facts, dict):
        raise Refusal(100, "the body has an id and facts, an object")
    known = request.app[STATE].facts
    if node not in known and len(known) >= PAGE:
        raise Refusal(100, f"facts of {PAGE} numbers and accounts at most")
    known[node] = {**known.get(node, {}), **facts}
    return answer({"success": True})


async def hold_statuses(request: web.Request) -> web.Response:
    """Keep back the statuses of `{"key": …}`, or of all messages without one."""
    request.app[STATE].statuses.hold(await _key(request))
    return answer({"success": True})


async def release_statuses(request: web.Request) -> web.Response:
    """End a hold."""
    request.app[STATE].statuses.release(await _key(request))
    return answer({"success": True})


async def _key(request: web.Request) -> str:
    key = (await json_body(request)).get("key", EVERYTHING) if request.can_read_body else EVERYTHING
    if not isinstance(key, str) or not key:
        raise Refusal(100, "key must be a wamid, a recipient or callback data")
    return key
