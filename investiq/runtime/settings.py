"""Settings from the environment and ``.env``, prefix ``INVESTIQ_``; `docs/settings.md` lists each one."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from investiq.core.errors import ConfigError
from investiq.runtime.paths import env_file, project_root

__all__ = [
    "PREFIX",
    "VENDORS",
    "AlpacaFeed",
    "LogFormat",
    "LogLevel",
    "Settings",
    "load_settings",
    "old_names",
    "unknown_variables",
    "variables",
    "vendor_name",
]

PREFIX: Final = "INVESTIQ_"
# Read by the test suite, not by the package.
_OF_THE_TESTS: Final = frozenset({"INVESTIQ_REQUIRE_BROWSER"})

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LogFormat = Literal["text", "json"]
AlpacaFeed = Literal["iex", "sip"]
SmtpTls = Literal["starttls", "tls", "none"]
ProgressPlace = Literal["shown", "logged"]

# Providers that answer over the internet, in the order of a chain that nobody set.
VENDORS: Final = ("massive", "alpaca", "alphavantage", "twelvedata", "finnhub", "yfinance")
# Names that vendors, their libraries or hosts give their variables; read where ours is not set.
_VENDORS_NAMES: Final = {
    "massive_api_key": ("MASSIVE_API_KEY", "POLYGON_API_KEY"),
    "alpaca_key_id": ("APCA_API_KEY_ID", "ALPACA_API_KEY"),
    "alpaca_secret_key": ("APCA_API_SECRET_KEY", "ALPACA_SECRET_KEY", "ALPACA_API_SECRET"),
    "alphavantage_api_key": ("ALPHAVANTAGE_API_KEY", "ALPHA_VANTAGE_API_KEY"),
    "finnhub_api_key": ("FINNHUB_API_KEY",),
    "twelvedata_api_key": ("TWELVEDATA_API_KEY",),
    "alpaca_feed": ("ALPACA_FEED", "ALPACA_DATA_FEED"),
    "database_url": ("DATABASE_URL",),
}
# Polygon.io is called Massive since the end of 2025.
_OLD_NAMES: Final = {"POLYGON_API_KEY": "massive_api_key"}
_OLD_VENDORS: Final = {"polygon": "massive"}
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def vendor_name(name: str) -> str:
    """Return the present name of a provider, under which its data are stored; other names are returned as they are.

    Examples
    --------
    >>> vendor_name("polygon"), vendor_name("alpaca")
    ('massive', 'alpaca')
    """
    return _OLD_VENDORS.get(name, name)


def _absolute(path: Path) -> Path:
    return (project_root() or Path.cwd()) / path.expanduser()


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _names(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(vendor_name(name.strip().lower()) for name in value.split(",") if name.strip())


def _chain(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names) or not set(names) <= set(VENDORS):
        raise ValueError("not a chain of vendors")
    return names


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("not a safe address")
    return text.rstrip("/")


def _secret_address(secret: SecretStr) -> SecretStr:
    return SecretStr(_address(secret.get_secret_value().strip()))


def _socket_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "wss" and not (parts.scheme == "ws" and parts.hostname in _LOOPBACK):
        raise ValueError("not a safe address")
    return text


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


_Location = Annotated[Path, AfterValidator(_absolute)]
_Address = Annotated[str, AfterValidator(_address)]
_SocketAddress = Annotated[str, AfterValidator(_socket_address)]
_Key = Annotated[SecretStr, BeforeValidator(_stripped)]
_Plan = Annotated[str, BeforeValidator(_lower)]


def _setting(default: Any, description: str, expected: str, **limits: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"expected": expected}, **limits)


def _aliased(name: str) -> dict[str, Any]:
    return {"validation_alias": AliasChoices(f"{PREFIX}{name.upper()}", *_VENDORS_NAMES[name])}


def _key(name: str, description: str) -> Any:
    return _setting(None, description, "the key as the vendor shows it", **_aliased(name))


def _plan(vendor: str, default: str) -> Any:
    return _setting(default, f"Plan at {vendor}: its rates, delay and history.", "the name of a plan")


def _url(vendor: str) -> Any:
    return _setting(
        None, f"Base address of {vendor}, for a proxy.", "an https address, or an http address of this machine"
    )


def _stream_url(vendor: str) -> Any:
    return _setting(
        None, f"Address of {vendor}'s stream, for a proxy.", "a wss address, or a ws address of this machine"
    )


class Settings(BaseSettings):
    """What can be set from outside; every field acts on something today.

    An environment variable wins over ``.env``; an empty value counts as not
    set. Relative paths start at the checkout, or at the working directory
    outside of one.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    data_dir: _Location | None = _setting(None, "Folder for data and for the logs of notebooks.", "a path")
    reports_dir: _Location | None = _setting(None, "Folder that reports are written to.", "a path")
    database_url: _Key | None = _setting(
        None, "Address of the database of trials.", "sqlite:////absolute/path.db or postgresql://USER:PASSWORD@HOST/NAME",
        **_aliased("database_url"),
    )  # fmt: skip
    offline: bool = _setting(
        False, "Refuse every connection beyond this machine.", "a yes or no: 1, 0, true, false, yes, no, on or off"
    )
    log_level: Annotated[LogLevel, BeforeValidator(_upper)] = _setting(
        "WARNING", "Least severe log line that is kept.", "DEBUG, INFO, WARNING, ERROR or CRITICAL"
    )
    log_format: Annotated[LogFormat, BeforeValidator(_lower)] = _setting("text", "Form of a log line.", "text or json")
    log_file: _Location | None = _setting(None, "Log to this file instead of the terminal.", "a path")
    progress: Annotated[ProgressPlace, BeforeValidator(_lower)] = _setting(
        "shown", "Whether long work draws how far it has come, or writes log lines only.", "shown or logged"
    )
    dashboard_port: int = _setting(
        8866, "Port of `investiq dashboard` on 127.0.0.1.", "a whole number from 1 to 65535", ge=1, le=65535
    )
    chromium: _Location | None = _setting(
        None, "Chromium for browser tests and screenshots.", "a path to an executable"
    )

    providers: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names), AfterValidator(_chain)] = _setting(
        (), "Vendors that are asked, in this order.", f"names separated by commas, each once, of {', '.join(VENDORS)}"
    )
    massive_api_key: _Key | None = _key("massive_api_key", "Key of Massive (Polygon.io until 2025).")
    massive_plan: _Plan = _plan("Massive", "free")
    massive_url: _Address | None = _url("Massive")
    massive_stream_url: _SocketAddress | None = _stream_url("Massive")
    alpaca_key_id: _Key | None = _key("alpaca_key_id", "Key id of Alpaca.")
    alpaca_secret_key: _Key | None = _key("alpaca_secret_key", "Secret key of Alpaca.")
    alpaca_plan: _Plan = _plan("Alpaca", "basic")
    alpaca_feed: Annotated[AlpacaFeed, BeforeValidator(_lower)] = _setting(
        "iex", "Feed of Alpaca's bars and quotes.", "iex or sip", **_aliased("alpaca_feed")
    )
    alpaca_url: _Address | None = _url("Alpaca's market data")
    alpaca_stream_url: _SocketAddress | None = _stream_url("Alpaca")
    alphavantage_api_key: _Key | None = _key("alphavantage_api_key", "Key of Alpha Vantage.")
    alphavantage_plan: _Plan = _plan("Alpha Vantage", "free")
    alphavantage_url: _Address | None = _url("Alpha Vantage")
    finnhub_api_key: _Key | None = _key("finnhub_api_key", "Key of Finnhub.")
    finnhub_plan: _Plan = _plan("Finnhub", "free")
    finnhub_url: _Address | None = _url("Finnhub")
    twelvedata_api_key: _Key | None = _key("twelvedata_api_key", "Key of Twelve Data.")
    twelvedata_plan: _Plan = _plan("Twelve Data", "basic")
    twelvedata_url: _Address | None = _url("Twelve Data")
    http_cache_s: int = _setting(
        0, "Keep answers of vendors on disk for so many seconds.", "a whole number of seconds from 0 to 604800",
        ge=0, le=604_800,
    )  # fmt: skip
    freshness_minutes: int = _setting(
        30, "Grace before a missing last bar counts as stale.", "a whole number of minutes from 1 to 1440",
        ge=1, le=1440,
    )  # fmt: skip
    smtp_host: str | None = _setting(None, "Mail server that reports are sent by.", "the name of a server")
    smtp_port: int = _setting(587, "Port of the mail server.", "a whole number from 1 to 65535", ge=1, le=65535)
    smtp_tls: Annotated[SmtpTls, BeforeValidator(_lower)] = _setting(
        "starttls", "How the connection to the mail server is made private.", "starttls, tls or none"
    )
    smtp_user: str | None = _setting(None, "User at the mail server.", "a name")
    smtp_password: _Key | None = _setting(None, "Password at the mail server.", "the password")
    smtp_from: str | None = _setting(None, "Sender of e-mails.", "an e-mail address")
    webhook_url: Annotated[SecretStr, AfterValidator(_secret_address)] | None = _setting(
        None, "Address that outcomes of reports are posted to.", "an https address, or an http address of this machine"
    )
    webhook_secret: _Key | None = _setting(None, "Key that signs what is posted.", "a text")

    def secret_values(self) -> tuple[str, ...]:
        """Return the values that no log line may show: those of every `SecretStr` field."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


def load_settings() -> Settings:
    """Return the settings as they are now.

    They are read anew where a variable, the ``.env`` file or the folder that
    relative paths start at is not what it was at the last call.

    Raises
    ------
    ConfigError
        If a value cannot be read; the message names the variable, the value
        found and the values expected.
    """
    names = _names_read()
    stated = tuple((name, value) for name, value in os.environ.items() if name.upper() in names)
    path = env_file()
    try:
        return _read(stated, path, b"" if path is None else path.read_bytes(), _beginning())
    except ValidationError as error:
        raise ConfigError("; ".join(_complaint(each) for each in error.errors())) from None


@lru_cache(maxsize=2)
def _read(stated: tuple[tuple[str, str], ...], path: Path | None, lines: bytes, beginning: Path | None) -> Settings:
    # All arguments are what the settings follow from; pydantic finds all but the path by itself, in several milliseconds.
    return Settings(_env_file=path)  # type: ignore[call-arg]  # pydantic-settings' own keyword


@lru_cache(maxsize=1)
def _names_read() -> frozenset[str]:
    """Return the variables that settings follow from; the home folder is what ``~`` stands for."""
    others = (name for names in _VENDORS_NAMES.values() for name in names)
    return frozenset({*variables(), *others, "HOME", "USERPROFILE"})


def _beginning() -> Path | None:
    try:
        return project_root() or Path.cwd()
    except FileNotFoundError:  # the working directory was deleted
        return None


def _complaint(error: Any) -> str:
    # With other names to read, pydantic tells the first of them, which is ours.
    name = str(error["loc"][0]).removeprefix(PREFIX).lower()
    field = Settings.model_fields[name]
    extra = field.json_schema_extra
    expected = extra["expected"] if isinstance(extra, dict) else ""
    path = env_file()
    names = (f"{PREFIX}{name.upper()}", *_VENDORS_NAMES.get(name, ()))
    variable = next((each for each in names if os.environ.get(each)), None)
    place = "the environment" if variable or path is None else str(path)
    variable = variable or next((each for each in names if each in _of_the_file()), names[0])
    # An address of a webhook is a secret, also where it is mistyped.
    found = "something else" if "SecretStr" in str(field.annotation) else repr(error["input"])
    return f"{variable} must be {expected}, was {found}; change it in {place}"


def variables() -> tuple[str, ...]:
    """Return the names of all variables, in the order of the documentation."""
    return tuple(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)


def old_names() -> tuple[tuple[str, str], ...]:
    """Return the outdated variables that are in use, each with the name that took its place."""
    given = {name for name, value in {**_of_the_file(), **os.environ}.items() if value}
    found = []
    for old, name in _OLD_NAMES.items():
        ours = f"{PREFIX}{name.upper()}"
        better = {ours, *_VENDORS_NAMES[name]} - {old}
        if old in given and not better & given:
            found.append((old, ours))
    return tuple(found)


def unknown_variables() -> tuple[str, ...]:
    """Return variables with our prefix that no setting reads: typing errors, most likely."""
    names = {*os.environ, *_of_the_file()}
    ours = {name for name in names if name.upper().startswith(PREFIX)}
    return tuple(sorted(name for name in ours if name.upper() not in {*variables(), *_OF_THE_TESTS}))


def _of_the_file() -> dict[str, str | None]:
    if (path := env_file()) is None:
        return {}
    from dotenv import dotenv_values

    return dict(dotenv_values(path))
