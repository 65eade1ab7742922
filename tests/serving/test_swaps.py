"""New versions under load: no request fails, none is answered wrongly, no memory is kept."""

import http.client
import json
import shutil
import threading
import time

import psutil
import pytest
import uvicorn

from dlapps.serving.app import Options, create_app
from dlapps.serving.repository import Repository
from dlapps.serving.server import bound_socket


@pytest.fixture
def server(tmp_path, write_adder):
    """A server of the adder's version 1 that looks for others all the time; its port."""
    (tmp_path / "adder").mkdir()
    write_adder(tmp_path / "adder/1", 1)
    repository = Repository(tmp_path)
    repository.open()
    app = create_app(repository, Options(poll_seconds=0.01))
    with bound_socket("127.0.0.1", 0) as bound:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield bound.getsockname()[1]
        server.should_exit = True
        thread.join()


class Client(threading.Thread):
    """Asks for 1000 + its version until it is stopped, and keeps what it was told."""

    def __init__(self, port):
        super().__init__()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.wrong = []
        self.versions = [1]
        self.stopped = False

    def run(self):
        while not self.stopped:
            body = json.dumps({"instances": [1000.0]})
            self.connection.request("POST", "/v1/models/adder:predict", body)
            response = self.connection.getresponse()
            answer = json.load(response)
            if response.status != 200 or not 1 <= answer["predictions"][0] - 1000 <= 1000:
                self.wrong.append(answer)
                return
            self.versions.append(int(answer["predictions"][0] - 1000))


def swap(tmp_path, write_adder, port, versions):
    """Publishes the versions one after the other, each when clients were told of the last."""
    clients = [Client(port) for _ in range(4)]
    for client in clients:
        client.start()
    resident = {}
    try:
        for version in versions:
            write_adder(tmp_path / "adder" / str(version), version)
            deadline = time.monotonic() + 60
            while any(client.versions[-1] < version for client in clients):
                assert not any(client.wrong for client in clients), clients[0].wrong
                assert time.monotonic() < deadline, "nobody was told of the new version"
                time.sleep(0.005)
            if version > 2:
                shutil.rmtree(tmp_path / "adder" / str(version - 2))
            resident[version] = psutil.Process().memory_info().rss
    finally:
        for client in clients:
            client.stopped = True
            client.join()
    for client in clients:
        assert client.wrong == []
        assert client.versions == sorted(client.versions), "an old version came back"
    return resident


def test_clients_are_answered_while_versions_change(server, tmp_path, write_adder):
    swap(tmp_path, write_adder, server, range(2, 9))


@pytest.mark.slow
def test_a_hundred_versions_leave_no_memory_behind(server, tmp_path, write_adder):
    resident = swap(tmp_path, write_adder, server, range(2, 102))
    assert resident[101] < 1.1 * resident[21], resident
