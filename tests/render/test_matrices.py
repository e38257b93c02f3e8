"""Matrix derivatives as a person writes them: the text, the LaTeX, and the numbers of what is printed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import values_of
from chalkgrad.evaluate.worked import work
from chalkgrad.ir.dims import Size
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.render.graph import diagram
from chalkgrad.render.rows import Rows
from chalkgrad.render.totals import Totals
from chalkgrad.transform.conventions import with_sizes
from chalkgrad.transform.expression import Const, Expr, Ref

NETWORK = """
z1 = W1 X + b1
a1 = relu(z1)
z2 = W2 a1 + b2
h = σ(z2)
J = -mean(Y ∘ log(h) + (1 - Y) ∘ log(1 - h))
"""
ONE = "W1 in R^(3 x 2); X in R^(2 x 1); b1 in R^(3 x 1); W2 in R^(1 x 3); b2 in R^(1 x 1); Y in R^(1 x 1)"
BATCH = "W1 in R^(3 x 2); X in R^(2 x 4); b1 in R^(3 x 1); W2 in R^(1 x 3); b2 in R^(1 x 1); Y in R^(1 x 4)"
NAMED = "W1 in R^(D_a x D_x); X in R^(D_x x m); b1 in R^(D_a x 1); W2 in R^(1 x D_a); b2 in R^(1 x 1); Y in R^(1 x m)"
SQUARE = "A in R^(3 x 3)"
BOTH = "A in R^(3 x 3); B in R^(3 x 3)"
SYSTEM = "A in R^(4 x 3); x in R^3; b in R^4"

# (declarations, function, by what, as text, as LaTeX)
IDENTITIES = [
    ("a in R^3; x in R^3", "f = aᵀ x", "x", "a", "a"),
    ("x in R^3; y in R^3", "f = sum(x ∘ y)", "x", "y", "y"),
    ("A in R^(3 x 3); x in R^3", "f = xᵀ A x", "x", "(A + Aᵀ) x", r"(A + A^{\top})\,x"),
    ("A in R^(3 x 3); x in R^3", "f = xᵀ A x", "A", "x xᵀ", r"x\,x^{\top}"),
    ("A in R^(3 x 3); x in R^(3 x 1)", "f = xᵀ A x", "x", "(A + Aᵀ) x", r"(A + A^{\top})\,x"),
    ("A in R^(3 x 4); u in R^3; v in R^4", "f = uᵀ A v", "A", "u vᵀ", r"u\,v^{\top}"),
    (SYSTEM, "f = ‖A x - b‖^2", "x", "2 Aᵀ (A x - b)", r"2\,A^{\top}\,(A\,x - b)"),
    (SYSTEM, "f = ‖A x - b‖^2", "A", "2 (A x - b) xᵀ", r"2\,(A\,x - b)\,x^{\top}"),
    (SYSTEM, "f = ‖A x - b‖^2", "b", "2·(b - A x)", r"2 \cdot (b - A\,x)"),
    (SYSTEM, "f = ½ sum((A x - b)^2)", "x", "Aᵀ (A x - b)", r"A^{\top}\,(A\,x - b)"),
    (SYSTEM, "f = mean((A x - b)^2)", "x", "Aᵀ (A x - b)/2", r"\frac{A^{\top}\,(A\,x - b)}{2}"),
    (SYSTEM, "f = ‖A x - b‖", "x", "Aᵀ (A x - b)/f", r"\frac{A^{\top}\,(A\,x - b)}{f}"),
    ("x in R^3", "f = ‖x‖", "x", "x/f", r"\frac{x}{f}"),
    ("x in R^3", "f = 3 + ‖x‖", "x", "x/‖x‖", r"\frac{x}{\lVert x \rVert}"),
    ("A in R^(3 x 2)", "f = ‖A‖ + 1", "A", "A/‖A‖", r"\frac{A}{\lVert A \rVert}"),
    ("A in R^(3 x 2)", "f = ‖A‖^2", "A", "2·A", r"2 \cdot A"),
    (BOTH, "f = trace(A B)", "A", "Bᵀ", r"B^{\top}"),
    (BOTH, "f = trace(Aᵀ B)", "A", "B", "B"),
    (BOTH, "f = trace(Aᵀ B A)", "A", "(B + Bᵀ) A", r"(B + B^{\top})\,A"),
    (SQUARE, "f = trace(A A)", "A", "2·Aᵀ", r"2 \cdot A^{\top}"),
    (SQUARE, "f = det(A)", "A", "det(A)·A⁻ᵀ", r"\det(A) \cdot A^{-\top}"),
    (SQUARE, "f = log(det(A))", "A", "A⁻ᵀ", r"A^{-\top}"),
    (SQUARE, "f = logdet(A)", "A", "A⁻ᵀ", r"A^{-\top}"),
    (SQUARE, "f = trace(inv(A))", "A", "-A⁻ᵀ A⁻ᵀ", r"-A^{-\top}\,A^{-\top}"),
    (
        "A in R^(3 x 3); u in R^3; v in R^3",
        "f = uᵀ inv(A) v",
        "A",
        "-A⁻ᵀ u vᵀ A⁻ᵀ",
        r"-A^{-\top}\,u\,v^{\top}\,A^{-\top}",
    ),
    ("x in R^3", "f = logsumexp(x)", "x", "softmax(x)", r"\operatorname{softmax}(x)"),
    (
        "z in R^3; y in R^3",
        "f = logsumexp(z) - yᵀ z",
        "z",
        "softmax(z) - y",
        r"\operatorname{softmax}(z) - y",
    ),
    (
        "z in R^3; y in R^3",
        "p = softmax(z); f = -sum(y ∘ log(p))",
        "z",
        "sum(y)·p - y",
        r"\operatorname{sum}(y) \cdot p - y",
    ),
    (
        "X in R^(5 x 3); w in R^3; y in R^5",
        "h = σ(X w); J = -mean(y ∘ log(h) + (1 - y) ∘ log(1 - h))",
        "w",
        "Xᵀ (h - y)/5",
        r"\frac{X^{\top}\,(h - y)}{5}",
    ),
    ("X in R^(5 x 3); w in R^3; y in R^5", "J = ½ ‖X w - y‖^2", "w", "Xᵀ (X w - y)", r"X^{\top}\,(X\,w - y)"),
    ("W in R^(2 x 3); x in R^3", "f = sum(tanh(W x))", "W", "(1 - tanh(W x)^2) xᵀ", r"(1 - \tanh(W\,x)^{2})\,x^{\top}"),
    ("x in R^3", "f = sum(x)", "x", "1", "1"),
    ("W in R^(2 x 3); X in R^(3 x 4)", "f = sum(W X)", "W", "𝟏 Xᵀ", r"\mathbf{1}\,X^{\top}"),
    ("x in R^3; A in R^(3 x 3)", "f = (xᵀ A x)/(xᵀ x)", "x", "((A + Aᵀ) x - 2·f·x)/(xᵀ x)", ""),
    (ONE, NETWORK, "W1", "(W2ᵀ (h - Y) ∘ 1{z1 > 0}) Xᵀ", ""),
    (ONE, NETWORK, "b1", "W2ᵀ (h - Y) ∘ 1{z1 > 0}", ""),
    (ONE, NETWORK, "W2", "(h - Y) a1ᵀ", r"(h - Y)\,a1^{\top}"),
    (BATCH, NETWORK, "W1", "(W2ᵀ (h - Y) ∘ 1{z1 > 0}) Xᵀ/4", ""),
    (BATCH, NETWORK, "b2", "(Σ over columns of (h - Y))/4", r"\frac{\sum_{\text{columns}}\,(h - Y)}{4}"),
    (NAMED, NETWORK, "W1", "(W2ᵀ (h - Y) ∘ 1{z1 > 0}) Xᵀ/m", ""),
    (NAMED, NETWORK, "b1", "(Σ over columns of W2ᵀ (h - Y) ∘ 1{z1 > 0})/m", ""),
    (NAMED, NETWORK, "W2", "(h - Y) a1ᵀ/m", ""),
]


def _program(given: str, function: str) -> str:
    return f"{given}\n{function}"


@pytest.mark.parametrize(("given", "function", "by", "text", "latex"), IDENTITIES)
def test_the_form_that_a_person_writes(given: str, function: str, by: str, text: str, latex: str) -> None:
    w = cg.work(_program(given, function))
    var = next(v for v in w.program.inputs if v.hint == by)
    assert Rows(w).total(var) == text
    line = next(r for r in cg.formulas(w).section("gradients") if r.label == f"∂{w.loss}/∂{by}")
    assert f" = {text}" in line.text
    assert latex in line.latex
    assert line.text.endswith(Rows(w).shape(var))


def at_random(w: Any, rng: np.random.Generator) -> dict[str, Any]:
    sizes = {"D_a": 3, "D_x": 2, "m": 4}

    def number(n: Any) -> int:
        return sizes[str(n)] if isinstance(n, Size) else n

    return {
        v.hint: rng.uniform(0.2, 0.9, tuple(map(number, v.type.shape))) + (np.eye(3) if v.type.shape == (3, 3) else 0)
        for v in w.program.inputs
    }


@pytest.mark.parametrize(("given", "function", "by", "text", "latex"), IDENTITIES)
def test_what_is_printed_read_again_is_the_gradient(given: str, function: str, by: str, text: str, latex: str) -> None:
    w = cg.work(_program(given, function))
    # Σ over columns, 𝟏 and a named size are for people: NumPy's names say the same
    text = re.sub(r"Σ over columns of (\([^()]*\)|.+?)\)/", r"sum(\1, axis=1, keepdims=True))/", text)
    text = re.sub(r"/m$", "/4", text).replace("𝟏", "(0·(W X) + 1)")
    read = cg.parse(f"{given}\n{function}\ngradient = {text}")
    for seed in range(3):
        at = at_random(w, np.random.default_rng(seed))
        whole = np.ones((1, 1)) if w.program.output.type.shape else None
        wanted = cg.work(_program(given, function), values=at, upstream=whole).gradients[by]
        found = _evaluate(read, [at[v.hint] for v in read.inputs])
        np.testing.assert_allclose(np.broadcast_to(found, wanted.shape), wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("given", "function", "by", "latex"),
    # one stage, and no sum over columns: what has others is read as text above
    [(g, f, by, latex) for g, f, by, _, latex in IDENTITIES if latex and len({*f} & {*";\n"}) == 0 and "𝟏" not in _],
)
def test_its_latex_read_again_is_the_gradient(given: str, function: str, by: str, latex: str) -> None:
    rng = np.random.default_rng(3)
    w = cg.work(_program(given, function))
    at = at_random(w, rng)
    whole = np.ones((1, 1)) if w.program.output.type.shape else None
    worked = cg.work(_program(given, function), values=at, upstream=whole)
    read = cg.parse(f"{_latex_declarations(given)}, f \\in \\mathbb{{R}} \\\\ g = {latex}")
    known = {**at, "f": float(np.squeeze(worked.value))}
    found = _evaluate(read, [known[v.hint] for v in read.inputs])
    wanted = worked.gradients[by]
    np.testing.assert_allclose(np.broadcast_to(found, wanted.shape), wanted, rtol=1e-12, atol=1e-14)


def _latex_declarations(given: str) -> str:
    sized = re.sub(r"\(?(\d)(?: x (\d))?\)?", lambda m: m[1] + (rf" \times {m[2]}" if m[2] else ""), given)
    return re.sub(r"(\w+) in R\^([^;]+);?", r"\1 \\in \\mathbb{R}^{\2},", sized).rstrip(",")


def _evaluate(program: Program, values: list[Any]) -> Any:
    sized = with_sizes(program, {v: np.shape(x) for v, x in zip(program.inputs, values, strict=True)})
    out = sized.output
    return out.value if isinstance(out, Number) else values_of(sized, values)[out]


@pytest.mark.parametrize(("given", "function", "by", "text", "latex"), IDENTITIES)
def test_it_is_what_differences_give(given: str, function: str, by: str, text: str, latex: str) -> None:
    """The formula's own tree, at a point, against differences of the function along a direction."""
    program = cg.work(_program(given, function)).program
    rng = np.random.default_rng(11)
    at = at_random(cg.work(_program(given, function)), rng)
    sized = with_sizes(program, {v: np.shape(at[v.hint]) for v in program.inputs})
    w = work(sized)
    expr = Totals(w).expr(next(v for v in sized.inputs if v.hint == by))
    assert expr is not None
    values = values_of(sized, [at[v.hint] for v in sized.inputs])
    direction = rng.normal(size=np.shape(at[by]))
    slope = float(np.sum(np.broadcast_to(value_at(expr, values), direction.shape) * direction))

    def along(t: float) -> float:
        moved = [at[v.hint] + (t * direction if v.hint == by else 0) for v in sized.inputs]
        return float(np.squeeze(values_of(sized, moved)[sized.output]))

    step = 1e-3
    rough = [(along(h) - along(-h)) / (2 * h) for h in (step, step / 2)]
    assert slope == pytest.approx((4 * rough[1] - rough[0]) / 3, rel=1e-7, abs=1e-8)


