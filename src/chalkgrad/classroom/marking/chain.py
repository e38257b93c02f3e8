"""Judging a chain: ∂f/∂x as a product of partials, in any order, one such product for each path."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from chalkgrad.classroom.marking.marked import Judged
from chalkgrad.classroom.marking.names import Names
from chalkgrad.errors import NotationError, nearest

Link = tuple[str, str]

LONGEST = 4000
MOST_LINKS = 400
NAME = (
    r"(?:\\[A-Za-z]+|[^\W\d_](?:[^\W_])*)['′]{0,3}(?:_(?:\{[^{}]{1,20}\}|\w+))?"
    r"(?:\^\*|\^\([a-z]\))?(?:\([^()]{0,40}\))?"
)
ROUND = r"(?:∂|\\partial\s*|d|\\mathrm\{d\}\s*|δ)"
PLAIN = re.compile(rf"\s*\(?\s*{ROUND}\s*\{{?({NAME})\}}?\s*/\s*\(?\s*{ROUND}\s*\{{?({NAME})\}}?\s*\)?")
STACKED = re.compile(
    rf"\s*\\[dt]?frac\s*\{{\s*{ROUND}\s*\{{?({NAME})\}}?\s*\}}\s*\{{\s*{ROUND}\s*\{{?({NAME})\}}?\s*\}}"
)
TIMES = re.compile(r"\s*(?:·|\*|×|⋅|∙|∘|\\cdot|\\times|\\circ|\\,|\\;|\\ )\s*")
LOSSES = ("Loss", "loss", "L", "J", "E", "C", "ℓ", "f")


def judge_chain(text: str, key: str, head: str, names: Names, output: str) -> Judged:
    """The verdict on a product of partials; `head` is what it is of, `output` the name of the function's value."""
    try:
        wanted = [Counter(path) for path in read_chain(key, names, output)[0]]
        paths, notes = read_chain(text, names, output)
    except NotationError as error:
        return Judged("cannot tell", why=str(error))
    said = [Counter(_contracted(path, wanted)) for path in paths]
    if _same(said, wanted):
        return Judged("right", notes=notes)
    (top, by), *_ = read_chain(head, names, output)[0][0]
    if said == [Counter([(top, by)])]:
        return Judged("cannot tell", why=f"{head} is what is asked for: write it as a product of partials")
    if len(said) < len(wanted) and all(path in wanted for path in said):
        return Judged("wrong", "missing", "a path is left out: where paths meet, their contributions add", notes)
    for path in said:
        if path in wanted:
            continue
        near = max(wanted, key=lambda w: sum((w & path).values()))
        lost, extra = [*(near - path)], [*(path - near)]
        if lost and not extra:
            return Judged("wrong", "link", f"a link of the chain is left out: {_links(lost)}", notes)
        if extra and not lost:
            return Judged("wrong", "link", f"{_links(extra)} does not belong to this path", notes)
        if _joined(extra, lost):
            why = f"{_links(extra)} goes over more than one step: write {_links(_ordered(lost))}"
            return Judged("cannot tell", why=why, notes=notes)  # it may be true, and is not what is asked for
        return Judged("wrong", "link", f"{_links(extra)} stands where {_links(lost)} belongs", notes)
    return Judged("wrong", "", "it is not the sum over the paths, each path once", notes)


def _contracted(path: Sequence[Link], wanted: Sequence[Counter[Link]]) -> list[Link]:
    """A path that goes over more gates than the key's, as one over its values alone."""
    known = {name for one in wanted for link in one for name in link}
    order = _ordered(path)
    if len({u for u, _ in path}) < len(path) or not all(a[1] == b[0] for a, b in pairwise(order)):
        return list(path)
    nodes = [order[0][0], *[v for _, v in order]]
    return list(pairwise([n for k, n in enumerate(nodes) if n in known or k in (0, len(nodes) - 1)]))


