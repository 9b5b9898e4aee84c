"""The options that give values to `${Name}` placeholders, for every command that reads definitions."""

from __future__ import annotations

import json
from typing import Any

import click

from asl import documents

from .failure import because


def _defined(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = [value.partition("=") for value in values]
    for name, equals, _ in pairs:
        if not equals or not name:
            raise click.BadParameter(f"'{name}' is not NAME=VALUE", context, parameter)
    return {name: value for name, _, value in pairs}


def _defined_in(context: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, str]:
    """The values of a file: a JSON object, or lines of NAME=VALUE."""
    if value is None:
        return {}
    try:
        with open(value, "rb") as file:
            text = documents.decode(file.read(), value)
        if text.lstrip().startswith("{"):
            found: Any = documents.parse(text, value)
            return {name: _text_of(item) for name, item in found.items()}
    except OSError as error:
        raise click.BadParameter(because(error), context, parameter) from None
    except documents.DocumentError as error:
        raise click.BadParameter(str(error), context, parameter) from None
    lines = [line.strip() for line in text.splitlines()]
    return _defined(context, parameter, tuple(line for line in lines if line and not line.startswith("#")))


def _text_of(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


define = click.option(
    "--define",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_defined,
    help="A value for ${NAME}; repeatable.",
)

define_file = click.option(
    "--define-file",
    metavar="FILE",
    callback=_defined_in,
    help="Values for placeholders: a JSON object or lines of NAME=VALUE.",
)
"""`--define` comes before the file: commands take `{**define_file, **define}`."""