def value_at(expr: Expr, values: Mapping[Var, Any]) -> Any:
    if isinstance(expr, Ref):
        return values[expr.var]
    if isinstance(expr, Const):
        return expr.value
    return expr.op.evaluate(*[value_at(a, values) for a in expr.args], **expr.params)


def line_of(text: str, label: str, **given: Any) -> str:
    return next(r.text for r in cg.formulas(cg.work(text, **given)).section("gradients") if r.label == label)


def test_the_network_of_the_sheet_staged_and_written_out() -> None:
    lines = {
        "∂J/∂W1": "(∂J/∂z1) Xᵀ = (W2ᵀ (∂J/∂z2) ∘ 1{z1 > 0}) Xᵀ = (W2ᵀ (h - Y) ∘ 1{z1 > 0}) Xᵀ/m (D_a×D_x)",
        "∂J/∂W2": "(∂J/∂z2) a1ᵀ = (h - Y) a1ᵀ/m (1×D_a)",
        "∂J/∂b2": "Σ over columns of (∂J/∂z2) = (Σ over columns of (h - Y))/m (1×1)",
        "∂J/∂z2": "(∂J/∂h) ∘ h ∘ (1 - h) = (h - Y)/m (1×m)",
        "∂J/∂a1": "W2ᵀ (∂J/∂z2) = W2ᵀ (h - Y)/m (D_a×m)",
    }
    for label, line in lines.items():
        assert line_of(f"{NAMED}\n{NETWORK}", label) == f"{label} = {line}"


