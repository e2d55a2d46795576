"""What vendors of plain HTTP share: a key, a plan, a client behind the gate, and answers that are checked first."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from investiq.core.errors import DataError, RateLimitedError, VendorError
from investiq.market.contract import Answer, Request, Vendor
from investiq.market.gate.gate import Gate, asking_for, gate_of
from investiq.market.gate.plans import plan_of
from investiq.market.gate.redaction import key_id_of, redact
from investiq.market.gate.transports import document_of, http_client
from investiq.market.vendors.reading import Reading
from investiq.runtime import clock

if TYPE_CHECKING:
    import httpx
    from pydantic import SecretStr

__all__ = ["KeyedVendor"]

_SHOWN: Final = 300


class KeyedVendor(Vendor):
    """A vendor that is asked over HTTP with a key.

    Parameters
    ----------
    key : SecretStr
    plan : str
        Name in the table of plans; decides rates and delay.
    base_url : str, optional
        In place of the vendor's own address.

    Raises
    ------
    ConfigError
        If the table knows no such plan.
    """

    address: ClassVar[str]

    def __init__(self, key: SecretStr, *, plan: str, base_url: str | None = None) -> None:
        self.plan = plan_of(self.name, plan)
        self._key = key
        self._base_url = base_url or self.address

    def fetch(self, request: Request) -> Answer:
        """Return the answer to `request`; a refusal by the vendor closes the way for its dataset only."""
        with asking_for(request.dataset):
            return super().fetch(request)

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        if (client := self.__dict__.pop("_client", None)) is not None:
            client.close()

    @cached_property
    def _gate(self) -> Gate:
        return gate_of(self.name, key_id_of(self._key), self.plan)

    @cached_property
    def _client(self) -> httpx.Client:
        return http_client(self._gate, self._base_url, headers=self._headers(self._key.get_secret_value()))

    def _headers(self, secret: str) -> dict[str, str]:
        """Return the headers that carry the key."""
        return {}

    def _get(self, path: str, **parameters: str | None) -> httpx.Response:
        """Return the reply to a GET; a parameter that is None is left out."""
        return self._client.get(path, params={name: value for name, value in parameters.items() if value is not None})

    def _document(self, path: str, **parameters: str | None) -> Any:
        """Return the JSON of a reply, whatever its status says.

        Raises
        ------
        VendorError
            If the reply is no JSON: a page for people, or cut off.
        """
        return document_of(self._gate, self._get(path, **parameters))

    def _strange(self, path: str, found: str, expected: str) -> VendorError:
        return VendorError(
            f"{self.name} answered {path} with {found} where {expected} was expected; its format may have changed: "
            "report it, and use another provider meanwhile"
        )

    def _spent(self, words: str, retry_at: datetime | None) -> RateLimitedError:
        """Return the error of a limit that was told in an answer of HTTP 200, and let no request leave meanwhile."""
        self._gate.pause(None if retry_at is None else max((retry_at - clock.now()).total_seconds(), 0.0))
        return RateLimitedError(f"{self.name}: the limit of its plan {self.plan.name} is spent: {words}", retry_at)

    def _reading(self, request: Request) -> Reading:
        return Reading(request.dataset, self.name, request.symbol)

    def _quoted(self, text: object) -> str:
        """Return a vendor's own words, shortened and without the key."""
        return redact(" ".join(str(text).split()))[:_SHOWN]

    def _source(self, path: str, **parameters: str | None) -> str:
        """Return where an answer came from, for a passport: no key is among `parameters`."""
        asked = "&".join(f"{name}={value}" for name, value in parameters.items() if value is not None)
        return redact(f"{self._base_url.rstrip('/')}{path}" + (f"?{asked}" if asked else ""))

    def _refuse_extended(self, why: str) -> DataError:
        return DataError(f"{self.name} does not serve the extended session: {why}; ask for session='regular'")
