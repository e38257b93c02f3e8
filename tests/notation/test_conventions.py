"""The section "Maths text" of the conventions, sentence by sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chalkgrad.errors import ChalkgradError, NotationError, UnknownName
from chalkgrad.notation.read import read

Echo = Callable[..., str]
Steps = Callable[..., list[str]]


def refused(text: str, *readings: str, values: dict[str, Any] | None = None) -> NotationError:
    with pytest.raises(NotationError) as caught:
        read(text, values)
    for reading in readings:
        assert reading in caught.value.problem
    return caught.value


class TestFunction:
    @pytest.mark.parametrize(
        "text", ["f(x, y, z) = (x + y) z", "q = x + y\nf = q z", "q = x + y; f = q z", "(x + y) z"]
    )
    def test_forms(self, text: str) -> None:
        program = read(text).program
        assert [v.hint for v in program.inputs] == ["x", "y", "z"]
        assert [s.op.name for s in program.steps] == ["add", "multiply"]
        assert program.name == "f"
        assert program.output.hint == "f"  # type: ignore[union-attr]

    def test_last_name_is_the_output_unless_a_signature_says_otherwise(self) -> None:
        assert read("q = x + y; f = q z; g = f x").program.name == "g"
        assert read("f(x, y) = x y\ng = f + x").program.name == "f"

    def test_comments(self, echo: Echo) -> None:
        assert echo("# a gate\nq = x + y  # the sum\nf = q z") == "f(x, y, z) = q·z"

    def test_lines_inside_a_bracket_belong_together(self, echo: Echo) -> None:
        assert echo("f = (x +\n  y)\n\n") == "f(x, y) = x + y"

    def test_bare_expression_avoids_an_input_of_its_name(self) -> None:
        assert read("f + x").program.name == "g"

    def test_output_is_an_input_or_a_number(self, lines: Callable[..., list[str]]) -> None:
        assert lines(read("f(x) = x").program) == ["f(x) -> x"]
        assert lines(read("f = 3").program) == ["f() -> 3"]
        assert lines(read("g = x; f = g^2").program) == ["f = power(x, 2)", "f(x) -> f"]

    def test_signature_before_or_after_its_stages(self, steps: Steps) -> None:
        assert steps("q = x + y\nf(x, y, z) = q z") == ["q = add(x, y)", "f = multiply(q, z)"]

    def test_inputs_in_the_order_of_the_signature(self) -> None:
        assert [v.hint for v in read("f(z, y, x, w) = x + y").program.inputs] == ["z", "y", "x", "w"]


class TestNames:
    def test_run_splits_over_declared_names(self, echo: Echo) -> None:
        assert echo("f(x, y) = xy") == "f(x, y) = x·y"
        assert echo("xy", {"x": 1, "y": 2}) == "f(x, y) = x·y"
        assert echo("f(a,b,c,d) = (3a - b)^2 + cd") == "f(a, b, c, d) = (3·a - b)^2 + c·d"
        assert echo("f(w_0, x_0) = 3w_0x_0") == "f(w_0, x_0) = 3·w_0·x_0"

    def test_split_must_be_unique(self) -> None:
        refused("f(x, y, xy) = xy", "x·y", "the name xy")
        refused("f(a, ab, bc, c) = abc", "a·bc", "ab·c")
        refused("f(m, a, x) = max(m, a)", "the function max", "m·a·x")

    def test_without_signature_a_run_is_one_name(self, echo: Echo) -> None:
        assert echo("num denom + sum1") == "f(num, denom, sum1) = num·denom + sum1"
        assert echo("xy") == "f(xy) = xy"

    def test_two_names_by_their_subscripts(self, echo: Echo) -> None:
        assert echo("w_0x_0 + w_1 x_{1}") == "f(w_0, x_0, w_1, x_1) = w_0·x_0 + w_1·x_1"

    def test_subscripts(self, echo: Echo) -> None:
        assert echo("x_12 + D_x + D_{a_1} + x₃") == "f(x_12, D_x, D_{a_1}, x_3) = x_12 + D_x + D_{a_1} + x_3"

    @pytest.mark.parametrize("name", ["y^*", "x'", "x''", "ŷ", "x⃗", "ℓ", "α", "w_0", "x_0^*", "w_1'"])
    def test_names(self, name: str) -> None:
        program = read(f"f = {name} + 1").program
        assert [v.hint for v in program.inputs] == [name]

    def test_slanted_letters_are_the_plain_ones(self) -> None:
        assert read("𝑥 + x").echo == ("f(x) = x + x",)

    def test_stage_takes_the_name_of_a_function(self, steps: Steps) -> None:
        assert steps("sum = x + y; sqr = sum^2") == ["sum = add(x, y)", "sqr = power(sum, 2)"]
        assert steps("s(y) = 1/(1 + e^-y)\nf = x + s(y)")[-1] == "f = add(x, s(y))"

    def test_a_stage_so_called_is_no_function(self) -> None:
        refused("s(y) = 1/(1 + e^-y)\nf = s(z)", "'s(y)'")

    def test_unknown_name_suggests_the_nearest(self) -> None:
        assert "did you mean 'alpha'?" in refused("f(alpha, beta) = alpho + beta").problem
        assert "did you mean 'tanh'?" in refused("f(x) = tanhh(x)").problem
        assert "did you mean 'tanh'?" in refused("tahn(x)").problem
        assert "did you mean 'sin x'?" in refused("f(x) = sinx").problem

    def test_values_declare_names(self) -> None:
        assert refused("x z", values={"x": 1}).span == (2, 3)
        with pytest.raises(UnknownName, match="did you mean 'width'"):
            read("f(width) = width", {"wdith": 1.0})
        with pytest.raises(UnknownName, match="a stage"):
            read("q = x; f = q", {"q": 1, "x": 1})

    def test_constants_where_not_declared(self, steps: Steps) -> None:
        assert steps("e^x") == ["f = exp(x)"]
        assert steps("f(e, x) = e^x") == ["f = power(e, x)"]
        assert steps("x + e")[0].startswith("f = add(x, 2.718281828459045")
        assert steps("π x")[0].startswith("f = multiply(3.141592653589793")
        assert steps("f(x) = xe^x") == ["%0 = exp(x)", "f = multiply(x, %0)"]


class TestSigns:
    def test_all_kinds(self, echo: Echo) -> None:
        assert echo("a + b - c*d·g×h/k^m**n") == "f(a, b, c, d, g, h, k, m, n) = a + b - c·d·g·h/k^(m^n)"
        assert echo("a − b ⋅ c") == "f(a, b, c) = a - b·c"
        assert echo("½x²") == "f(x) = 0.5·x^2"
        assert echo("x⁻¹") == "f(x) = x^(-1)"

    def test_minus_below_power(self, steps: Steps) -> None:
        assert steps("-x^2") == ["%0 = power(x, 2)", "f = negative(%0)"]
        assert steps("-3^2") == ["%0 = power(3, 2)", "f = negative(%0)"]
        assert steps("(-3)^2") == ["f = power(-3, 2)"]
        assert steps("x^-3") == ["f = power(x, -3)"]
        assert steps("x - -3") == ["f = subtract(x, -3)"]

    def test_power_of_e(self, steps: Steps) -> None:
        assert steps("e^-x") == ["%0 = negative(x)", "f = exp(%0)"]
        refused("e^-2x", "e^(-2)·x", "e^(-2x)")
        refused("e^2x", "e^2·x", "e^(2x)")
        refused("x^2(y + 1)", "x^2·(y + 1)", "x^(2(y + 1))")
        refused("f(x, y) = e^xy", "e^x·y", "e^(xy)")
        assert steps("e^{2}x") == ["%0 = exp(2)", "f = multiply(%0, x)"]
        assert steps("e^2 x") == ["%0 = exp(2)", "f = multiply(%0, x)"]

    def test_power_to_the_right(self, steps: Steps) -> None:
        assert steps("x^y^z") == ["%0 = power(y, z)", "f = power(x, %0)"]

    def test_bars_and_brackets(self, echo: Echo) -> None:
        assert echo("|x| |y| + ||x| - 1|") == "f(x, y) = |x|·|y| + ||x| - 1|"
        assert echo("{x + [y (z)]}") == "f(x, y, z) = x + y·z"
        assert echo("[x + y] z") == "f(x, y, z) = (x + y)·z"
        refused("||x||", "‖x‖", "|(|x|)|")

    def test_juxtaposition_is_a_product(self, steps: Steps) -> None:
        assert steps("3a") == ["f = multiply(3, a)"]
        assert steps("(a)(b)") == ["f = multiply(a, b)"]
        assert steps("(3a b)^2") == ["%0 = multiply(3, a)", "%1 = multiply(%0, b)", "f = power(%1, 2)"]

    def test_slash_tight_against_a_product(self, steps: Steps) -> None:
        refused("1/2x", "(1/2)·x", "1/(2·x)")
        refused("a/b(x+1)", "(a/b)·(x+1)", "a/(b·(x+1))")
        refused("a / b(x+1)", "(a/b)·(x+1)")
        refused("f(x, y) = 1/xy", "(1/x)·y", "1/(x·y)")
        assert steps("1/2 (a - y)^2") == [
            "%0 = divide(1, 2)",
            "%1 = subtract(a, y)",
            "%2 = power(%1, 2)",
            "f = multiply(%0, %2)",
        ]

    def test_number_behind_a_factor(self) -> None:
        refused("x 2", "x·2", "a sign is missing")
        refused("2 3", "2·3")

    def test_roots(self, steps: Steps) -> None:
        assert steps("√x + √(x + 1)")[0] == "%0 = sqrt(x)"
        refused("√x^2", "(√x)^…", "√(x^…)")
        refused("√2x", "√(2)·x", "√(2·x)")


class TestCalls:
    def test_product_when_it_is_a_variable(self, echo: Echo) -> None:
        assert echo("x(y + z)") == "f(x, y, z) = x·(y + z)"
        assert echo("z[x + y]") == "f(z, x, y) = z·(x + y)"

    def test_function_without_brackets(self, echo: Echo) -> None:
        assert echo("log 2x") == "f(x) = log(2·x)"
        assert echo("sin x cos y") == "f(x, y) = sin(x)·cos(y)"
        assert echo("-y log h - (1-y) log(1-h)") == "f(y, h) = -y·log(h) - (1 - y)·log(1 - h)"
        assert echo("log x^2") == "f(x) = log(x^2)"
        assert echo("log log x") == "f(x) = log(log(x))"
        assert echo("f(x, y) = log xy") == "f(x, y) = log(x·y)"
        refused("log h k", "log(h)·k", "log(h·k)")
        refused("log x(1 - x)", "log(x)·(1 - x)", "log(x·(1 - x))")
        refused("log (x + y)^2")
        assert "log(-…)" in refused("log -x").problem

    def test_powers_of_functions(self, echo: Echo) -> None:
        assert echo("sin^2 x + cos²(x)") == "f(x) = sin(x)^2 + cos(x)^2"
        refused("sin^-1 x", "arcsin", "1/sin")

    def test_digits_of_functions(self, echo: Echo) -> None:
        assert echo("log2(x) + log10 x + log1p(x)") == "f(x) = log2(x) + log10(x) + log1p(x)"
        refused("log2x", "log(2x)", "log2(x)")

    @pytest.mark.parametrize(
        ("text", "op"),
        [
            *[(f"{op}(x)", op) for op in ("exp", "log", "log2", "log10", "sqrt", "abs", "sin", "cos", "tan")],
            *[(f"{op}(x)", op) for op in ("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh")],
            *[(f"{op}(x)", op) for op in ("arcsinh", "arccosh", "arctanh", "sigmoid", "relu", "leaky_relu")],
            *[("softplus(x)", "softplus"), ("ln(x)", "log"), ("σ(x)", "sigmoid"), ("s(x)", "sigmoid")],
            *[("ReLU(x)", "relu"), ("asin(x)", "arcsin"), ("max(x, 0)", "maximum"), ("min{x, 0}", "minimum")],
            *[("arctan2(x, 1)", "arctan2"), ("hypot(x, 1)", "hypot"), ("clip(x, 0, 1)", "clip")],
        ],
    )
    def test_functions(self, text: str, op: str, steps: Steps) -> None:
        assert steps(text)[0].startswith(f"f = {op}(x")

    @pytest.mark.parametrize("op", ["sum", "mean", "prod", "max", "min", "softmax", "logsumexp", "norm", "sort"])
    def test_functions_of_arrays(self, op: str, steps: Steps) -> None:
        assert steps(f"{op}(x)", {"x": [1, 2, 3]}) == [f"f = {op}(x)"]

    def test_max_folds(self, steps: Steps) -> None:
        assert steps("max{x, y, z}") == ["%0 = maximum(x, y)", "f = maximum(%0, z)"]

    def test_s_is_a_variable_unless_called(self, echo: Echo) -> None:
        assert echo("2s x") == "f(s, x) = 2·s·x"
        assert echo("f(s, x) = s(x + 1)") == "f(s, x) = s·(x + 1)"
        refused("s + s(y)")
        refused("s(y) + s")

    def test_indicator_where_piecewise(self, steps: Steps) -> None:
        assert steps("1{x >= y}") == ["%0 = greater_equal(x, y)", "f = indicator(%0)"]
        assert steps("1{0 < x ≤ 1}") == [
            "%0 = less(0, x)",
            "%1 = less_equal(x, 1)",
            "%2 = logical_and(%0, %1)",
            "f = indicator(%2)",
        ]
        assert steps("where(x > 0, x, 0.1x)")[-1] == "f = where(%0, x, %1)"
        assert steps("piecewise((x, x > 0), (-x, x < -1), 0)") == [
            "%0 = greater(x, 0)",
            "%1 = less(x, -1)",
            "%2 = negative(x)",
            "%3 = where(%1, %2, 0)",
            "f = where(%0, x, %3)",
        ]

    def test_a_comparison_is_no_number(self) -> None:
        assert "1{…}" in refused("x + (y > 0)").problem
        assert "condition" in refused("where(x, 1, 2)").problem

    def test_keywords_slices_and_index_lists(self, steps: Steps) -> None:
        matrix = {"X": np.ones((2, 3))}
        assert steps("mean(X, axis=0)", matrix) == ["f = mean(X, axis=0)"]
        assert steps("sum(X, 1, keepdims=True)", matrix) == ["f = sum(X, axis=1, keepdims=True)"]
        assert steps("reshape(X, (3, 2))", matrix) == ["f = reshape(X, shape=(3, 2))"]
        vector = {"x": [1.0, 2.0, 3.0]}
        colon = "slice(None, None, None)"
        assert steps("x[:, None]", vector) == [f"f = index(x, index=({colon}, None))"]
        assert steps("x[[0, 0, 2]]", vector) == ["f = index(x, index=([0, 0, 2],))"]
        assert steps("x[-1] + x[1:]", vector)[:2] == [
            "%0 = index(x, index=(-1,))",
            "%1 = index(x, index=(slice(1, None, None),))",
        ]
        assert "did you mean 'axis'" in refused("sum(X, axes=0)", values=matrix).problem

    def test_every_op_of_the_table_is_callable(self) -> None:
        from chalkgrad.ir.registry import OPS
        from chalkgrad.notation.functions import function

        for name in OPS:
            found = function(name)
            assert found is not None
            assert found.op == name


class TestArrays:
    def test_declarations(self, steps: Steps) -> None:
        assert steps("x in R^n; W in R^(m x n); f = W x") == ["f = matmul(W, x)"]
        assert steps("x ∈ ℝ^3\nf = sum x") == ["f = sum(x)"]
        assert steps("x, y in R^{2 × 3}; f = x∘y") == ["f = multiply(x, y)"]
        assert steps("f(x in R^3, b) = b norm(x)") == ["%0 = norm(x)", "f = multiply(b, %0)"]
        shape = read("W in R^(D_{a_1} x D_x); f = sum W").program.inputs[0].type.shape
        assert list(map(str, shape)) == ["D_{a_1}", "D_x"]

    def test_values_give_numbers_to_sizes(self) -> None:
        program = read("x in R^n; y in R^n; f = x + y", {"x": [1, 2], "y": [3, 4]}).program
        assert [v.type.shape for v in program.inputs] == [(2,), (2,)]
        with pytest.raises(ChalkgradError, match="size n is 2 by x, and 3 by y"):
            read("x in R^n; y in R^n; f = x + y", {"x": [1, 2], "y": [3, 4, 5]})

    def test_literals(self, steps: Steps) -> None:
        assert steps("sum([1, 2, 3])") == ["f = sum([1, 2, 3])"]
        assert steps("sum([x, y, 2])") == ["%0 = stack(x, y, 2)", "f = sum(%0)"]
        assert steps("[[1, -2], [3, 4]] x", {"x": [1, 2]}) == ["f = matmul([[1, -2], [3, 4]], x)"]

    def test_else_a_name_is_a_scalar(self) -> None:
        assert read("f(x) = x").program.inputs[0].type.shape == ()

    def test_index_from_zero(self, steps: Steps) -> None:
        assert steps("x[0]", {"x": [1, 2]}) == ["f = index(x, index=(0,))"]
        assert "is a number" in refused("x[0]").problem

    def test_components(self, steps: Steps) -> None:
        assert steps("x = (x_1, x_2); f = x_2") == ["f = index(x, index=(1,))"]
        assert steps("x = [x_0, x_1, ..., x_{n-1}]; f = x_1") == ["f = index(x, index=(1,))"]
        assert steps("x_1 + x_2", {"x": [1, 2]})[0] == "%0 = index(x, index=(0,))"
        assert steps("x_1 + x_0", {"x": [1, 2]})[0] == "%0 = index(x, index=(1,))"
        assert steps("f(w, x) = w_0x_0 + w_1", {"w": [1, 2], "x": [3]})[0] == "%0 = index(w, index=(0,))"
        assert steps("W_{2,1}", {"W": np.ones((2, 2))}) == ["f = index(W, index=(1, 0))"]

    def test_the_echo_says_the_base(self) -> None:
        assert read("x_1 + x_2", {"x": [1, 2]}).echo == ("x = (x_1, x_2)", "f(x) = x_1 + x_2")
        assert read("x_0 + x_1", {"x": [1, 2]}).echo == ("x = (x_0, x_1)", "f(x) = x_0 + x_1")

    def test_refused_where_nothing_tells_the_base(self) -> None:
        assert "count from 0 or 1" in refused("x_2", values={"x": [1, 2, 3]}).problem
        assert "outside x" in refused("x_1 + x_3", values={"x": [1, 2]}).problem

    def test_products(self, steps: Steps) -> None:
        values = {"W": np.ones((2, 2)), "V": np.ones((2, 2)), "x": [1, 2]}
        for text, op in [("W x", "matmul"), ("W @ x", "matmul")]:
            assert steps(f"f(W, V, x) = {text}", values) == [f"f = {op}(W, x)"]
        for sign in "*∘·×⊙":
            assert steps(f"f(W, V, x) = W {sign} V", values) == ["f = multiply(W, V)"]
        for text in ("W^T V", "W^⊤ V", "Wᵀ V", "W^TV", "W^{T} V"):
            assert steps(f"f(W, V, x) = {text}", values) == ["%0 = transpose(W)", "f = matmul(%0, V)"]

    def test_a_row_of_one_axis(self, steps: Steps) -> None:
        vectors = {"x": [1, 2], "y": [3, 4]}
        assert steps("x^T y", vectors) == ["f = matmul(x, y)"]
        assert steps("x y^T", vectors) == ["f = outer(x, y)"]
        with pytest.raises(ChalkgradError, match="row beside a column"):
            read("x + y^T", vectors)

    def test_elementwise_refuses_what_numpy_spreads(self, steps: Steps) -> None:
        assert steps("X + b", {"X": np.ones((2, 3)), "b": np.ones((2, 1))}) == ["f = add(X, b)"]
        for text in ("X + x", "X ∘ x", "maximum(X, x)"):
            with pytest.raises(ChalkgradError, match=r"X is \(2, 3\), x is \(3,\)"):
                read(text, {"X": np.ones((2, 3)), "x": np.ones(3)})
        with pytest.raises(ChalkgradError, match=r"X is .*row is"):
            read("X ∘ row", {"X": np.ones((2, 3)), "row": np.ones((1, 3))})

    def test_raised_bracket_is_a_power(self, steps: Steps) -> None:
        assert steps("x^(i)") == ["f = power(x, i)"]

    def test_sums_over_entries_are_written_sum(self) -> None:
        for text in ("Σ_i x_i", "∑ x"):
            assert "sum(" in refused(text).problem


class TestTheRest:
    def test_a_swallowed_stage_is_seen(self) -> None:
        refused("g = x + y\nh = gz", "g z (a product)", "the name gz")
        refused("f(a, x) = asin(x)", "the function asin", "a·sin")

    def test_product_with_d_has_a_space(self, steps: Steps) -> None:
        assert steps("f(d, x) = d x") == ["f = multiply(d, x)"]
        refused("f(d, x) = dx", "d x (a product)", "gradient of x")

    def test_nothing_is_mended(self, echo: Echo) -> None:
        assert echo("f(a,b,c,d) = (3a b)^2 + cd") == "f(a, b, c, d) = (3·a·b)^2 + c·d"
        assert echo("F = x_0^* x") == "F(x_0^*, x) = x_0^*·x"

    def test_other_characters_are_named(self) -> None:
        assert "U+0445 CYRILLIC SMALL LETTER HA" in refused("х + 1").problem
        assert "U+202E RIGHT-TO-LEFT OVERRIDE" in refused("x\u202ey").problem
        assert "U+0000" in refused("x\0").problem
        assert "for minus write -" in refused("a – b").problem

    def test_text_is_data(self) -> None:
        refused("__import__('os').system('true')")
        refused("().__class__")