def test_every_print_of_an_array_derivative_says_its_shape() -> None:
    w = cg.work(f"{NAMED}\n{NETWORK}")
    for row in cg.formulas(w).section("gradients") + cg.formulas(w).section("gradient descent"):
        assert re.search(r" \([\w·]+(×[\w·]+)*\)$", row.text), row.text
        assert r"\times" in row.latex
    for line in cg.code(w).split("# backward")[1].splitlines()[2:]:
        assert re.search(r"\((D_a|D_x|1|m)×\w+\)$", line) or line.startswith(("dq10", "dJ")), line


def test_the_words_of_each_edge() -> None:
    said = cg.explain(cg.work(f"{NAMED}\n{NETWORK}"))
    for sentence in (
        "∂J/∂z2 (1×m) = (∂J/∂h) ∘ h ∘ (1 - h)",
        "∂J/∂b1 (D_a×1) = Σ over columns of (∂J/∂z1)",
        "∂J/∂W1 (D_a×D_x) = (∂J/∂q1) Xᵀ",
        "∂J/∂a1 (D_a×m) = W2ᵀ (∂J/∂q2)",
    ):
        assert sentence in said.splitlines()


def test_what_was_not_asked_for_is_not_said_to_be_0() -> None:
    w = cg.work(f"{NAMED}\n{NETWORK}", wrt="W1")
    labels = [r.label for r in cg.formulas(w).section("gradients")]
    assert labels == ["∂J/∂W1", "∂J/∂z1", "∂J/∂a1", "∂J/∂z2", "∂J/∂h"]


