"""Elements of a page. Invariant: text and attributes are escaped where it is written, so that no text can be markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import TypeAlias

Element: TypeAlias = ET.Element
Content: TypeAlias = ET.Element | str


def element(tag: str, *contents: Content, **attributes: str) -> Element:
    """An element; ``class_`` is the attribute ``class``, other underscores are hyphens."""
    made = ET.Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    for content in contents:
        _append(made, content)
    return made


def table(caption: str, head: Iterable[str], rows: Iterable[Iterable[Content]]) -> Element:
    """A table that can be scrolled sideways where there is no room; the first cell of each row is its heading."""
    body = [element("tr", element("th", first, scope="row"), *_cells(rest)) for first, *rest in rows]
    titles = (element("th", title, scope="col") for title in head)
    rows_of_it = (element("thead", element("tr", *titles)), element("tbody", *body))
    return element("div", element("table", element("caption", caption), *rows_of_it), class_="wide")


def write(root: Element) -> str:
    """The page as HTML."""
    return "<!doctype html>\n" + ET.tostring(root, encoding="unicode", method="html") + "\n"


def _cells(contents: Iterable[Content]) -> list[Element]:
    return [element("td", content) for content in contents]


def _append(parent: Element, content: Content) -> None:
    if isinstance(content, ET.Element):
        parent.append(content)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + content
    else:
        parent.text = (parent.text or "") + content
