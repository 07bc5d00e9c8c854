"""POST /{version}/{phone_number_id}/messages."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from wabot.simulation.graph.config import MESSAGING, Number
from wabot.simulation.graph.faults import Fault
from wabot.simulation.graph.http import (
    STATE,
    answer,
    authorise_number,
    drop_connection,
    json_body,
)
from wabot.simulation.graph.messages import check_message, check_read_receipt, recipient_of
from wabot.simulation.graph.refusals import Refusal
from wabot.simulation.graph.state import State
from wabot.simulation.inbound_payloads import new_wamid


async def post_message(request: web.Request) -> web.Response:
    """Take a message as Meta would: token, shape, faults asked for, limits of speed."""
    state = request.app[STATE]
    number = authorise_number(request)
    if MESSAGING not in number.scopes:
        raise Refusal(10, "(#10) Application does not have permission for this action")
    body = await json_body(request)
    if "status" in body:
        check_read_receipt(body)
        return answer({"success": True})
    check_message(body)
    recipient = recipient_of(body)
    if recipient[0] and recipient[0] == number.display_phone_number.lstrip("+"):
        raise Refusal(131021, "Sender and recipient phone number is the same")
    fault = state.faults.take(number.phone_number_id, recipient)
    if fault is not None and (spoilt := await _before(request, state, fault)) is not None:
        return spoilt
    state.rates.check(number.phone_number_id, recipient[0] or recipient[1])
    kind = str(body.get("type", "text"))
    state.windows.check(number.phone_number_id, recipient, kind)
    if kind == "template":
        state.templates.check(body["template"], number.waba_id)
    accepted = await _accept(state, number, recipient, body, fault)
    return await _after(request, state, fault) or accepted


async def _before(request: web.Request, state: State, fault: Fault) -> web.Response | None:
    """Return the answer in place of taking the message, if the fault is of that kind."""
    if fault.code is not None:
        raise Refusal(fault.code, fault.details, retry_after=fault.retry_after)
    if fault.http is not None:
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else None
        page = "<html><body>Sorry, something went wrong.</body></html>"
        return web.Response(text=page, status=fault.http, content_type="text/html", headers=headers)
    if fault.timeout is not None:
        await state.pause(fault.timeout)
        return drop_connection(request)
    return drop_connection(request) if fault.drop else None


async def _accept(
    state: State,
    number: Number,
    recipient: tuple[str, str],
    body: Mapping[str, Any],
    fault: Fault | None,
) -> web.Response:
    wamid = new_wamid()
    message = await state.journal.record(number.phone_number_id, wamid, recipient, body)
    state.statuses.add(message, fault.fail_status if fault else None)
    to, user_id = recipient
    contact = {"input": body["to"], "wa_id": to} if to else {"input": user_id, "user_id": user_id}
    return answer(
        {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": wamid}]}
    )


async def _after(request: web.Request, state: State, fault: Fault | None) -> web.Response | None:
    """Return the answer in place of the good one, if the fault is of that kind."""
    if fault is None:
        return None
    if fault.delay is not None:
        await state.pause(fault.delay)
    if fault.drop_after_accept:
        return drop_connection(request)
    return web.Response(text="<html>OK</html>") if fault.garbage else None
