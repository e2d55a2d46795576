"""What every table is made of: the one MetaData, and the two column types that keep money and time exact.

SQLAlchemy takes a quarter of a second to import; modules that are always loaded import this one inside functions.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from investiq.core.errors import DataError

__all__ = ["METADATA", "Instant", "Money"]

# Named constraints, because a migration of SQLite can only change what has a name.
METADATA: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Money(sa.types.TypeDecorator[Decimal]):
    """A `Decimal`, to the last digit: TEXT on SQLite, which would store a float, NUMERIC on PostgreSQL."""

    impl = sa.Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """Return the type that the database stores."""
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.Numeric(asdecimal=True))

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> Any:
        """Return what is stored; a float is refused, since it has lost the exact amount already."""
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise DataError(
                f"an amount of money must be a finite Decimal, was {type(value).__name__} {value!r}; make one from text"
            )
        return f"{value:f}" if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        """Return the amount that was stored."""
        return None if value is None else Decimal(value)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware datetime in UTC, to the microsecond: sortable ISO text on SQLite, TIMESTAMP WITH TIME ZONE on PostgreSQL."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """Return the type that the database stores."""
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Return what is stored; a time without zone is refused."""
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise DataError(
                f"an instant must be an aware datetime, was {type(value).__name__} {value!r}; add tzinfo=UTC"
            )
        utc = value.astimezone(UTC)
        return utc.isoformat(timespec="microseconds") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Return the instant, aware and in UTC."""
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)
