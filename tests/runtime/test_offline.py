"""The guard can only be installed for the life of a process, so each case runs in a process of its own."""

import subprocess
import sys
import textwrap

import pytest

from investiq.runtime.offline import is_local, is_requested

GUARD = "from investiq.runtime.offline import refuse_connections; from investiq.core.errors import OfflineError; refuse_connections()\n"


def _run(code, environment=None, cwd=None):
    import os

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(environment or {})},
        cwd=cwd,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _refused(statement):
    body = f"import socket, time\nbegin = time.monotonic()\ntry:\n    {statement}\n"
    body += "except OfflineError as error:\n    print('refused', time.monotonic() - begin < 1.0, error)\n"
    return _run(GUARD + body)


@pytest.mark.parametrize(
    "statement",
    [
        # 192.0.2.1 and 2001:db8::1 are reserved for documentation: nothing answers there, so a connection
        # that left the machine would wait for its time limit.
        "socket.create_connection(('192.0.2.1', 80), timeout=5)",
        "socket.socket().connect_ex(('192.0.2.1', 80))",
        "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('192.0.2.1', 53))",
    ],
)
def test_a_connection_to_another_machine_is_refused_at_once(statement):
    answer = _refused(statement)
    assert answer.startswith("refused True a connection to ")
    assert "INVESTIQ_OFFLINE=1; unset the variable" in answer


@pytest.mark.parametrize(
    "statement",
    [
        "socket.getaddrinfo('example.org', 443)",
        "socket.gethostbyname('example.org')",
        "socket.gethostbyname_ex('example.org')",
    ],
)
def test_a_foreign_name_is_not_even_looked_up(statement):
    assert _refused(statement).startswith("refused True a connection to example.org")


def test_libraries_are_held_as_well():
    answer = _refused("__import__('urllib.request').request.urlopen('http://example.org/', timeout=5)")
    assert answer.startswith("refused True a connection to example.org")


def test_loopback_works():
    code = """
    import socket, threading
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: server.accept()[0].sendall(b"hello")).start()
    with socket.create_connection(("localhost", server.getsockname()[1]), timeout=5) as client:
        print(client.recv(5).decode())
    server.close()
    """
    assert _run(GUARD + textwrap.dedent(code)) == "hello"


@pytest.mark.skipif(sys.platform == "win32", reason="no Unix sockets")
def test_unix_sockets_work(tmp_path):
    code = f"""
    import socket, threading
    server = socket.socket(socket.AF_UNIX)
    server.bind({str(tmp_path / "s")!r})
    server.listen()
    threading.Thread(target=lambda: server.accept()[0].sendall(b"hello")).start()
    client = socket.socket(socket.AF_UNIX)
    client.connect({str(tmp_path / "s")!r})
    print(client.recv(5).decode())
    """
    assert _run(GUARD + textwrap.dedent(code)) == "hello"


TRY = """
import socket
import investiq
try:
    socket.create_connection(("192.0.2.1", 80), timeout=0.05)
except investiq.InvestIQError as error:
    print(type(error).__name__)
except OSError:
    print("attempted")
"""


@pytest.mark.parametrize(
    ("value", "outcome"),
    [("1", "OfflineError"), ("yes", "OfflineError"), ("0", "attempted"), ("false", "attempted"), ("", "attempted")],
)
def test_importing_the_package_follows_the_environment(value, outcome, tmp_path):
    assert _run(TRY, {"INVESTIQ_OFFLINE": value}, cwd=tmp_path) == outcome


def test_importing_the_package_follows_the_env_file(tmp_path):
    (tmp_path / ".env").write_text("INVESTIQ_OFFLINE=1\n")
    assert _run(TRY, cwd=tmp_path) == "OfflineError"


def test_the_environment_wins_over_the_env_file(tmp_path):
    (tmp_path / ".env").write_text("INVESTIQ_OFFLINE=1\n")
    assert _run(TRY, {"INVESTIQ_OFFLINE": "0"}, cwd=tmp_path) == "attempted"


def test_a_word_that_cannot_be_read_keeps_the_guard_on(monkeypatch):
    monkeypatch.setenv("INVESTIQ_OFFLINE", "ture")
    assert is_requested()


def test_this_machine_is_local_by_its_name_and_by_mapped_addresses():
    import socket

    assert is_local(socket.gethostname())
    assert is_local(b"localhost")
    assert is_local("::ffff:127.0.0.1")
    assert not is_local("::ffff:192.0.2.1")
    assert not is_local("localhost.example.org")