def test_matrix_factors_never_change_places() -> None:
    line = line_of("A in R^(3 x 3); B in R^(3 x 3); C in R^(3 x 3); f = trace(A B C)", "∂f/∂B")
    assert line == "∂f/∂B = Aᵀ Cᵀ (3×3)"


def test_a_repeated_row_and_a_repeated_column() -> None:
    assert line_of("X in R^(3 x 2); f = sum(sum(X, axis=1)^2)", "∂f/∂X") == "∂f/∂X = 2 sum(X, axis=1) 𝟏ᵀ (3×2)"
    line = line_of("X in R^(3 x 2); b in R^(3 x 1); f = sum((X + b)^2)", "∂f/∂b")
    assert "∂f/∂b = Σ over columns of" in line.replace("= 2·(Σ", "= Σ")


def test_more_than_two_axes() -> None:
    assert line_of("A in R^(2 x 3 x 4); f = sum(A^2)", "∂f/∂A") == "∂f/∂A = 2·A (2×3×4)"


def test_a_gate_that_the_rest_has_already_is_not_written() -> None:
    text = "x in R^3; W in R^(3 x 3); f = sum(where(W x > 0, W x, 0))"
    assert line_of(text, "∂f/∂x") == "∂f/∂x = Wᵀ 1{W x > 0} (3)"
    assert line_of(text, "∂f/∂W") == "∂f/∂W = 1{W x > 0} xᵀ (3×3)"


