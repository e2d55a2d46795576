"""The server of reports: a token, one folder, files of reports, and nothing else."""

from __future__ import annotations

import http.client
import threading

import pytest

from investiq.core.errors import ConfigError
from investiq.server.reports import ReportServer, serve_reports


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    root = tmp_path_factory.mktemp("served")
    folder = root / "reports"
    (folder / "daily" / ".making-1").mkdir(parents=True)
    files = {
        "index.html": "the index", "daily/a b.html": "page", "daily/t.csv": "x\n", "daily/.making-1/half.html": "half",
        "daily/x.partial.html": "half", "daily/notes.py": "code", ".env": "KEY=1",
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).write_text(text)
    (root / "secret.html").write_text("outside")
    (folder / "link.html").symlink_to(root / "secret.html")
    server = ReportServer(folder, 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def ask(server, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def known(server):
    return {"Cookie": f"investiq_reports={server.token}"}


def test_the_token_opens_once_and_leaves_the_address(served):
    answer, _ = ask(served, f"/?token={served.token}")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    answer, body = ask(served, "/", Cookie=cookie.partition(";")[0])
    assert (answer.status, body) == (200, "the index")


def test_without_the_token_or_with_another_nothing_is_shown(served):
    for path, headers in [("/", {}), ("/?token=wrong", known(served)), ("/", {"Cookie": "investiq_reports=wrong"})]:
        answer, body = ask(served, path, **headers)
        assert answer.status == 401
        assert "index" not in body


def test_the_way_in_leads_to_no_other_host(served):
    answer, _ = ask(served, f"//example.com/?token={served.token}")
    assert answer.headers["Location"] == "/example.com/"


def test_a_page_is_sent_with_a_policy_that_lets_nothing_out(served):
    answer, body = ask(served, "/daily/a%20b.html", **known(served))
    assert (answer.status, body, answer.headers["Content-Type"]) == (200, "page", "text/html; charset=utf-8")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "connect-src" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer, body = ask(served, "/daily/a%20b.html", "HEAD", **known(served))
    assert (answer.headers["Content-Length"], body) == ("4", "")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.html", "/%2e%2e/secret.html", "/daily/..%2f..%2fsecret.html", "/link.html", "/.env",
        "/daily/.making-1/half.html", "/daily/x.partial.html", "/daily/notes.py", "/daily", "/none.html", "/%00.html",
        "/..%5csecret.html",
    ],
)  # fmt: skip
def test_only_files_of_reports_inside_the_folder_are_found(served, path):
    answer, body = ask(served, path, **known(served))
    assert (answer.status, body) == (404, "there is no such report\n")


def test_a_name_that_was_led_to_this_machine_is_refused(served):
    answer, _ = ask(served, "/", Host="attacker.example", **known(served))
    assert answer.status == 403


def test_a_folder_that_is_not_there_and_a_port_that_is_taken_are_told(served, tmp_path):
    with pytest.raises(ConfigError, match="there is no folder of reports at"):
        serve_reports(tmp_path / "none", port=0)
    with pytest.raises(ConfigError, match=f"port {served.server_port} on 127.0.0.1 cannot be used"):
        serve_reports(tmp_path, port=served.server_port)
