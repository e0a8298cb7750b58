"""What every table is made of."""

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

METADATA = sa.MetaData()


def text(name: str, *extra: SchemaItem, null: bool = False, key: bool = False) -> sa.Column[str]:
    """A column of text."""
    return sa.Column(name, sa.Text, *extra, nullable=null, primary_key=key)


def number(name: str, *extra: SchemaItem, null: bool = False) -> sa.Column[int]:
    """A column of large whole numbers: fen, milliseconds."""
    return sa.Column(name, sa.BigInteger, *extra, nullable=null)


def counter(name: str) -> sa.Column[int]:
    """A number that the database hands out (SQLite counts only in a plain INTEGER)."""
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True)
