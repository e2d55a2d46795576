"""Settings from the environment and ``.env``, prefix ``INVESTIQ_``; `docs/settings.md` lists each one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from investiq.core.errors import ConfigError
from investiq.runtime.paths import env_file, project_root

__all__ = ["PREFIX", "LogFormat", "LogLevel", "Settings", "load_settings", "unknown_variables", "variables"]

PREFIX: Final = "INVESTIQ_"
# Read by the test suite, not by the package.
_OF_THE_TESTS: Final = frozenset({"INVESTIQ_REQUIRE_BROWSER"})

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LogFormat = Literal["text", "json"]


def _absolute(path: Path) -> Path:
    return (project_root() or Path.cwd()) / path.expanduser()


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


_Location = Annotated[Path, AfterValidator(_absolute)]


def _setting(default: Any, description: str, expected: str, **limits: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"expected": expected}, **limits)


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
    offline: bool = _setting(
        False, "Refuse every connection beyond this machine.", "a yes or no: 1, 0, true, false, yes, no, on or off"
    )
    log_level: Annotated[LogLevel, BeforeValidator(_upper)] = _setting(
        "WARNING", "Least severe log line that is kept.", "DEBUG, INFO, WARNING, ERROR or CRITICAL"
    )
    log_format: Annotated[LogFormat, BeforeValidator(_lower)] = _setting("text", "Form of a log line.", "text or json")
    log_file: _Location | None = _setting(None, "Log to this file instead of the terminal.", "a path")
    dashboard_port: int = _setting(
        8866, "Port of `investiq dashboard` on 127.0.0.1.", "a whole number from 1 to 65535", ge=1, le=65535
    )
    chromium: _Location | None = _setting(
        None, "Chromium for browser tests and screenshots.", "a path to an executable"
    )

    def secret_values(self) -> tuple[str, ...]:
        """Return the values that no log line may show: those of every `SecretStr` field."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


def load_settings() -> Settings:
    """Return the settings as they are now.

    Raises
    ------
    ConfigError
        If a value cannot be read; the message names the variable, the value
        found and the values expected.
    """
    try:
        return Settings(_env_file=env_file())  # type: ignore[call-arg]  # pydantic-settings' own keyword
    except ValidationError as error:
        raise ConfigError("; ".join(_complaint(each) for each in error.errors())) from None


def _complaint(error: Any) -> str:
    name = str(error["loc"][0])
    field = Settings.model_fields[name]
    extra = field.json_schema_extra
    expected = extra["expected"] if isinstance(extra, dict) else ""
    variable = f"{PREFIX}{name.upper()}"
    path = env_file()
    place = "the environment" if variable in os.environ or path is None else str(path)
    return f"{variable} must be {expected}, was {error['input']!r}; change it in {place}"


def variables() -> tuple[str, ...]:
    """Return the names of all variables, in the order of the documentation."""
    return tuple(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)


def unknown_variables() -> tuple[str, ...]:
    """Return variables with our prefix that no setting reads: typing errors, most likely."""
    names = set(os.environ)
    if (path := env_file()) is not None:
        from dotenv import dotenv_values

        names |= set(dotenv_values(path))
    ours = {name for name in names if name.upper().startswith(PREFIX)}
    return tuple(sorted(name for name in ours if name.upper() not in {*variables(), *_OF_THE_TESTS}))
