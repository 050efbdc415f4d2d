"""Readable text out of HTML, as dirty and as large as it may be; never raises.

inscriptis and lxml are imported where they are used: whoever serves cleaned articles does not need them.
"""

import html
import re
from typing import TYPE_CHECKING

from recsys.cleaning import BREAKS, CONTROLS

if TYPE_CHECKING:
    from inscriptis.model.config import ParserConfig
    from inscriptis.model.html_document_state import HtmlDocumentState
    from inscriptis.model.html_element import HtmlElement

# fmt: off
BLOCKS = (
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "li",
    "listing", "main", "nav", "ol", "p", "plaintext", "pre", "section", "summary", "table", "tbody", "tfoot",
    "thead", "tr", "ul", "xmp",
)
DROPPED = (
    "audio", "button", "canvas", "figure", "head", "iframe", "input", "link", "math", "meta", "noscript", "object",
    "script", "select", "style", "svg", "template", "textarea", "title", "video",
)
INLINE = (
    "a", "abbr", "acronym", "b", "big", "cite", "code", "del", "em", "font", "i", "img", "ins", "mark", "q", "s",
    "small", "span", "strike", "strong", "sub", "sup", "td", "th", "tt", "u",
)
# fmt: on
# a tag that sets a text: a mention of <h1> in a sentence about HTML has no partner and no attributes
LAYOUT_TAG = re.compile(r"<(?:/(?:p|div|ul|ol|li|blockquote|table)\s*|(?:p|br|hr)(?:\s[^<>]*)?/?)>", re.IGNORECASE)
CLOSING_TAG = re.compile(rf"</({'|'.join([*BLOCKS, *DROPPED, *INLINE])})\s*>", re.IGNORECASE)
OPENING_TAG = re.compile(rf"<({'|'.join([*BLOCKS, *DROPPED, *INLINE])})(?=[\s>/])", re.IGNORECASE)
# where these occur, line ends in the source mean nothing; where none does, they are the paragraphs (as WordPress keeps)
PARAGRAPH_TAG = re.compile(r"<(?:p|br|div)[\s/>]", re.IGNORECASE)
ANY_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
BLOCK_TAG = re.compile(rf"</?(?:{'|'.join([*BLOCKS, 'br'])})(?=[\s>/])[^<>]*>", re.IGNORECASE)
TAG_OR_LINE_END = re.compile(r"<[a-zA-Z/!?][^<>]*>|\n")
SCRIPT_OPENS = re.compile(r"<(?:script|style)(?=[\s>/])", re.IGNORECASE)
SCRIPT_CLOSES = re.compile(r"</(?:script|style)\s*>", re.IGNORECASE)


def is_html(text: str) -> bool:
    """Whether the text is marked up: it has a paragraph or line-break tag, or a known tag that is opened and closed.

    >>> is_html("<p>One</p>"), is_html("an <em>old</em> one"), is_html("5 < 6 > 4 <Sigh> and the <h1> tag")
    (True, True, False)
    """
    if "<" not in text:
        return False
    if LAYOUT_TAG.search(text):
        return True
    opened = {tag.lower() for tag in OPENING_TAG.findall(text)}
    return any(tag.group(1).lower() in opened for tag in CLOSING_TAG.finditer(text))


def html_to_text(text: str) -> str:
    """The readable text of HTML: block elements become lines, links their text, entities characters.

    Scripts, styles, figures with their captions, forms, embedded media and what is styled `display: none` are dropped.
    Table cells are separated by a space and list items carry no bullet: nothing is laid out in columns, since padding
    can blow a small page up to gigabytes. Not cleaned yet: see `clean`.
    """
    from inscriptis.html_engine import Inscriptis
    from lxml.html import HTMLParser, document_fromstring

    text = CONTROLS.sub("", BREAKS.sub("\n", text))
    if not text.strip():
        return ""
    if not PARAGRAPH_TAG.search(text):
        text = TAG_OR_LINE_END.sub(lambda found: "<br>" if found.group() == "\n" else found.group(), text)
    try:
        # huge_tree: without it everything below 256 open tags is lost, and unclosed <font> tags add up to that
        tree = document_fromstring(f"<div>{text}</div>", parser=HTMLParser(huge_tree=True))
        return str(Inscriptis(tree, _layout()).get_text())
    except (RecursionError, ValueError, SyntaxError, AssertionError):  # lxml's parser errors are SyntaxErrors
        return _text_without_tags(text)


def _layout() -> "ParserConfig":
    """inscriptis without margins, padding, tables and bullets."""
    from inscriptis.html_properties import Display, WhiteSpace
    from inscriptis.model.config import ParserConfig
    from inscriptis.model.html_element import HtmlElement
    from inscriptis.model.tag import CustomHtmlTagHandlerMapping

    css = {tag: HtmlElement(display=Display.block) for tag in BLOCKS}
    css |= {tag: HtmlElement(display=Display.none) for tag in DROPPED}
    css |= {tag: HtmlElement(display=Display.block, whitespace=WhiteSpace.pre) for tag in ("pre", "listing", "xmp")}
    starts = dict.fromkeys(("table", "tr", "ul", "ol", "li"), _nothing) | dict.fromkeys(("td", "th"), _space)
    ends = {tag: lambda _state: None for tag in ("table", "td", "th", "ul", "ol")}
    config = ParserConfig(css=css, custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(starts, ends))
    config.attribute_handler.attribute_mapping = {"style": _hide}  # a margin of 99999em would be that many lines
    return config


def _nothing(_state: "HtmlDocumentState", _attributes: dict[str, str]) -> None:
    """In the place of a handler that lays out."""


def _space(state: "HtmlDocumentState", _attributes: dict[str, str]) -> None:
    state.tags[-1].write(" ")


def _hide(style: str, element: "HtmlElement") -> None:
    from inscriptis.html_properties import Display

    if "display:none" in "".join(style.lower().split()):
        element.display = Display.none


def _text_without_tags(text: str) -> str:
    """For what the parser cannot take (thousands of nested tags): tags become line breaks or nothing."""
    shown = "".join(SCRIPT_OPENS.split(part, maxsplit=1)[0] for part in SCRIPT_CLOSES.split(text))
    return html.unescape(ANY_TAG.sub("", BLOCK_TAG.sub("\n", shown)))
