"""One address for one page: what is the same article must have the same canonical URL."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

LONGEST_URL = 4096
MOST_ROUNDS = 20  # escapes may be escaped again; two rounds do for what is not
# what campaigns, newsletters, social networks and home pages add; none of them chooses what is shown
TRACKING = re.compile(
    r"(?:utm_|hsa_|pk_|mtm_|wt\.|at_|ns_mail_|oly_|_hs|soc_|adxnn|mc_[ce]id$).*"
    r"|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh|mkt_tok|_ga|_gl|vero_id|spm"
    r"|hp|hpt|hpw|_r|ref|ref_src|ref_url|referer|referrer|rref|mtrref|iref|refid|smid|smtyp|cmpid|cmp|ncid|icid|intcmp|ito"
    r"|sr_share|taid|guccounter|clicksource|pgtype|contentcollection|gwh|gwt|mabreward|emc|nlid",
    re.IGNORECASE,
)
INDEX_PAGES = ("/index.html", "/index.htm")
_LABEL = r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?"
# most addresses of most papers, which need not be taken apart: that takes a hundred times as long
_PLAIN = re.compile(
    rf"https?://(?:www\.)?((?!www\.){_LABEL}(?:\.{_LABEL}){{1,3}}"
    r"(?:/[A-Za-z0-9_-]{1,200}){0,8}(?:(?<!/index)\.html?)?)/?"
)


def is_web_url(url: str) -> bool:
    """Whether `url` is an absolute http or https address that is safe to print in a link.

    >>> is_web_url("https://paper.example/a"), is_web_url("javascript:alert(1)"), is_web_url("/a")
    (True, False, False)
    """
    if len(url) > LONGEST_URL or re.search(r"[\x00-\x20\x7f-\xa0<>\"\\]", url):
        return False
    try:
        parts = urlsplit(url)
        labels = (parts.hostname or "").removesuffix(".").split(".")
        return parts.scheme in ("http", "https") and all(labels) and parts.port != 0
    except ValueError:
        return False


def canonical_url(url: str) -> str:
    """The canonical form of an http(s) URL, "" for anything else. Applying it twice changes nothing.

    Always https; the host in lower case without `www.`, user and default port; no fragment, no tracking parameters,
    the other parameters sorted; dot segments resolved; no trailing slash and no `index.html`.

    >>> canonical_url("http://WWW.Paper.example:80/a/../b/index.html?utm_source=x&q=2&id=1#top")
    'https://paper.example/b?id=1&q=2'
    """
    if plain := _PLAIN.fullmatch(url):
        return f"https://{plain[1]}"
    url = url.strip()
    for _ in range(MOST_ROUNDS):
        before, url = url, _once(url)
        if url in (before, ""):
            return url
    return ""


def site_of(canonical: str) -> str:
    """The host of a canonical address, "" where there is none.

    >>> site_of("https://sport.paper.example/a")
    'sport.paper.example'
    """
    return urlsplit(canonical).netloc


def _once(url: str) -> str:
    from w3lib.url import canonicalize_url

    if not is_web_url(url):
        return ""
    try:
        parts = urlsplit(canonicalize_url(url))
        host, port = _host(parts.hostname or ""), parts.port
    except (ValueError, UnicodeError):
        return ""
    if not host:
        return ""
    query = _query(parts.query)
    address = host if port in (None, 80, 443) else f"{host}:{port}"
    return f"https://{address}{_path(parts.path)}{'?' if query else ''}{query}"


def _host(host: str) -> str:
    host = host.lower().strip(".")
    while host.startswith("www.") and "." in host[4:]:
        host = host[4:]
    return f"[{host}]" if ":" in host else host


def _path(path: str) -> str:
    while True:
        shorter = path.rstrip("/;")  # an empty parameter says nothing
        for page in INDEX_PAGES:
            shorter = shorter.removesuffix(page)
        if shorter == path:
            return path
        path = shorter


def _query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    kept = sorted((name, value) for name, value in pairs if name and not TRACKING.fullmatch(name))
    return urlencode(kept, errors="surrogateescape")
