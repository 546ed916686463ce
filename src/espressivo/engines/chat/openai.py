"""Replies from any OpenAI-compatible endpoint: a server of your own, or a company's. What was said is sent."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from espressivo.assets import offline
from espressivo.engines.chat import ChatModel, Message, OnText
from espressivo.errors import ConfigError, EndpointError, EspressivoError

if TYPE_CHECKING:
    from httpx import Response

KEY = "OPENAI_API_KEY"
CONNECT, READ = 5.0, 60.0
"""Seconds to wait for the connection, and for the next piece of the answer."""


class OpenAIChat(ChatModel):
    """`POST {base}/chat/completions`, streamed when someone listens.

    Args:
        base: the address up to and with its version, as in "http://127.0.0.1:8080/v1".
        model: the name the endpoint knows the model by.
        key: sent as bearer token; by default what the environment variable OPENAI_API_KEY holds.
        timeout: seconds to wait for the next piece of the answer.
    """

    def __init__(self, base: str, model: str, *, key: str | None = None, timeout: float = READ) -> None:
        address = urlsplit(base)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ConfigError(f"the chat endpoint must be an http(s) address, got {base!r}")
        if not model:
            raise ConfigError(f"say which model of {base} to use: openai:{base}#MODEL")
        self.base, self.model, self.timeout = base.rstrip("/"), model, timeout
        self._host, self._here = address.hostname, _on_this_machine(address.hostname)
        self._need_connection()
        self._key = os.environ.get(KEY, "") if key is None else key

    @classmethod
    def from_address(cls, address: str) -> OpenAIChat:
        """From "URL#MODEL"."""
        base, _, model = address.partition("#")
        return cls(base, model)

    @property
    def notice(self) -> str | None:
        if self._here:
            return None
        return f"what is said, and how it seemed to be felt, is sent to {self._host}"

    def reply(
        self, messages: Sequence[Message], *, max_tokens: int = 80, seed: int = 0, on_text: OnText | None = None
    ) -> str:
        body = {
            "model": self.model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "max_tokens": max_tokens,
            "seed": seed,
            "stream": on_text is not None,
        }
        with self._posted(body) as response:
            if on_text is None:
                response.read()
                return _content(_object(response.text, self._refuse), "message", self._refuse).strip()
            pieces = []
            for piece in self._pieces(response.iter_lines()):
                pieces.append(piece)
                on_text(piece)
            return "".join(pieces).strip()

    @contextmanager
    def _posted(self, body: dict[str, Any]) -> Iterator[Response]:
        """The response to a request that went well. Redirects are not followed: they would carry words and key on."""
        import httpx

        self._need_connection()
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        limits = httpx.Timeout(self.timeout, connect=CONNECT)
        try:
            with (
                # A proxy from the environment would get to see what was promised to stay on this machine.
                httpx.Client(timeout=limits, headers=headers, trust_env=not self._here) as client,
                client.stream("POST", f"{self.base}/chat/completions", json=body) as response,
            ):
                if response.status_code != 200:
                    response.read()
                    raise self._refused(response.status_code, response.text)
                yield response
        except httpx.TimeoutException as error:
            raise EndpointError(f"{self.base} did not answer within {self.timeout:g} s: try again later") from error
        except httpx.ConnectError as error:
            raise EndpointError(f"{self.base} is out of reach ({_words(error)}): is the server running?") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EndpointError(f"the answer of {self.base} broke off ({_words(error)}): try again") from error

    def _need_connection(self) -> None:
        if offline() and not self._here:
            raise ConfigError(f"{self.base}: ESPRESSIVO_OFFLINE=1 forbids connections")

    def _pieces(self, lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
            if data == "[DONE]":
                return
            if data:
                yield _content(_object(data, self._refuse), "delta", self._refuse)

    def _refused(self, status: int, text: str) -> EspressivoError:
        said = " ".join(text.split())[:200].replace(self._key or "\0", "…")
        if status in (401, 403):
            return ConfigError(f"{self.base} refused the key (status {status}): set {KEY} to a valid one")
        if status in (400, 404, 422):
            return ConfigError(f"{self.base} refused model {self.model!r} (status {status}): {said}")
        return EndpointError(f"{self.base} answered with status {status}: {said}")

    def _refuse(self, got: str) -> EspressivoError:
        return EndpointError(
            f"{self.base} did not answer as a chat endpoint does, got {got[:120]!r}: check its address"
        )


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _object(text: str, refuse: Callable[[str], EspressivoError]) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise refuse(text) from error


def _content(answer: Any, part: str, refuse: Callable[[str], EspressivoError]) -> str:
    """The text of the first choice; a piece of a stream may have none."""
    try:
        choices = answer["choices"]
        return str(choices[0][part].get("content") or "") if choices or part == "message" else ""
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise refuse(str(answer)) from error
