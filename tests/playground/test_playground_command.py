"""`dlapps playground` as a process of its own, and what it refuses before it starts."""

import signal
import socket
import subprocess
import sys
import urllib.request


def test_it_says_where_it_is_and_ends_when_it_is_told_to():
    command = [sys.executable, "-m", "cli.main", "playground", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            ready = next(line for line in process.stderr if line.startswith("Ready at "))
            with urllib.request.urlopen(ready.split()[2], timeout=10) as page:
                assert b"<title>Playground</title>" in page.read()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 143
        finally:
            process.kill()


def test_a_port_in_use_is_one_sentence(dlapps):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        dlapps("playground", "--port", port).assert_refused(f"127.0.0.1:{port}", "--port")
