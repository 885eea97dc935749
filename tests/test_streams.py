"""What is accepted while a stream closes is said once the tab has heard of the end; the rest of the traffic does not wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState
from starlette.types import Message, Receive, Scope, Send

from resnet_finetune.ui.served import streams
from resnet_finetune.ui.served.streams import SaidOnce, Streams


def test_what_an_event_said_last_is_not_said_again_when_it_is_over() -> None:
    async def over(as_on: type[gr.Blocks]) -> list[Any]:  # or Gradio opens an event loop that it never closes
        with SaidOnce(analytics_enabled=False) as page:
            gr.Button().click(lambda: "", outputs=gr.HTML())
        said: dict[str, Any] = {"block_fn": page.fns[0], "session_hash": "a", "run": "1"}
        assert as_on.handle_streaming_diffs(page, data=["first"], final=False, **said) == ["first"]
        assert as_on.handle_streaming_diffs(page, data=["last"], final=False, **said) != ["first"]
        return as_on.handle_streaming_diffs(page, data=[None], final=True, **said)

    assert asyncio.run(over(gr.Blocks)) == ["last"]  # as Gradio does
    assert asyncio.run(over(SaidOnce)) == [{"__type__": "update"}]


def test_an_event_that_says_nothing_empties_nothing() -> None:
    def nothing() -> Iterator[str]:
        yield from ()

    async def over() -> list[Any]:
        with SaidOnce(analytics_enabled=False) as page:
            button = gr.Button("Go on")
            button.click(nothing, outputs=button)
            button.click(nothing, outputs=[button, gr.Number(1)])
        return [(await page.process_api(page.fns[number], [], session_hash="a"))["data"] for number in (0, 1)]

    skipped = {"__type__": "update"}
    assert asyncio.run(over()) == [[skipped], [skipped] * 2]


def test_of_what_a_part_has_shown_only_the_last_is_kept() -> None:
    async def shown(kind: type[gr.Blocks]) -> tuple[int, Any]:
        """How many parts the server has come to keep, and what it takes to be shown."""
        with kind(analytics_enabled=False) as page:
            part = gr.HTML()
            gr.Button().click(lambda: "", outputs=part)
        state = SessionState(page)
        before = len(state.config_values)
        for number in range(20):
            for said in (gr.skip(), f"<p>{number}</p>"):
                await page.postprocess_data(page.fns[0], said, state)
        return len(state.config_values) - before, state.config_values[part._id]["props"].get("value")

    assert asyncio.run(shown(gr.Blocks)) == (20, None)  # or this is not needed any more
    assert asyncio.run(shown(SaidOnce)) == (0, "<p>19</p>")


async def gradio(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers as its queue does: with the end of a stream, or that what was asked for is accepted."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"].endswith("/data"):
        await send({"type": "http.response.body", "body": b'data: {"msg":"close_stream"}\n\n', "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": b'{"event_id":"1"}'})


class Tab:
    """Asks, and hears the answers."""

    def __init__(self, app: Streams, name: str) -> None:
        self.app, self.name = app, name
        self.hangs_up = asyncio.Event()

    def opens_stream(self) -> tuple[asyncio.Task[None], list[Message]]:
        async def receive() -> Message:
            if heard:
                await self.hangs_up.wait()
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": b""}

        scope = {"path": "/gradio_api/queue/data", "query_string": f"session_hash={self.name}".encode()}
        task, heard = self._asks(scope, receive)
        return task, heard

    def joins(self, body: bytes | None = None) -> tuple[asyncio.Task[None], list[Message]]:
        async def receive() -> Message:
            return {"type": "http.request", "body": json.dumps({"session_hash": self.name}).encode() if body is None else body}

        return self._asks({"path": "/gradio_api/queue/join", "query_string": b""}, receive)

    def _asks(self, scope: Scope, receive: Receive) -> tuple[asyncio.Task[None], list[Message]]:
        heard: list[Message] = []

        async def send(message: Message) -> None:
            heard.append(message)

        return asyncio.create_task(self.app({"type": "http", **scope}, receive, send)), heard


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_nothing_is_accepted_until_the_tab_has_heard_that_its_stream_is_closed() -> None:
    async def talk() -> None:
        tab, other = Tab(app := Streams(gradio), "a"), Tab(app, "b")
        stream, ended = tab.opens_stream()
        await settle()
        assert len(ended) == 2  # it is told at once
        join, accepted = tab.joins()
        other_join, other_accepted = other.joins()
        await settle()
        assert accepted == []
        assert len(other_accepted) == 2  # nobody else waits
        tab.hangs_up.set()
        await asyncio.gather(stream, join, other_join)
        assert len(accepted) == 2
        assert ended[-1] == {"type": "http.response.body", "body": b""}
        later, accepted = tab.joins()
        await settle()
        assert len(accepted) == 2
        await later

    asyncio.run(talk())


def test_who_never_hangs_up_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PATIENCE", 0.01)

    async def talk() -> None:
        tab = Tab(Streams(gradio), "a")
        stream, ended = tab.opens_stream()
        await settle()
        join, accepted = tab.joins()
        await asyncio.gather(stream, join)
        assert len(ended) == 3
        assert len(accepted) == 2

    asyncio.run(talk())


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"{}", b"\xff"])
def test_what_gradio_refuses_is_refused_at_once(body: bytes) -> None:
    async def talk() -> None:
        tab = Tab(Streams(gradio), "a")
        stream, _ = tab.opens_stream()
        await settle()
        join, refused = tab.joins(body)
        await join
        assert len(refused) == 2
        tab.hangs_up.set()
        await stream

    asyncio.run(talk())
