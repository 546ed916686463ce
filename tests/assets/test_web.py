"""The two sources that speak HTTP by themselves: an index page for source archives, and the Hub."""

import base64
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from espressivo import assets
from tests.assets.fake_index import GAMMA, World


class Server:
    """A web server over a folder; remembers what it was asked, and the Authorization it was given."""

    def __init__(self, root: Path) -> None:
        self.root, self.asked, self.passwords = root, [], []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def send_head(handler):  # noqa: N805
                self.asked.append(handler.path)
                self.passwords.append(handler.headers.get("Authorization"))
                return super().send_head()

            def log_message(handler, *_: object) -> None:  # noqa: N805
                pass

        handler = functools.partial(Handler, directory=str(root))
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    served = Server(tmp_path / "www")
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    page = served.root / "simple" / "three"
    page.mkdir(parents=True)
    digest = "0" * 64
    page.joinpath("index.html").write_text(
        '<!DOCTYPE html><a href="../../files/three-0.9.tar.gz">three-0.9.tar.gz</a>'
        f'<a href="../../files/three-1.0.tar.gz#sha256={digest}" data-requires-python="&lt;3">three-1.0.tar.gz</a>'
    )
    (served.root / "files").mkdir()
    (served.root / "files" / "three-1.0.tar.gz").write_bytes((world.index / "three-1.0.tar.gz").read_bytes())
    yield served
    served.http.shutdown()
    served.http.server_close()


def test_a_source_archive_from_an_index_page(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{server.address}/simple/")
    assert assets.fetch("gamma").read_bytes() == GAMMA
    assert server.asked == ["/simple/three/", "/files/three-1.0.tar.gz"]


def test_the_name_and_password_of_the_index_go_along(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://me:p%40ss@{server.address}/simple")
    assert assets.fetch("gamma").read_bytes() == GAMMA
    assert server.passwords == ["Basic " + base64.b64encode(b"me:p@ss").decode()] * 2


def test_an_index_that_does_not_have_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{server.address}/elsewhere")
    with pytest.raises(assets.OutOfReachError, match=r"package index: it has no three-1.0.tar.gz"):
        assets.fetch("gamma")


def test_the_hub_where_the_index_fails(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{server.address}/elsewhere")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://{server.address}")
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", TEMPLATE % server.address)
    path = server.root / "someone" / "thing" / "resolve" / ("0" * 40) / "sub" / "gamma.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(GAMMA)
    assert assets.fetch("gamma").read_bytes() == GAMMA
    assert server.asked[-1].startswith("/someone/thing/resolve/0000")


TEMPLATE = "http://%s/{repo_id}/resolve/{revision}/{filename}"
