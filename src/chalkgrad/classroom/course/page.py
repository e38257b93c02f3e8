"""What the pages of a class share: one file, no script, nothing fetched, everything that a person wrote escaped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape

from chalkgrad.classroom.course.visible import visible
from chalkgrad.classroom.printed.answers import ask_pieces, claim_blocks, solution
from chalkgrad.classroom.printed.prose import as_html, pieces, pieces_html, prose
from chalkgrad.classroom.sheets.blank import Blank, Question, TextKey
from chalkgrad.render.page import POLICY
from chalkgrad.render.typeset import clean

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 62rem; margin: 2rem auto;
  padding: 0 1.5rem; }
h1 { font-size: 1.4rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; }
.about { color: #555; margin-top: .2rem; }
.box { border-left: 4px solid #1a1a1a; padding: .2rem 0 .2rem 1rem; margin: 1.2rem 0; }
.box h2 { margin-top: 0; } .box div { margin: .4rem 0; }
figure { margin: 1rem 0; overflow-x: auto; } figure svg { max-width: 100%; height: auto; }
figcaption { color: #555; font-size: .9rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
thead th { border-bottom: 2px solid #1a1a1a; font-weight: 600; } tbody th { font-weight: 400; }
thead th { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td.bar { width: 250px; vertical-align: middle; } tbody th { min-width: 5rem; }
td p { margin: 0; } td ul { margin: .2rem 0; padding-left: 1.2rem; } math { font-size: 1.1em; }
.given { overflow-wrap: anywhere; white-space: pre-wrap; min-width: 9rem; max-width: 24rem; }
.verdict { min-width: 10rem; max-width: 20rem; } .verdict span { white-space: nowrap; }
.verdict small { display: block; }
td.number { white-space: nowrap; }
tr.first { background: #fdf1ef; } tr.first .verdict span { font-weight: 700; }
code, pre { font: .9em ui-monospace, monospace; } small { color: #555; } pre { margin: .2rem 0; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } tr, figure { break-inside: avoid; } }
""".strip()


def page(title: str, body: list[str]) -> str:
    """A whole page. `body` is HTML, `title` is not."""
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
            *body,
            "</main>\n</body>\n</html>\n",
        ]
    )


def table(heads: Sequence[str]) -> list[str]:
    """The head of a table; a `#` marks a column of numbers. It ends with `</tbody></table></div>`."""
    cells = [
        f'<th scope="col"{" class=number" if h.startswith("#") else ""}>{text(h.removeprefix("#"))}</th>' for h in heads
    ]
    return ['<div class="wide"><table>', f"<thead><tr>{''.join(cells)}</tr></thead>", "<tbody>"]


def names_of(question: Question) -> tuple[str, ...]:
    """The names of a question's function, in which its maths is read."""
    return () if question.work is None else tuple(question.work.called.values())


def asked(question: Question, blank: Blank) -> str:
    """What a blank asks for, as HTML: words, or maths."""
    return pieces_html(ask_pieces(blank, names_of(question))[0])


def solved(question: Question, blank: Blank) -> str:
    """The key of a blank as HTML; of words the model answer, and what a person should look for."""
    names = names_of(question)
    if not isinstance(blank.key, TextKey):
        return pieces_html(solution(blank, names, question.work))
    model = as_html(claim_blocks(blank, names) if blank.kind == "claim" else prose(blank.key.text, names))
    rubric = "".join([f"<li>{line(point, names)}</li>" for point in blank.key.rubric])
    return model + (f"<ul>{rubric}</ul>" if rubric else "")


@lru_cache(maxsize=2048)
def line(words: str, names: tuple[str, ...]) -> str:
    """A sheet's words with maths in them, on one line, as HTML."""
    return pieces_html(pieces(words, names))


@lru_cache(maxsize=256)
def paragraphs(words: str, names: tuple[str, ...]) -> str:
    """A sheet's words with maths in them as HTML."""
    return as_html(prose(words, names))


def text(words: str, most: int = 2000) -> str:
    """A person's words as HTML: what cannot be seen is written out, and no sign begins a tag."""
    return escape(clean(visible(words, most)))


def lines(words: str, most: int = 2000) -> str:
    """As `text`, with the line breaks kept."""
    return "\n".join([_spaced(line, most) for line in words[: most + 1].splitlines()])


def _spaced(words: str, most: int) -> str:
    """As `text`, with the spaces at its beginning kept."""
    plain = words.lstrip(" ")
    return " " * (len(words) - len(plain)) + text(plain, most)


def reason(why: str) -> str:
    """Why an answer is judged so: a line of words, and where there is more, the fault marked in the answer below."""
    first, _, more = why.partition("\n")
    return text(first) + (f"<pre>{lines(more)}</pre>" if more.strip() else "")
