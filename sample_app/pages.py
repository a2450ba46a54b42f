"""The shop's HTML. Plain functions from content to text; every outside string is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
:root{--ink:#1d2733;--soft:#667085;--paper:#faf8f4;--card:#fff;--line:#e6e1d8;--accent:#0f5e63}
@media(prefers-color-scheme:dark){:root{--ink:#e9edf2;--soft:#9aa6b5;--paper:#12181f;--card:#1a222c;--line:#2b3642;
--accent:#5cc2c7}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.55 ui-serif,Georgia,"Times New Roman",serif}
main,header{max-width:64rem;margin:0 auto;padding:1.5rem 1.25rem}
header{display:flex;align-items:baseline;gap:1rem;border-bottom:1px solid var(--line)}
header a{color:inherit;text-decoration:none}header b{font-size:1.35rem;letter-spacing:.01em}
header span,small,.soft{color:var(--soft)}
.shelf{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1.25rem;margin-top:1.5rem}
.card{display:block;background:var(--card);border:1px solid var(--line);border-radius:.75rem;overflow:hidden;
color:inherit;text-decoration:none;transition:transform .15s,box-shadow .15s}
a.card:hover,a.card:focus-visible{transform:translateY(-3px);box-shadow:0 10px 24px rgb(0 0 0/.12)}
.card div{padding:1rem 1.1rem 1.2rem}.card h2{margin:0 0 .3rem;font-size:1.1rem}.card p{margin:0 0 .7rem}
.picture{display:grid;place-items:center;height:9.5rem;font-size:4rem;color:#fff;
background:linear-gradient(135deg,hsl(var(--hue) 45% 46%),hsl(calc(var(--hue) + 40) 50% 28%))}
.price{font-variant-numeric:tabular-nums;color:var(--accent);font-weight:600}
.product{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr);gap:2rem;margin-top:1.5rem}
@media(max-width:44rem){.product{grid-template-columns:1fr}}
.product .picture{height:100%;min-height:15rem;border-radius:.75rem;font-size:6rem}
blockquote{margin:0 0 1rem;padding:.9rem 1.1rem;background:var(--card);border:1px solid var(--line);
border-radius:.75rem}blockquote p{margin:0 0 .35rem}
.stars{letter-spacing:.12em}.stars.red{color:#c8372d}
.badge{font:600 .8rem/1 ui-monospace,monospace;border:1px solid var(--line);border-radius:1rem;
padding:.25rem .6rem}
button{font:inherit;color:#fff;background:#0f5e63;border:0;border-radius:.5rem;
padding:.55rem 1.1rem;cursor:pointer}
.notice{border-left:3px solid #c8372d;padding-left:1rem}
"""


def front_page(products: Sequence[Mapping[str, Any]]) -> str:
    """The shelf of all products."""
    cards = "".join(_card(product) for product in products)
    return _document("The chandlery", f'<h1>Everything for a small voyage</h1><div class="shelf">{cards}</div>')


def product_page(product: Mapping[str, Any], reviews: Mapping[str, Any] | None, error: str | None) -> str:
    """One product with its reviews, naming the version of `reviews` that wrote them."""
    name = escape(str(product["name"]))
    body = f"""<div class="product">{_picture(product)}<div><h1>{name}</h1>
<p>{escape(str(product["blurb"]))}</p><p class="price">{_money(int(product["price"]))}</p>
<form method="post" action="/orders"><input type="hidden" name="product" value="{int(product["id"])}">
<button>Order one</button></form></div></div><h2>Reviews</h2>"""
    return _document(name, body + (_reviews(reviews) if reviews is not None else _notice(error or "")))


def order_page(order: Mapping[str, Any]) -> str:
    """Confirms an order."""
    text = f"Order {int(order['order'])}: {int(order['quantity'])} x {escape(str(order['product']))}"
    total = _money(int(order["total"]))
    return _document("Thank you", f'<h1>Thank you</h1><p>{text}, <span class="price">{total}</span>.</p>')


def error_page(message: str) -> str:
    """Says what could not be had."""
    return _document("Not now", f"<h1>That did not work</h1>{_notice(message)}")


def _document(title: str, body: str) -> str:
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">
<style>{STYLE}</style></head><body>
<header><a href="/"><b>The chandlery</b></a><span>instruments, lamps and paper</span></header>
<main>{body}</main></body></html>"""


def _card(product: Mapping[str, Any]) -> str:
    return f"""<a class="card" href="/products/{int(product["id"])}">{_picture(product)}<div>
<h2>{escape(str(product["name"]))}</h2><p class="soft">{escape(str(product["blurb"]))}</p>
<span class="price">{_money(int(product["price"]))}</span></div></a>"""


def _picture(product: Mapping[str, Any]) -> str:
    hue, glyph = int(product["hue"]), escape(str(product["glyph"]))
    return f'<span class="picture" style="--hue:{hue}" aria-hidden="true">{glyph}</span>'


def _reviews(reviews: Mapping[str, Any]) -> str:
    colour = escape(str(reviews.get("star_colour") or ""))
    quotes = "".join(_review(review, colour) for review in reviews["reviews"])
    missing = _notice(str(reviews["ratings_error"])) if "ratings_error" in reviews else ""
    version = escape(str(reviews["version"]))
    served = f'<p><small>served by <span class="badge">reviews {version}</span></small></p>'
    return quotes + missing + served


def _review(review: Mapping[str, Any], colour: str) -> str:
    stars = ""
    if "stars" in review:
        count = int(review["stars"])
        drawn = "★" * count + "☆" * (5 - count)
        stars = f'<span class="stars {colour}" aria-label="{count} of 5 stars">{drawn}</span>'
    reviewer, text = escape(str(review["reviewer"])), escape(str(review["text"]))
    return f"<blockquote><p>{text}</p><small>{reviewer}</small> {stars}</blockquote>"


def _notice(message: str) -> str:
    return f'<p class="notice">Not available just now: {escape(message)}</p>'


def _money(cents: int) -> str:
    return f"€ {cents // 100}.{cents % 100:02d}"
