"""What the client sends, the stand-in takes, and every mishap has its outcome."""

import asyncio
import socket
from datetime import timedelta

import pytest
from aiohttp import web

from tests.contract.conftest import NUMBER, TOKEN
from wabot.domain.delivery import Accepted, Reaction, Rejected, SendOutcome, Unknown
from wabot.domain.message import (
    Button,
    ButtonsMessage,
    ContactRequest,
    ListMessage,
    LocationRequest,
    OutboundMessage,
    Recipient,
    Row,
    Section,
    TemplateMessage,
    TextMessage,
)
from wabot.gateways.whatsapp import GraphClient
from wabot.simulation.graph import Fault, GraphConfig, StandInGraph

ANA = Recipient(wa_id="5215550100001")
HELLO = TextMessage("hola")

MESSAGES: dict[str, OutboundMessage] = {
    "text": TextMessage("¡Hola, Ana! 👋 Precio: $28.00 / kg"),
    "longest text": TextMessage("x" * 4096),
    "buttons": ButtonsMessage(
        "¿Confirmas?", (Button("1:yes", "Confirmar"), Button("1:change", "Cambiar"))
    ),
    "largest buttons": ButtonsMessage(
        "x" * 1024, tuple(Button(f"{n}" + "i" * 255, f"{n}" + "t" * 19) for n in range(3))
    ),
    "list": ListMessage("Elige", "Ver", (Section((Row("1:a", "Arroz", "$28.00 por kg"),)),)),
    "largest list": ListMessage(
        "x" * 4096,
        "b" * 20,
        tuple(
            Section(
                tuple(Row(f"{s}{r}" + "i" * 198, f"{s}{r}" + "t" * 22, "d" * 72) for r in range(5)),
                "s" * 24,
            )
            for s in range(2)
        ),
    ),
    "location request": LocationRequest("¿Dónde te lo llevamos?"),
    "contact request": ContactRequest("¿A qué número te llamamos?"),
    "template": TemplateMessage("pedido_nuevo", "es_MX", ("P-101", "Ana · +52 55 5010 0001")),
    "template without parameters": TemplateMessage("buenos_dias", "es"),
    "longest template": TemplateMessage("n" * 512, "es_MX", ("x" * 1024,)),
}


async def send(
    client: GraphClient,
    message: OutboundMessage = HELLO,
    *,
    recipient: Recipient = ANA,
    callback_data: str = "row-1",
) -> SendOutcome:
    return await client.send(NUMBER, TOKEN, recipient, message, callback_data)


@pytest.mark.parametrize("name", MESSAGES)
async def test_every_kind_of_message_is_accepted(
    name: str, client: GraphClient, graph: StandInGraph
) -> None:
    outcome = await send(client, MESSAGES[name])

    assert isinstance(outcome, Accepted), graph.journal.refusals
    [taken] = graph.messages
    assert outcome == Accepted(taken.wamid, wa_id=ANA.wa_id)
    sent = MESSAGES[name]
    if isinstance(sent, TemplateMessage):
        assert (taken.template, taken.parameters) == (sent.name, sent.parameters)
    else:
        assert taken.text == sent.body
    assert taken.callback_data == "row-1"


async def test_a_phone_number_goes_out_with_its_plus_sign(
    client: GraphClient, graph: StandInGraph
) -> None:
    await send(client)
    await send(client, recipient=Recipient(wa_id="+5215550100001"))

    assert [m.body["to"] for m in graph.messages] == ["+5215550100001"] * 2


async def test_a_customer_without_a_phone_is_reached_by_user_id(
    client: GraphClient, graph: StandInGraph
) -> None:
    outcome = await send(client, recipient=Recipient(user_id="MX.70010000000000000001"))

    [taken] = graph.messages
    assert outcome == Accepted(taken.wamid, user_id="MX.70010000000000000001")
    assert "to" not in taken.body


async def test_the_phone_takes_precedence_over_the_user_id(
    client: GraphClient, graph: StandInGraph
) -> None:
    await send(client, recipient=Recipient("5215550100001", "MX.70010000000000000001"))

    assert "recipient" not in graph.messages[0].body


