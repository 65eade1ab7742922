"""`dlapps playground` as a process of its own, and what it refuses before it starts."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request


def ask(address, document):
    """The answer to a JSON document, if there is one."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(address, json.dumps(document).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read() or b"null")


def test_it_says_where_it_is_and_ends_when_it_is_told_to():
    command = [sys.executable, "-m", "cli.main", "playground", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            ready = next(line for line in process.stderr if line.startswith("Ready at "))
            address = ready.split()[2]
            with urllib.request.urlopen(address, timeout=30) as page:
                assert b"<title>Playground</title>" in page.read()
            begun = ask(f"{address}networks", {"model": {"widths": [2]}})
            ask(f"{address}networks/{begun['name']}", {"steps": None})
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 143
            assert "Traceback" not in process.stderr.read()
        finally:
            process.kill()


def test_a_port_in_use_is_one_sentence(dlapps):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        dlapps("playground", "--port", port).assert_refused(f"127.0.0.1:{port}", "--port")