def test_a_sum_that_is_what_is_differentiated_by_is_no_weight() -> None:
    labels = [r.text for r in cg.formulas(cg.work("x in R^3; f = sum(x)^2")).section("gradients")]
    assert not any("where" in label for label in labels)


def test_weights_that_add_up_to_1() -> None:
    text = "X in R^(5 x 3); W in R^(3 x 2); Y in R^(5 x 2); P = softmax(X W, axis=1); J = -sum(Y ∘ log(P))"
    lines = [str(r) for r in cg.formulas(cg.work(text)).section("gradients")]
    assert "∂J/∂W = Xᵀ (P - Y) where Σ over columns of Y = 1 (3×2)" in lines
    given = cg.work("z in R^3; y in R^3; p = softmax(z); f = -sum(y ∘ log(p))")
    assert "∂f/∂z = p - y where sum(y) = 1 (3)" in map(str, cg.formulas(given))


def test_a_drawing_prints_few_entries_and_of_many_the_shape() -> None:
    w = cg.work("W in R^(3 x 4); x in R^4; f = sum(W x)", values={"W": np.ones((3, 4)), "x": [1, 2, 3, 4]})
    wires = {(wire.value, wire.gradient) for wire in diagram(w).wires}
    assert ("3×4", "3×4") in wires
    assert ("[1, 2, 3, 4]", "[3, 3, 3, 3]") in wires


SORTED = "x in R^3; F = x[0] sort(x)"