async def test_messages_are_seen_in_the_order_in_which_they_were_taken(
    client: GraphClient, graph: StandInGraph
) -> None:
    for number in range(5):
        await send(client, TextMessage(f"mensaje {number}"))

    seen = [(await graph.next_message()).text for _ in range(5)]
    assert seen == [f"mensaje {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("code", "reaction"),
    [
        (0, Reaction.PAUSE_TENANT),
        (1, Reaction.RETRY_FEW),
        (4, Reaction.LATER),
        (190, Reaction.PAUSE_TENANT),
        (200, Reaction.PAUSE_TENANT),
        (299, Reaction.PAUSE_TENANT),
        (130429, Reaction.BACKOFF),
        (131026, Reaction.GIVE_UP),
        (131030, Reaction.NORMALISE_ONCE),
        (131042, Reaction.PAUSE_TENANT),
        (131047, Reaction.USE_TEMPLATE),
        (131049, Reaction.WAIT_DAY),
        (131050, Reaction.NEVER_TO_USER),
        (131056, Reaction.PAIR_LIMIT),
        (131062, Reaction.USE_PHONE),
        (133016, Reaction.WAIT_THREE_DAYS),
        (999999, Reaction.GIVE_UP),
    ],
)
async def test_a_refusal_tells_code_details_and_what_to_do(
    code: int, reaction: Reaction, client: GraphClient, graph: StandInGraph
) -> None:
    graph.fail(Fault(code=code, details="because"))

    outcome = await send(client)

    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.reaction) == (code, reaction)
    assert "because" in outcome.details
    assert graph.messages == ()


async def test_metas_own_pause_is_honoured(client: GraphClient, graph: StandInGraph) -> None:
    graph.fail(Fault(code=130429, retry_after=7))

    outcome = await send(client)

    assert isinstance(outcome, Rejected)
    assert outcome.retry_after == timedelta(seconds=7)


async def test_a_duplicate_post_may_have_been_sent(
    client: GraphClient, graph: StandInGraph
) -> None:
    graph.fail(Fault(code=506))

    assert isinstance(await send(client), Unknown)


@pytest.mark.parametrize(
    ("status", "reaction"),
    [
        (429, Reaction.BACKOFF),
        (503, Reaction.BACKOFF),
        (401, Reaction.PAUSE_TENANT),
        (413, Reaction.GIVE_UP),
    ],
)
async def test_a_page_that_is_no_json_is_judged_by_its_status(
    status: int, reaction: Reaction, client: GraphClient, graph: StandInGraph
) -> None:
    graph.fail(Fault(http=status, retry_after=3))

    outcome = await send(client)

    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.reaction) == (None, reaction)
    assert outcome.retry_after == timedelta(seconds=3)


@pytest.mark.parametrize("status", [500, 502, 504, 302])
async def test_a_failing_proxy_proves_nothing(
    status: int, client: GraphClient, graph: StandInGraph
) -> None:
    graph.fail(Fault(http=status))

    assert isinstance(await send(client), Unknown)


async def test_an_answer_that_is_no_json_leaves_the_outcome_open(
    client: GraphClient, graph: StandInGraph
) -> None:
    graph.fail(Fault(garbage=True))

    assert isinstance(await send(client), Unknown)
    assert len(graph.messages) == 1


async def test_a_dropped_connection_leaves_the_outcome_open_whether_taken_or_not(
    client: GraphClient, graph: StandInGraph
) -> None:
    graph.fail(Fault(drop=True))
    graph.fail(Fault(drop_after_accept=True))

    assert isinstance(await send(client), Unknown)
    assert len(graph.messages) == 0
    assert isinstance(await send(client), Unknown)
    assert len(graph.messages) == 1


async def test_a_late_answer_leaves_the_outcome_open(graph: StandInGraph) -> None:
    graph.fail(Fault(delay=5))
    graph.fail(Fault(timeout=5))
    async with GraphClient(graph.url, "v26.0", timeout=0.2) as client:
        assert isinstance(await send(client), Unknown)
        assert isinstance(await send(client), Unknown)

    assert len(graph.messages) == 1


async def test_a_refused_connection_can_be_tried_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with GraphClient(f"http://127.0.0.1:{unused.getsockname()[1]}", "v26.0") as client:
            outcome = await send(client)

    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.reaction) == (None, Reaction.BACKOFF)


async def test_waiting_in_vain_for_a_free_connection_sends_nothing(graph: StandInGraph) -> None:
    graph.fail(Fault(delay=1))
    async with GraphClient(graph.url, "v26.0", timeout=0.6, connections=1) as client:
        first = asyncio.create_task(send(client))
        await graph.next_message()
        second = await send(client)
        await first

    assert isinstance(second, Rejected)
    assert second.reaction is Reaction.BACKOFF
    assert len(graph.messages) == 1


@pytest.mark.parametrize("token", ["", "two words", "new\nline", "ñandú"])
async def test_a_garbled_token_never_leaves_the_machine(
    token: str, client: GraphClient, graph: StandInGraph
) -> None:
    outcome = await client.send(NUMBER, token, ANA, HELLO, "")

    assert isinstance(outcome, Rejected)
    assert outcome.reaction is Reaction.PAUSE_TENANT
    assert graph.journal.refusals == ()


