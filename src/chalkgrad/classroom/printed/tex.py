"""A sheet as LaTeX source, for a person who goes on editing it. Any engine compiles it.

Nothing that a person wrote is a command: words go through `text_mode`, formulas are written from their boxes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalkgrad.classroom.printed.drawing import Drawn
from chalkgrad.classroom.printed.layout import (
    Answer,
    Code,
    Figure,
    Grid,
    Hint,
    Item,
    Layout,
    Lines,
    Note,
    Numbered,
    Picture,
    Pictures,
    Say,
    Space,
    Writing,
)
from chalkgrad.classroom.printed.pdf import Paper
from chalkgrad.classroom.printed.prose import Piece, as_latex, pieces_latex
from chalkgrad.render import picture
from chalkgrad.render.latex import ascii_only, latex, text_mode
from chalkgrad.render.maths import label
from chalkgrad.render.tikz import colours, tikz
from chalkgrad.render.typeset import SIZE, typeset

_TEXT = {"a4": 493.0, "letter": 510.0}
"""Points across an upright page."""
_TURNED = {"a4": 708.0, "letter": 658.0}
"""Points across a turned page."""
_ROOMS = {"number": r"\chalknumber", "wide": r"\chalkwide", "line": ""}

_HEAD = r"""\documentclass[%(paper)s,%(size)s]{%(class)s}
\usepackage[margin=17mm,includefoot]{geometry}
\usepackage[T1]{fontenc}
\usepackage{textcomp,amsmath,amssymb,graphicx,tikz,fancyhdr,pdflscape,enumitem,lastpage}"""

_SETTINGS = r"""\definecolor{chalkanswer}{HTML}{0B3D91}
\definecolor{chalkground}{HTML}{E6EDF8}
\setlength{\parindent}{0pt}
\setlength{\parskip}{5pt}
\setlength{\fboxsep}{1.5pt}
\raggedright
\newlength{\chalkline}\setlength{\chalkline}{%(line)s}
\newlength{\chalknumber}\setlength{\chalknumber}{5.8em}
\newlength{\chalkwide}\setlength{\chalkwide}{13em}
\newlength{\chalkrest}
\newsavebox{\chalkbox}
%% a place to write in, #1 wide; #2 is what the key writes there, made to fit
\newcommand{\chalkroom}[2]{\begingroup\def\chalkgiven{#2}%%
  \makebox[#1][l]{\rlap{\raisebox{-5.5pt}{\rule{#1}{0.6pt}}}\rule{0pt}{0.75\chalkline}%%
  \ifx\chalkgiven\empty\else\savebox{\chalkbox}{\color{chalkanswer}\bfseries\boldmath #2}%%
  \setlength{\dimen0}{\dimexpr #1-2\fboxsep\relax}%%
  \colorbox{chalkground}{\ifdim\wd\chalkbox>\dimen0\resizebox{\dimen0}{!}{\usebox{\chalkbox}}\else
    \makebox[\dimen0][c]{\usebox{\chalkbox}}\fi}\fi}\endgroup}
%% the same over the rest of the line, behind #1
\newcommand{\chalkfill}[2]{\settowidth{\chalkrest}{#1\enspace}\setlength{\chalkrest}{\dimexpr\linewidth-\chalkrest-1pt\relax}%%
  \mbox{#1\enspace\chalkroom{\chalkrest}{#2}}}
%% #1 ruled lines, with #2 over them
\newcount\chalkcount
\newcommand{\chalkruled}[2]{\par\noindent\vbox{\hsize=\linewidth\parskip=0pt\offinterlineskip\def\chalkgiven{#2}%%
  \chalkcount=#1\relax
  \loop\hbox to\linewidth{\rule{0pt}{\chalkline}\color{black!50}\leaders\hrule height 0.5pt\hfill}%%
  \advance\chalkcount by -1\ifnum\chalkcount>0\repeat
  \ifx\chalkgiven\empty\else\vskip-#1\chalkline
  \vbox to #1\chalkline{\colorbox{chalkground}{\parbox[t]{\dimexpr\linewidth-4pt\relax}{%%
    \small\parskip=2pt\bfseries\boldmath\color{chalkanswer}#2}}\vss}\fi}\par}
%% a frame #1 lines high, with #2 in it
\newcommand{\chalkspace}[2]{\par\nobreak\noindent
  \fbox{\parbox[c][#1\chalkline][c]{\dimexpr\linewidth-4pt\relax}{\centering #2}}\par}"""


def tex(layout: Layout, *, key: bool, paper: Paper = "a4", large: bool = False) -> str:
    """The sheet as a LaTeX document."""
    return ascii_only("\n".join(_document(layout, key, paper, large)) + "\n")


def _document(layout: Layout, key: bool, paper: Paper, large: bool) -> Iterator[str]:
    names = {
        "paper": "letterpaper" if paper == "letter" else "a4paper",
        "size": "20pt" if large else "11pt",
        "class": "extarticle" if large else "article",
        "line": "13mm" if large else "8.5mm",
    }
    code = text_mode(layout.code)
    yield _HEAD % names
    yield from colours()
    yield _SETTINGS % names
    yield r"\pagestyle{fancy}\fancyhf{}\renewcommand{\headrulewidth}{0pt}"
    mark = r" \textbf{KEY}" if key else ""
    yield rf"\fancyfoot[L]{{\texttt{{{code}}}{mark} {text_mode(layout.student)}}}"
    yield r"\fancyfoot[R]{Page \thepage\ of \pageref{LastPage}}"
    yield r"\begin{document}"
    yield rf"{{\small {pieces_latex(layout.course)}\hfill\texttt{{{code}}}{mark}}}\par"
    yield rf"{{\Large\bfseries {pieces_latex(layout.title)}{' (key)' if key else ''}}}\par\medskip"
    name = text_mode(layout.student) or r"\rule{0.6\linewidth}{0.6pt}"
    yield rf"Name: {name}\par\medskip"
    yield as_latex(layout.intro)
    for problem in layout.problems:
        yield from _problem(problem, key, paper, 1.8 if large else 1.0)
    if layout.footer:
        yield r"\bigskip"
        yield rf"{{\small {as_latex(layout.footer)}\par}}"
    if key and layout.notes:
        yield r"\clearpage\section*{Notes to the key}"
        for note in layout.notes:
            yield from _note(note, _TEXT[paper])
    yield r"\end{document}"


def _problem(problem: Numbered, key: bool, paper: Paper, scale: float) -> Iterator[str]:
    if problem.turned(scale > 1):
        yield r"\begin{landscape}"
    title = f"{problem.number}. {pieces_latex(problem.title)}".strip()
    yield rf"\section*{{{title}{_points(problem.points)}}}"
    across = (_TURNED if problem.turned(scale > 1) else _TEXT)[paper]
    for item in problem.items:
        yield from _item(item, key, across, scale)
    if problem.turned(scale > 1):
        yield r"\end{landscape}"


def _points(points: str) -> str:
    return rf"{{\normalfont\small\ ({text_mode(points)})}}" if points else ""


def _item(item: Item, key: bool, across: float, scale: float) -> Iterator[str]:
    match item:
        case Say(blocks, label, points):
            head = rf"\medskip\textbf{{{text_mode(label)}}}{_points(points)}\enspace " if label else ""
            yield head + as_latex(blocks) + r"\par"
        case Hint(found):
            yield rf"{{\small\emph{{Hint:}} {pieces_latex(found)}\par}}"
        case Figure(drawn):
            yield rf"\begin{{center}}{_drawn(drawn, key, across, scale)}\end{{center}}"
        case Pictures(found):
            # side by side, unless they would be too small
            fitting = min(scale, (across - 10 * len(found)) / sum(p.width for p in found))
            size = fitting if fitting >= 0.45 else scale
            yield rf"\begin{{center}}{' '.join(_picture(p, across, size) for p in found)}\end{{center}}"
        case Lines():
            yield from _lines(item, key)
        case Code():
            yield from _code(item, key)
        case Grid():
            yield from _grid(item, key)
        case Writing(_, head, lines, model, hint):
            yield _head(head, hint)
            body = as_latex(model) if key and model else ""
            most = 16 if scale > 1 else 26  # on one page
            for start in range(0, lines, most):
                yield rf"\chalkruled{{{min(most, lines - start)}}}{{{'' if start else body}}}"
            yield r"\medskip"
        case Space(_, head, height, printed, model, hint):
            yield _head(head, hint)
            shown = (model if key else None) or printed
            inside = ""
            if isinstance(shown, Drawn):
                inside = _drawn(shown, True, across - 20, scale)
            elif shown is not None:
                inside = _picture(shown, across - 20, scale)
            yield rf"\chalkspace{{{height}}}{{{inside}}}"


def _head(head: Sequence[Piece], hint: Sequence[Piece]) -> str:
    return rf"{pieces_latex(head)}:{_hint(hint)}\par\nobreak" if head else ""


def _hint(hint: Sequence[Piece]) -> str:
    return rf" {{\small\emph{{Hint:}} {pieces_latex(hint)}}}" if hint else ""


def _drawn(drawn: Drawn, key: bool, across: float, scale: float) -> str:
    width = min(drawn.placed.width * scale, across)
    return _resized(tikz(drawn.placed if key else drawn.empty), width, drawn.placed.width)


def _resized(drawing: str, width: float, own: float) -> str:
    """The drawing at another size. Its letters are of 10 points, whatever those around it are."""
    plain = "{\\fontsize{10}{12}\\selectfont\n" + f"{drawing}}}"
    return plain if width == own else rf"\resizebox{{{width:.1f}pt}}{{!}}{{%" + f"\n{plain}}}"


def _picture(made: Picture, across: float, scale: float) -> str:
    width = min(made.width * scale, across)
    return _resized("\n".join(_shapes(made.drawing)), width, made.width)


def _shapes(drawing: picture.Picture) -> Iterator[str]:
    yield r"\begin{tikzpicture}[x=1pt,y=-1pt,every node/.style={anchor=base,inner sep=0pt,outer sep=0pt}]"
    yield rf"\useasboundingbox (0,0) rectangle ({drawing.width:g},{drawing.height:g});"
    for shape in drawing.shapes:
        match shape:
            case picture.Box():
                fill = "" if shape.fill == "none" else f",fill={_colour(shape.fill)}"
                dash = ",dashed" if shape.dashed else ""
                corners = f"({shape.x:g},{shape.y:g}) rectangle ({shape.x + shape.width:g},{shape.y + shape.height:g})"
                yield rf"\path[draw={_colour(shape.stroke)}{fill}{dash},line width={shape.thick:g}pt] {corners};"
            case picture.Disc():
                place = f"({shape.x:g},{shape.y:g}) circle[radius={shape.radius:g}pt]"
                yield rf"\path[draw={_colour(shape.stroke)},fill={_colour(shape.fill)}] {place};"
            case picture.Stroke():
                ends = f"({shape.x1:g},{shape.y1:g}) -- ({shape.x2:g},{shape.y2:g})"
                yield rf"\draw[draw={_colour(shape.colour)},line width={shape.thick:g}pt] {ends};"
    for word in drawing.words:
        written = text_mode(word.text) if word.prose else f"${latex(label(word.text))}$"
        width = typeset([word.text], prose=word.prose)[word.text].width * word.size / SIZE
        x = word.x + {"start": width / 2, "middle": 0.0, "end": -width / 2}[word.anchor]
        yield rf"\node[text={_colour(word.colour)},scale={word.size / SIZE:g}] at ({x:.2f},{word.y:g}) {{{written}}};"
    yield r"\end{tikzpicture}"


def _colour(colour: str) -> str:
    """A colour of a picture, `#fff` or `#1a1a1a`, as xcolor takes it in place."""
    digits = colour.removeprefix("#")
    digits = "".join([d * 2 for d in digits]) if len(digits) == 3 else digits
    red, green, blue = (int(digits[k : k + 2], 16) for k in (0, 2, 4))
    return f"{{rgb,255:red,{red};green,{green};blue,{blue}}}"


def _lines(item: Lines, key: bool) -> Iterator[str]:
    if item.columns:
        yield r"\medskip"
        heads = [rf"\parbox[b]{{0.47\linewidth}}{{\underline{{{text_mode(c)}}}}}" for c in item.columns]
        yield r"\hfill ".join(heads) + r"\par"
        for line in item.lines:
            filled = ["" if a is None else _fill(line.head, line.sign, a, key, line=True) for a in line.answers]
            cells = [rf"\parbox[b]{{0.47\linewidth}}{{{cell}}}" for cell in filled]
            yield r"\hfill ".join(cells) + r"\par"
        return
    waiting: list[str] = []
    for line in item.lines:
        (answer,) = line.answers
        assert answer is not None
        hints = "".join(map(_hint, line.hints))
        if answer.room == "line" or hints:
            if waiting:
                yield "\\qquad\n".join(waiting) + r"\par"
            waiting = []
            yield _fill(line.head, line.sign, answer, key, line=True) + rf"{hints}\par"
        else:
            waiting.append(_fill(line.head, line.sign, answer, key, line=False))
    if waiting:
        yield "\\qquad\n".join(waiting) + r"\par"


def _fill(head: Sequence[Piece], sign: str, answer: Answer, key: bool, *, line: bool) -> str:
    after = {"=": " $=$", "←": r" $\leftarrow$", ":": ":"}.get(sign, "")
    label = pieces_latex(head) + after
    inside = pieces_latex(answer.pieces) if key else ""
    if line:
        return rf"\chalkfill{{{label}}}{{{inside}}}"
    return rf"\mbox{{{label}\enspace\chalkroom{{{_ROOMS[answer.room]}}}{{{inside}}}}}"


def _code(item: Code, key: bool) -> Iterator[str]:
    for line in item.lines:
        if not line.tag and line.answer is None and line.text in ("forward", "backward"):
            yield rf"\emph{{{line.text}:}}\par"
            continue
        tag = rf"\makebox[3em][l]{{\small\texttt{{{text_mode(line.tag)}}}}}"
        if line.answer is None:
            said = rf"\texttt{{{text_mode(line.text)}}}"
        else:
            inside = pieces_latex(line.answer.pieces) if key else ""
            said = rf"\chalkroom{{0.7\linewidth}}{{{inside}}}"
        yield rf"\hspace*{{1em}}{tag}{said}\par"


def _grid(item: Grid, key: bool) -> Iterator[str]:
    yield r"{\renewcommand{\arraystretch}{1.4}"
    yield rf"\begin{{tabular}}{{{'l' * len(item.columns)}}}"
    yield " & ".join(rf"\textbf{{{pieces_latex(c)}}}" for c in item.columns) + r" \\ \hline"
    for row in item.rows:
        cells = [
            rf"\chalkroom{{\chalknumber}}{{{pieces_latex(c.pieces) if key else ''}}}"
            if isinstance(c, Answer)
            else pieces_latex(c)
            for c in row
        ]
        yield " & ".join(cells) + r" \\ \hline"
    yield r"\end{tabular}}\par"


def _note(note: Note, across: float) -> Iterator[str]:
    yield rf"\textbf{{{text_mode(note.number)}}}\enspace " + as_latex(note.blocks) + r"\par"
    yield from (_drawn(drawn, True, across, 1.0) + r"\par" for drawn in note.figures)
