"""yfinance kept on a lead: our session behind the gate, no cookies, no prints, and the very answer that it parsed."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NoReturn

from investiq.core.errors import DataError, RateLimitedError, UnknownSymbolError, VendorError
from investiq.market.gate.redaction import redact
from investiq.runtime.paths import data_dir, writable

if TYPE_CHECKING:
    import requests
    from requests.adapters import BaseAdapter

__all__ = ["Yahoo", "answer_of", "chart_of", "plain_session"]

# Hosts of cookies, crumbs and forms of consent. What is asked for here needs none of them, and a form of consent is not
# this program's to accept.
_COOKIE_HOSTS: Final = (
    "https://fc.yahoo.com",
    "https://guce.yahoo.com",
    "https://consent.yahoo.com",
    "https://query1.finance.yahoo.com/v1/test/getcrumb",
    "https://query2.finance.yahoo.com/v1/test/getcrumb",
)
# Yahoo turns away programs that say so; this is the name under which yfinance asks where it has no curl.
_USER_AGENT: Final = (
    "Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
# What an unversioned source makes the library stumble over; anything else is a bug and is not caught.
_STUMBLES: Final = (ValueError, KeyError, TypeError, IndexError, AttributeError)

# The library keeps one session, one configuration and one cache of answers for the whole process.
_lock = threading.RLock()


def plain_session(adapter: BaseAdapter) -> requests.Session:
    """Return a session that sends everything through `adapter`, and nothing to hosts of cookies.

    It has no cache of its own: the library refuses one.
    """
    import requests

    session = requests.Session()
    session.headers["User-Agent"] = _USER_AGENT
    session.mount("https://", adapter)
    for host in _COOKIE_HOSTS:
        session.mount(host, _closed_door()())
    return session


@lru_cache(maxsize=1)
def _closed_door() -> type[BaseAdapter]:
    import requests
    from requests.adapters import BaseAdapter

    class ClosedDoor(BaseAdapter):
        """Refuse at once, in the way that the library takes for "go on without"."""

        def send(self, *_: Any, **__: Any) -> NoReturn:
            raise requests.ConnectionError("no cookie is asked for")

        def close(self) -> None:
            pass

    return ClosedDoor


class Yahoo:
    """One session with the library; `replies` are the answers of the last use, oldest first.

    Parameters
    ----------
    session : requests.Session
        From `plain_session`.
    """

    def __init__(self, session: requests.Session) -> None:
        self.session = session
        self.replies: list[requests.Response] = []
        session.hooks["response"].append(lambda reply, **_: self.replies.append(reply))

    @contextmanager
    def library(self, what: str) -> Iterator[Any]:
        """Yield the module `yfinance`; what goes wrong inside the block is raised as what it is.

        Parameters
        ----------
        what : str
            What is asked for, for messages.

        Raises
        ------
        UnknownSymbolError
            If Yahoo says that it does not know the symbol.
        DataError
            If Yahoo says that it does not serve the range or interval.
        RateLimitedError, VendorError
            If it failed, or its answer has another form than the library reads.
        """
        import pandas as pd
        import yfinance
        from yfinance.data import YfData
        from yfinance.exceptions import YFException, YFRateLimitError

        # It turns its own deprecations on for everybody; they are not our callers' to mend.
        warnings.filterwarnings("ignore", category=pd.errors.Pandas4Warning, module="yfinance")
        logger = logging.getLogger("yfinance")
        with _lock:
            self.replies.clear()
            yfinance.set_tz_cache_location(str(writable(data_dir() / "yfinance", "INVESTIQ_DATA_DIR")))
            data = YfData()
            # The library remembers failed answers as well as good ones; we ask each time.
            YfData.cache_get.cache_clear()
            before = data._session, yfinance.config.debug.hide_exceptions, logger.level
            YfData(session=self.session)
            yfinance.config.debug.hide_exceptions = False
            logger.setLevel(logging.CRITICAL + 1)
            try:
                yield yfinance
            except YFRateLimitError as error:
                raise RateLimitedError(
                    f"yfinance: Yahoo's limit is spent for {what}: {error}; ask again later"
                ) from None
            except (YFException, OSError, *_STUMBLES) as error:
                self._raise(error, what)
            finally:
                YfData(session=before[0])
                yfinance.config.debug.hide_exceptions = before[1]
                logger.setLevel(before[2])

    def _raise(self, error: Exception, what: str) -> NoReturn:
        """Raise what Yahoo's own answer says; the library's exception does not tell a wrong symbol from a failure."""
        reply = self.replies[-1] if self.replies else None
        told = _complaint(reply)
        if told and (told[0] == "Not Found" or (reply is not None and reply.status_code == 404)):
            raise UnknownSymbolError(
                f"yfinance: Yahoo has no {what}: {told[1]}; look the symbol up with iq.search_symbols"
            ) from None
        if told and told[0] in ("Bad Request", "Unprocessable Entity"):
            raise DataError(f"yfinance: Yahoo does not serve {what}: {told[1]}") from None
        if told:
            raise VendorError(f"yfinance: Yahoo failed at {what}: {told[1]}; ask again later") from None
        raise VendorError(
            f"yfinance could not read Yahoo's answer to {what} ({type(error).__name__}: {redact(str(error))[:200]}); "
            "Yahoo's format changes without notice: look for a newer yfinance, and use another provider meanwhile"
        ) from None


def answer_of(replies: list[requests.Response], what: str) -> Any:
    """Return the document of the last reply, which must be of status 200 and JSON.

    Raises
    ------
    VendorError
        If it is not: the library would return nothing at all then.
    """
    if replies and replies[-1].status_code == 200:
        return replies[-1].json()
    found = f"HTTP {replies[-1].status_code}" if replies else "nothing"
    raise VendorError(f"yfinance: Yahoo answered {what} with {found}; ask again later, or use another provider")


def chart_of(reply: requests.Response) -> dict[str, Any]:
    """Return the one result of a chart answer: `meta`, `timestamp`, `indicators` and `events`."""
    result: dict[str, Any] = reply.json()["chart"]["result"][0]
    return result


def _complaint(reply: requests.Response | None) -> tuple[str, str] | None:
    """Return the code and the words of the error that a chart answer states, if it states one."""
    try:
        error = None if reply is None else reply.json()["chart"]["error"]
    except (*_STUMBLES,):
        return None
    return (str(error["code"]), str(error["description"])) if isinstance(error, dict) else None