def _same(one: list[Counter[Link]], other: list[Counter[Link]]) -> bool:
    left = list(other)
    for path in one:
        if path not in left:
            return False
        left.remove(path)
    return not left


def _links(links: Sequence[Link]) -> str:
    return " · ".join([f"∂{u}/∂{v}" for u, v in links])


def _ordered(links: Sequence[Link]) -> list[Link]:
    """From the top down, where they follow each other."""
    below = {u: (u, v) for u, v in links}
    tops = [u for u, _ in links if u not in {v for _, v in links}]
    out: list[Link] = []
    at = tops[0] if tops else ""
    while at in below and len(out) < len(links):
        out.append(below[at])
        at = below[at][1]
    return out if len(out) == len(links) else list(links)


def _joined(extra: Sequence[Link], lost: Sequence[Link]) -> bool:
    """Whether one link stands for several that follow each other."""
    if len(extra) != 1 or len(lost) < 2:
        return False
    order = _ordered(lost)
    follow = all(a[1] == b[0] for a, b in pairwise(order))
    return follow and extra[0] == (order[0][0], order[-1][1])


def read_chain(text: str, names: Names, output: str) -> tuple[list[list[Link]], tuple[str, ...]]:
    """The paths of a chain, each a list of its links, and what should be said of the reading.

    Raises NotationError where something else than partials, products and sums stands there.
    """
    if len(text) > LONGEST:
        raise NotationError(f"this is too long: more than {LONGEST} characters")
    last = text.replace("$", " ").split("=")[-1]
    clean, notes = names.tidy(last.strip().rstrip(".; "))
    paths: list[list[Link]] = [[]]
    said = dict.fromkeys(notes)
    at, count, depth = 0, 0, 0
    while at < len(clean):
        found = STACKED.match(clean, at) or PLAIN.match(clean, at)
        if found is not None:
            links = [_name(found[k], names, output, said, clean) for k in (1, 2)]
            paths[-1].append((links[0], links[1]))
            count += 1
            at = found.end()
            opened = found.group().count("(") - found.group().count(")")
            depth += opened
        elif clean[at] in "()[]{}" or clean[at].isspace():
            depth += (clean[at] in "([{") - (clean[at] in ")]}")
            at += 1
        elif clean[at] == "+" and paths[-1] and depth <= 0:
            paths.append([])
            at += 1
        elif (times := TIMES.match(clean, at)) and times.end() > at and paths[-1]:
            at = times.end()
        else:
            problem = "a product of partials is asked for, such as ∂f/∂q · ∂q/∂x"
            raise NotationError(problem, clean, (at, at + 1))
        if count > MOST_LINKS:
            raise NotationError(f"more than {MOST_LINKS} partials")
    if not all(paths) or depth:
        raise NotationError("a product of partials is asked for, such as ∂f/∂q · ∂q/∂x", clean, None)
    return paths, tuple(said)


def read_links(text: str) -> list[Link]:
    """Every ∂u/∂v that stands in a text, as it is written, without braces."""
    pairs = [*STACKED.finditer(text), *PLAIN.finditer(text)]
    return [(_bare(m[1]), _bare(m[2])) for m in pairs]


def _bare(name: str) -> str:
    hat = re.sub(r"\\hat\s*\{?\s*(\w)\s*\}?", lambda m: unicodedata.normalize("NFC", m[1] + "\u0302"), name)
    return re.sub(r"[\s{}]", "", hat)


def _name(written: str, names: Names, output: str, said: dict[str, None], text: str) -> str:
    bare = written.split("(")[0] if written not in names.known and "(" in written else written
    bare = re.sub(r"\{(\w+)\}", r"\1", bare) if bare not in names.known else bare
    bare = names.tidy(bare.lstrip("\\"))[0]
    if bare in names.known:
        return bare
    if bare in LOSSES:
        said[f"{bare} is read as {output}"] = None
        return output
    raise NotationError(f"there is no value called '{bare}' here{nearest(bare, names.known)}", text, None)