def test_sort_as_a_formula() -> None:
    line = line_of(SORTED, "∂L/∂x")
    assert line == "∂L/∂x = (x[0]·(∂L/∂F))[argsort(argsort(x))] + ((∂L/∂F)ᵀ sort(x))·e_0 (3)"


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("x in R^3; F = x[0] x", (3, -1, 2), (7, -6, 3)),
        ("x in R^3; F = sort(x)", (3, -1, 2), (1, 0.5, -2)),
        (SORTED, (3, -1, 2), (1.5, 1.5, -6)),
        (SORTED, (-3, -1, 2), (1, 6, -3)),
    ],
)
def test_sort_in_numbers(text: str, x: tuple[float, ...], expected: tuple[float, ...]) -> None:
    w = cg.work(text, x=list(x), upstream=[0.5, -2, 1])
    np.testing.assert_allclose(w.gradients["x"], expected)


def test_sort_in_words_with_the_places() -> None:
    said = cg.explain(cg.work("x in R^3; F = sort(x)", x=[3, -1, 2], upstream=[0.5, -2, 1])).splitlines()
    reroutes = "back to where each entry came from: sort reroutes"
    assert said[0] == f"∂L/∂x[1, 2, 0] (3) += ∂L/∂F, {reroutes} = [1, 0.5, -2]"


def test_a_gather_that_reads_an_entry_twice() -> None:
    said = cg.explain(cg.work("x in R^3; F = x[[0, 0, 2]]", x=[3, -1, 2], upstream=[0.5, -2, 1])).splitlines()
    assert said[0].startswith("∂L/∂x[0, 0, 2] (3) += ∂L/∂F, put back where it was taken from")
    assert said[0].endswith("= [-1.5, 0, 1]")


def test_an_array_output_with_no_upstream_keeps_its_name() -> None:
    w = cg.work("x in R^n; F = 2 x")
    assert line_of("x in R^n; F = 2 x", "∂L/∂x") == "∂L/∂x = 2·(∂L/∂F) (n)"
    assert "dF = ∂L/∂F" in cg.code(w)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x in R^3; F = max(x)", "∂F/∂x = 1{x = F}/sum(1{x = F}) (3)"),
        ("x in R^3; F = sum(cumsum(x)^2)", "∂F/∂x = cumsum((2·cumsum(x))[::-1])[::-1] (3)"),
        ("x in R^3; F = sum(where(x > 0, x^2, 0))", "∂F/∂x = 2·1{x > 0} ∘ x (3)"),
        ("x in R^3; F = sum(where(x > 0, 0, x^2))", "∂F/∂x = 2·1{x <= 0} ∘ x (3)"),
    ],
)
def test_choices_and_running_sums(text: str, line: str) -> None:
    assert line_of(text, "∂F/∂x").replace(" (3)", "").startswith(line.replace(" (3)", ""))


def test_a_network_of_many_layers_does_not_explode() -> None:
    lines = ["x in R^(4 x 1)", *[f"W{k} in R^(4 x 4)" for k in range(12)], "a0 = x"]
    lines[-1] = "a0 = tanh(W0 x)"
    lines += [f"a{k} = tanh(W{k} a{k - 1})" for k in range(1, 12)]
    w = cg.work("\n".join([*lines, "f = sum(a11)"]))
    line = next(r.text for r in cg.formulas(w).section("gradients") if r.label == "∂f/∂W3")
    assert line.startswith("∂f/∂W3 = ((∂f/∂a3) ∘ (1 - a3^2)) a2ᵀ")


def test_a_value_called_I_is_not_the_identity() -> None:
    assert line_of("A in R^(3 x 3); f = trace(A) + sum(A)", "∂f/∂A") == "∂f/∂A = 𝟏 + I (3×3)"
    line = line_of("A in R^(3 x 3); I in R^(3 x 3); f = trace(A) + sum(A I)", "∂f/∂A")
    assert line == "∂f/∂A = 𝟏 Iᵀ + diag(𝟏, shape=(3, 3)) (3×3)"


def test_other_people_s_names_stay_text() -> None:
    w = cg.work("W' in R^(2 x 3); x_0 in R^3; f = sum(W' x_0)")
    html = cg.formulas(w)._repr_html_()
    assert "<script" not in html
    assert r"\mathbf{1}\,x_{0}^{\top}" in "".join(r.latex for r in cg.formulas(w))
