"""The server binds loopback, always has a token, and refuses what it cannot do."""

from __future__ import annotations

import json
import logging
import socket
import types

import pytest

from investiq.core.errors import ConfigError
from investiq.widgets import pages, serving

FOLDER = next(iter(serving.apps().values())).parent
TOKEN = "abcdefgh-ABCDEFGH_0123"


def test_the_symbol_page_is_among_the_apps():
    assert serving.apps()["symbol_analysis"].name == "symbol_analysis.ipynb"


def test_an_unknown_app_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match="no app 'symbol_analyses'; did you mean 'symbol_analysis'"):
        serving.serve("symbol_analyses", open_browser=False)


@pytest.mark.parametrize("token", ["", "short", "sixteen letters!", "quote'quote'quote'"])
def test_no_token_and_weak_tokens_are_refused(token):
    with pytest.raises(ConfigError, match="token must be 16 or more"):
        serving.serve(token=token, open_browser=False)


def test_a_refused_token_is_not_repeated_in_the_message():
    with pytest.raises(ConfigError) as refusal:
        serving.serve(token="s3cr3t!", open_browser=False)
    assert "s3cr3t" not in str(refusal.value)


def test_a_port_in_use_is_refused_by_name():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} on 127.0.0.1 cannot be used"):
            serving.serve(port=port, token=TOKEN, open_browser=False)


@pytest.mark.parametrize("port", [0, 65536])
def test_a_port_out_of_range_is_refused(port):
    with pytest.raises(ConfigError, match="1 to 65535"):
        serving.serve(port=port, token=TOKEN, open_browser=False)


@pytest.mark.parametrize(
    ("message", "arguments", "is_told"),
    [
        # Of jupyter_server/base/websocket.py and nbformat/sign.py; the last is any other.
        ("WebSocket ping timeout after %i ms.", (30001,), False),
        ("Notebook %s is not trusted", ("app.ipynb",), False),
        ("Kernel %s died", ("1a2b",), True),
    ],
)
def test_lines_of_the_server_that_ask_nothing_of_the_user_are_left_out(message, arguments, is_told):
    record = logging.LogRecord("tornado.application", logging.WARNING, "", 0, message, arguments, None)
    assert pages.is_news(record) is is_told


def test_the_arguments_bind_loopback_set_the_token_and_cull_idle_kernels():
    arguments = serving.server_arguments(FOLDER, 8866, TOKEN)
    for expected in (
        "--Voila.ip=127.0.0.1",
        f"--Voila.token={TOKEN}",
        "--Voila.port_retries=0",
        "--VoilaConfiguration.template=investiq",
        "--VoilaConfiguration.show_tracebacks=False",
        "--MappingKernelManager.cull_idle_timeout=600",
        "--MappingKernelManager.cull_interval=60",
        "--VoilaConfiguration.extension_denylist=nbdime-jupyterlab",
    ):
        assert expected in arguments
    assert not any("disable_check_xsrf" in each or "extension_allowlist" in each for each in arguments)


def test_extensions_that_draw_widgets_and_figures_stay():
    arguments = serving.server_arguments(FOLDER, 8866, TOKEN)
    denied = {each.partition("=")[2] for each in arguments if "extension_denylist" in each}
    assert not denied & {
        "jupyterlab-plotly",
        "@jupyter-widgets/jupyterlab-manager",
        "@voila-dashboards/widgets-manager8",
    }


def test_kernels_wait_for_the_busiest_pages_alone(tmp_path):
    from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
    from voila.voila_kernel_manager import voila_kernel_manager_factory

    names = ("home", "symbol_analysis", "overview", "home_of_mine")
    for name in names:
        (tmp_path / f"{name}.ipynb").write_text("{}", encoding="utf-8")
    arguments = serving.server_arguments(tmp_path, 8866, TOKEN)
    patterns = [each.partition("=")[2] for each in arguments if "preheat_denylist" in each]
    manager = voila_kernel_manager_factory(AsyncMappingKernelManager, True, 0)

    # Voila's own filter, which needs nothing of the manager but its list, asks about whole paths.
    asked = types.SimpleNamespace(preheat_denylist=patterns)
    preheated = {name for name in names if manager._notebook_filter(asked, tmp_path / f"{name}.ipynb")}
    assert preheated == {"home", "symbol_analysis"}


def test_every_app_is_three_cells_without_outputs():
    for path in serving.apps().values():
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert [each["cell_type"] for each in cells] == ["code"] * 3, path
        assert all(not each["outputs"] and each["execution_count"] is None for each in cells), path