@pytest.mark.parametrize("number", ["", "..", "1/../2", "1?x=1", "números"])
async def test_a_garbled_number_id_never_leaves_the_machine(
    number: str, client: GraphClient, graph: StandInGraph
) -> None:
    assert isinstance(await client.send(number, TOKEN, ANA, HELLO, ""), Rejected)
    assert graph.journal.refusals == ()


async def test_a_wrong_token_and_an_unknown_number_are_told_apart(client: GraphClient) -> None:
    wrong_token = await client.send(NUMBER, "EAAwrong0123456789", ANA, HELLO, "")
    wrong_number = await client.send("106599999999999", TOKEN, ANA, HELLO, "")

    assert isinstance(wrong_token, Rejected)
    assert wrong_token.code == 190
    assert isinstance(wrong_number, Rejected)
    assert wrong_number.code == 100
    assert "106599999999999" in wrong_number.details


async def test_too_long_callback_data_is_a_mistake_of_the_caller(client: GraphClient) -> None:
    with pytest.raises(ValueError, match="512"):
        await send(client, callback_data="x" * 513)


async def test_the_client_must_be_open(graph: StandInGraph) -> None:
    client = GraphClient(graph.url, "v26.0")
    with pytest.raises(RuntimeError, match="open"):
        await send(client)
    await client.close()


async def test_without_numbers_the_stand_in_takes_any_number_and_token() -> None:
    async with StandInGraph(GraphConfig()) as graph, GraphClient(graph.url, "v26.0") as client:
        assert isinstance(await client.send("42", "any-token", ANA, HELLO, ""), Accepted)


async def answers(answer: web.Response) -> SendOutcome:
    """Send to a server that answers so, whatever it is asked."""

    async def handler(request: web.Request) -> web.Response:
        return answer

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with GraphClient(url, "v26.0") as client:
            return await send(client)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("data", ["a bare string", {"details": "a bare string"}])
async def test_error_data_may_be_a_string(data: object) -> None:
    error = {"message": "(#131009) No", "code": 131009, "error_data": data}

    outcome = await answers(web.json_response({"error": error}, status=400))

    assert isinstance(outcome, Rejected)
    assert outcome.details == "(#131009) No: a bare string"


async def test_a_token_quoted_by_meta_is_blanked_out() -> None:
    error = {"message": f"Malformed access token {TOKEN}", "code": 190}

    outcome = await answers(web.json_response({"error": error}, status=401))

    assert isinstance(outcome, Rejected)
    assert outcome.details == "Malformed access token [token] (code 190)"


async def test_an_unknown_code_that_meta_calls_transient_is_tried_again() -> None:
    error = {"message": "Hiccup", "code": 987654, "is_transient": True}

    outcome = await answers(web.json_response({"error": error}, status=500))

    assert isinstance(outcome, Rejected)
    assert outcome.reaction is Reaction.BACKOFF


async def test_an_account_over_its_hourly_limit_waits_as_long_as_meta_expects() -> None:
    error = {"message": "(#80007) Rate limit issues", "code": 80007}
    usage = '{"9001":[{"type":"whatsapp","estimated_time_to_regain_access":12}]}'
    headers = {"X-Business-Use-Case-Usage": usage}

    outcome = await answers(web.json_response({"error": error}, status=400, headers=headers))

    assert isinstance(outcome, Rejected)
    assert outcome.retry_after == timedelta(minutes=12)


async def test_a_retry_date_counts_from_the_answers_own_clock() -> None:
    headers = {
        "Date": "Mon, 02 Mar 2026 12:00:00 GMT",
        "Retry-After": "Mon, 02 Mar 2026 12:01:30 GMT",
    }

    outcome = await answers(web.Response(status=503, headers=headers))

    assert isinstance(outcome, Rejected)
    assert outcome.retry_after == timedelta(seconds=90)


@pytest.mark.parametrize(
    "body", ['{"messages":[]}', "[]", '{"messages":[{"id":7}]}', "null", "{", ""]
)
async def test_success_without_a_message_id_is_no_proof(body: str) -> None:
    answer = web.Response(text=body, content_type="application/json")

    assert isinstance(await answers(answer), Unknown)


async def test_an_endless_answer_is_cut_off() -> None:
    assert isinstance(await answers(web.Response(body=b" " * (2 * 1024 * 1024))), Unknown)


async def test_a_redirect_is_not_followed() -> None:
    answer = web.Response(status=307, headers={"Location": "http://127.0.0.1:9/elsewhere"})

    assert isinstance(await answers(answer), Unknown)
