"""A browser without JavaScript: follows links, fills in forms, keeps cookies."""

from typing import Any
from urllib.parse import urljoin

import requests
from lxml import html


class Browser:
    """One person's browser. Every step gives the browser, on the page that the step ends on."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.answer = requests.Response()

    @property
    def url(self) -> str:
        """The address of the page at hand."""
        return str(self.answer.url)

    @property
    def text(self) -> str:
        """The page at hand, as its source."""
        return self.answer.text

    @property
    def words(self) -> str:
        """The page at hand, as it reads."""
        return _words(self.page().text_content())

    def page(self) -> Any:
        """Give the parsed page."""
        return html.document_fromstring(self.answer.content)

    def get(self, url: str) -> "Browser":
        """Open a page, following redirects."""
        self.answer = self.session.get(url, timeout=20)
        return self

    def links(self) -> list[tuple[str, str]]:
        """Give the links of the page as (text, absolute address)."""
        return [
            (" ".join(a.text_content().split()), urljoin(self.url, a.get("href")))
            for a in self.page().xpath("//a[@href]")
        ]

    def follow(self, text: str) -> "Browser":
        """Click the first link that says `text`."""
        for words, href in self.links():
            if text.lower() in words.lower():
                return self.get(href)
        raise AssertionError(f"no link {text!r} at {self.url}: {[words for words, _ in self.links()]}")

    def submit(self, button: str, **fields: str) -> "Browser":
        """Fill in the first form that has a button saying `button` and press it."""
        labels = []
        for form in self.page().forms:
            for pressed in form.xpath(".//button[not(@type='button')] | .//input[@type='submit']"):
                label = " ".join(
                    (pressed.get("value", "") if pressed.tag == "input" else pressed.text_content()).split()
                )
                labels.append(label)
                if button.lower() in label.lower():
                    return self._send(form, pressed, fields)
        raise AssertionError(f"no button {button!r} at {self.url}: {labels}")

    def _send(self, form: Any, pressed: Any, fields: dict[str, str]) -> "Browser":
        sent = [(name, value) for name, value in form.form_values() if name not in fields]
        sent += list(fields.items())
        if pressed.get("name"):
            sent.append((pressed.get("name"), pressed.get("value", "")))
        target = urljoin(self.url, pressed.get("formaction") or form.get("action") or self.url)
        if form.method == "POST":
            self.answer = self.session.post(target, data=sent, timeout=20, headers={"Referer": self.url})
        else:
            self.answer = self.session.get(target, params=sent, timeout=20)
        return self


def _words(text: str) -> str:
    return " ".join(text.split())
