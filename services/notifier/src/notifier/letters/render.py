"""Gives a letter its two forms. The templates hold shape and no words, so neither form can say more than the other."""

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from notifier.letters import Letter

_PAGES = Environment(
    loader=PackageLoader("notifier"),
    autoescape=select_autoescape(enabled_extensions=("html",), disabled_extensions=("txt",), default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html(letter: Letter) -> str:
    """Give the letter as an HTML page that needs nothing from outside."""
    return _PAGES.get_template("letter.html").render(letter=letter)


def text(letter: Letter) -> str:
    """Give the letter as plain text."""
    return _PAGES.get_template("letter.txt").render(letter=letter)
