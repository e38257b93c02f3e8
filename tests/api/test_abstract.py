"""Functions that are named and not given: the worksheet's network, abstract and filled in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import chalkgrad as cg
from chalkgrad.cli.main import run
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Program, Var
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.abstract import abstract, is_abstract
from chalkgrad.render.rows import Rows
from chalkgrad.render.text import text
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.expression import written_out
from chalkgrad.transform.forward import forward
from chalkgrad.transform.gates import expand, recognise
from chalkgrad.transform.simplify import simplify

STAGES = "z1 = x w1; a1 = g1(z1); z2 = a1 w2; a2 = g2(z2); L = Loss(a2, y^*)"
ALIGNED = r"""\begin{aligned}
 z_1 &= x * w_1 \\
 a_1 &= g_1(z_1) \\
 z_2 &= a_1 * w_2 \\
 a_2 &= g_2(z_2) \\
 L &= Loss(a_2, y^*)
\end{aligned}"""
NAMES = ("g1", "g2", "Loss")
LET = {"g1": "σ", "g2": "σ", "Loss": "½(a - y)^2"}
AT = {"w1": 0.5, "w2": -1.5, "x": 2, "y^*": 1}


def totals(w: cg.Work) -> dict[str, str]:
    rows = Rows(w)
    return {w.called[v]: rows.total(v) for v in w.program.variables()}


def chain(w: cg.Work, name: str) -> str:
    """The total of an input, down to what a person named."""
    made = w.backprop
    var = next(v for v in w.program.inputs if v.hint == name)
    steps = {s.output: s for s in made.gradient.steps if s.output is not made.adjoint.get(s.output)}
    named = {v for v in w.program.variables() if v.hint} | {made.seed}
    expr = written_out(made.adjoint[var], steps, named)
    assert expr is not None
    return text(simplify(expr), {**w.called, made.seed: "1"}).removeprefix("1·")


class TestAbstract:
    def test_stages_and_their_derivatives(self) -> None:
        w = cg.work(STAGES, abstract=NAMES)
        assert w.symbolic
        assert w.echo == ("z1 = x·w1", "a1 = g1(z1)", "z2 = a1·w2", "a2 = g2(z2)", "L(x, w1, w2, y^*) = Loss(a2, y^*)")
        assert [e.local for e in Rows(w).edges()] == [
            *("∂₁Loss(a2, y^*)", "∂₂Loss(a2, y^*)", "g2'(z2)", "w2", "a1", "g1'(z1)", "w1", "x")
        ]

    def test_the_chain_stands_upstream_first(self) -> None:
        found = totals(cg.work(STAGES, abstract=NAMES))
        assert found["w2"] == "∂₁Loss(a2, y^*)·g2'(z2)·a1"
        assert found["w1"] == "∂₁Loss(a2, y^*)·g2'(z2)·w2·g1'(z1)·x"
        assert found["y^*"] == "∂₂Loss(a2, y^*)"

    def test_latex_as_the_sheet_prints_it(self) -> None:
        w = cg.work(ALIGNED, abstract="g_1, g_2, Loss")
        assert totals(w)["w_1"] == "∂₁Loss(a_2, y^*)·g_2'(z_2)·w_2·g_1'(z_1)·x"

    def test_pseudocode_and_words(self) -> None:
        w = cg.work(STAGES, abstract=NAMES)
        assert "dz1 = da1 · g1'(z1)" in cg.code(w)
        assert "g1: a function that is not given; g1' stands for its derivative" in cg.explain(w)
        assert {"g1", "g2", "Loss"} <= {n.sign for n in cg.draw(w).diagram.nodes}

    def test_upstream(self) -> None:
        assert totals(cg.work("a = g(z)", abstract="g", upstream=2))["z"] == "(∂L/∂a)·g'(z)"

    def test_numbers_want_it_filled_in(self) -> None:
        with pytest.raises(cg.ValueNeeded, match="g1 is abstract: it has no value until it is filled in"):
            cg.work(STAGES, values=AT, abstract=NAMES)

    def test_without_being_named_it_is_refused(self) -> None:
        with pytest.raises(cg.NotationError, match="--abstract Loss"):
            cg.work(STAGES)

    def test_two_paths_through_one_argument(self) -> None:
        found = totals(cg.work("f(x, y) = g(x y, x)", abstract="g"))
        assert found["x"] == "∂₂g(q, x) + ∂₁g(q, x)·y"

    def test_one_argument_twice(self) -> None:
        assert totals(cg.work("f(x) = g(x, x)", abstract="g"))["x"] == "∂₁g(x, x) + ∂₂g(x, x)"

    def test_elementwise_on_arrays(self) -> None:
        program = cg.parse("x in R^3; f = sum(g(x))", abstract="g")
        assert check(backprop(program).gradient).outputs[1].type.shape == (3,)

    def test_in_a_run_of_letters_and_raised(self) -> None:
        assert cg.work("f(x, y) = xg(y)", abstract="g").echo == ("f(x, y) = x·g(y)",)
        assert cg.work("f(x) = g^2(x)", abstract="g").echo == ("f(x) = g(x)^2",)

    def test_the_table_is_left_alone(self) -> None:
        before = dict(OPS)
        cg.work(STAGES, abstract=NAMES)
        assert before == OPS

    @pytest.mark.parametrize(
        ("source", "names", "words"),
        [
            ("f = g(x) + g(x, y)", "g", "'g' takes 1 argument, 2 stand here"),
            ("f = g(x, y) + g(x)", "g", "'g' takes 2 arguments, 1 stand here"),
            ("f = g + x", "g", "nothing stands behind it"),
            ("f = g'(x)", "g", "is a derivative"),
            ("f = g(x, axis=0)", "g", "has no parameter 'axis'"),
            ("g(z) = 2z; f = g(x)", "g", "named abstract, and defined here"),
            ("f(g, x) = g(x)", "g", "takes no value"),
            ("f = square(x)", "square", "is a function that is known"),
            ("f = g(" + "x, " * 70 + "x)", "g", "at most 64"),
            ("f = x + 1", "g", "does not call the abstract function 'g'"),
            ("f = g1(x)", "g1, g2", "function 'g2'; it calls g1"),
            ("f = g(x)", "x y", "abstract is said of 'x y', which is no name"),
        ],
    )
    def test_refused(self, source: str, names: str, words: str) -> None:
        with pytest.raises(cg.ChalkgradError) as caught:
            cg.work(source, abstract=names)
        assert words in str(caught.value)

    def test_only_for_text(self) -> None:
        with pytest.raises(cg.ChalkgradError, match="for maths text"):
            cg.work(lambda x: x * x, 2.0, abstract="g")


def gradient(program: Program, place: int = 1) -> Program:
    made = check(backprop(program).gradient)
    return replace(made, outputs=(made.outputs[place],))


class TestHigherOrders:
    def test_primes(self) -> None:
        program = cg.parse("f(x) = g(x)", abstract="g")
        found: list[str] = []
        for _ in range(5):
            program = gradient(program)
            found.append(next(s.op.name for s in reversed(program.steps) if is_abstract(s.op)))
        assert found == ["g'", "g''", "g'''", "g⁽⁴⁾", "g⁽⁵⁾"]

    def test_mixed_partials_are_one(self) -> None:
        op: Any = abstract("F", 2)
        program = cg.parse("f(x, y) = F(x, y)", abstract="F")
        one, other = gradient(gradient(program, 1), 2), gradient(gradient(program, 2), 1)
        names = [{s.op.name for s in p.steps if is_abstract(s.op)} for p in (one, other)]
        assert "∂₁₂F" in names[0] & names[1]
        assert (op.notation.name, op.notation.latex) == ("F", "F")

    def test_forward_mode_agrees(self) -> None:
        program = cg.parse("f(x, y) = F(x y, x)", abstract="F")
        moved = check(forward(program))
        assert {s.op.name for s in moved.steps if is_abstract(s.op)} == {"F", "∂₁F", "∂₂F"}

    @pytest.mark.parametrize(
        ("name", "arity", "latex"),
        [("g1", 1, "g_{1}"), ("g_1", 1, "g_{1}"), ("Loss", 2, r"\mathrm{Loss}"), ("h", 1, "h"), ("ℓ_y", 1, "ℓ_{y}")],
    )
    def test_latex(self, name: str, arity: int, latex: str) -> None:
        op: Any = abstract(name, arity)
        assert op.notation.latex == latex


class TestFilledIn:
    def test_numbers_of_the_sheet(self) -> None:
        w = cg.work(STAGES, values=AT, let=LET)
        assert w.value == pytest.approx(0.280965, abs=1e-6)
        assert w.gradients["w1"] == pytest.approx(0.082988, abs=1e-6)
        assert w.gradients["w2"] == pytest.approx(-0.102857, abs=1e-6)

    def test_the_total_as_the_sheet_prints_it(self) -> None:
        w = cg.work(STAGES, let=LET)
        assert chain(w, "w1") == "(a2 - y^*)·a2·(1 - a2)·w2·a1·(1 - a1)·x"
        assert chain(w, "w2") == "(a2 - y^*)·a2·(1 - a2)·a1"

    def test_stages_keep_their_names_and_the_echo_says_what_was_filled_in(self) -> None:
        w = cg.work(STAGES, let=LET)
        assert [v.hint for v in w.program.variables() if v.hint] == [
            "x",
            "w1",
            "w2",
            "y^*",
            "z1",
            "a1",
            "z2",
            "a2",
            "L",
        ]
        assert w.echo[:4] == ("g1(z) = σ(z)", "g2(z) = σ(z)", "Loss(a, y) = 0.5·(a - y)^2", "z1 = x·w1")
        assert check(w.program) is w.program

    def test_as_if_it_had_been_typed(self) -> None:
        typed = "z1 = x w1; a1 = σ(z1); z2 = a1 w2; a2 = σ(z2); L = ½(a2 - y^*)^2"
        one, other = cg.work(STAGES, values=AT, let=LET), cg.work(typed, values=AT)
        assert one.value == other.value
        assert one.gradients == other.gradients
        assert [s.op.name for s in one.program.steps] == [s.op.name for s in other.program.steps]
        assert cg.check_gradients(one.program, *[AT[v.hint] for v in one.program.inputs]).ok

    def test_in_part(self) -> None:
        w = cg.work(STAGES, abstract=NAMES, let={"g1": "σ"})
        assert totals(w)["w1"] == "∂₁Loss(a2, y^*)·g2'(z2)·w2·a1·(1 - a1)·x"
        with pytest.raises(cg.ValueNeeded, match="g2 is abstract"):
            cg.work(STAGES, values=AT, abstract=NAMES, let={"g1": "σ"})

    def test_a_program_is_filled_in_later(self) -> None:
        program = cg.parse(STAGES, abstract=NAMES)
        assert cg.work(program, values=AT, let=LET).value == pytest.approx(0.280965, abs=1e-6)
        assert check(cg.parse(STAGES, let=LET)).steps[1].op.name == "sigmoid"

    @pytest.mark.parametrize(
        "let",
        [
            {"Loss(a, y)": "-y log a - (1-y) log(1-a)"},
            {"Loss": "Loss(a, y) = -y log a - (1-y) log(1-a)"},
            {"Loss": "-y^* log a2 - (1-y^*) log(1-a2)"},
            {"Loss": r"Loss(a, y) = -y \log a - (1-y) \log(1-a)"},
        ],
    )
    def test_cross_entropy_however_it_is_given(self, let: dict[str, str]) -> None:
        w = cg.work("L = Loss(a2, y^*)", values={"a2": 0.25, "y^*": 1}, let=let)
        assert w.value == pytest.approx(np.log(4))
        assert w.gradients == {"a2": pytest.approx(-4), "y^*": pytest.approx(np.log(3))}

    def test_one_by_way_of_another(self) -> None:
        w = cg.work("f(x) = g(x)", x=3.0, let={"g": "h(z) + h(2z)", "h": "t^2 + 1"}, abstract="h")
        assert (w.value, w.gradients["x"]) == (47, 30)

    @pytest.mark.parametrize(("body", "value", "slope"), [("g(z) = z", 3, 1), ("g(z) = 4", 4, 0), ("-z", -3, -1)])
    def test_a_copy_a_number_a_sign(self, body: str, value: float, slope: float) -> None:
        w = cg.work("a = g(x); f = a y", x=3.0, y=1.0, let={"g": body})
        assert (w.value, w.gradients["x"]) == (value, slope)
        assert check(w.program).steps[0].output.hint == "a"

    def test_gates_are_opened_and_closed(self) -> None:
        whole = cg.parse("a = g(x)", let={"g": "1/(1 + e^{-z})"})
        assert [s.op.name for s in recognise(whole).steps] == ["sigmoid"]
        assert len(expand(cg.parse("a = g(x)", let={"g": "σ"})).steps) == 4

    @pytest.mark.parametrize(
        ("let", "words"),
        [
            ({"Loss": "-y log a - (1-y) log(1-a)"}, "two readings: Loss(y, a) or Loss(a, y)"),
            ({"Loss": "a - y - c"}, "Loss takes 2 here, and this has 3 (a, y, c)"),
            ({"Loss": "3"}, "this has none"),
            ({"Loss": "F(a, y) = a y"}, "this defines F"),
            ({"Loss": "σ"}, "'σ' takes 1 argument, 2 stand here"),
            ({"g1": "simgoid"}, "did you mean 'sigmoid'?"),
            ({"g1": "z"}, "g1(z) = …"),
            ({"g1": "g1(z) + 1"}, "by way of itself"),
            ({"g1": "g2", "g2": "g1"}, "by way of each other"),
            ({"g4": "σ"}, "does not call the abstract function 'g4'; it calls g1, g2, Loss"),
            ({"g1": "z +"}, "ends behind"),
            ({"": "σ"}, "which is no name"),
            ({"g1": ""}, "no formula"),
        ],
    )
    def test_refused(self, let: dict[str, str], words: str) -> None:
        with pytest.raises(cg.ChalkgradError) as caught:
            cg.work(STAGES, abstract=NAMES, let=let)
        assert words in str(caught.value)

    def test_no_text_grows_without_bound(self) -> None:
        let = {f"h{k}": f"h{k + 1}(z) + h{k + 1}(z)" for k in range(40)}
        with pytest.raises(cg.TooLarge, match="16000"):
            cg.work("f = h0(x)", abstract="h40", let=let)


class TestCommandLine:
    def test_show(self) -> None:
        result = CliRunner().invoke(run, ["show", STAGES, "--abstract", "g1,g2", "--abstract", "Loss"])
        assert result.exit_code == 0
        assert "∂L/∂w1 = ∂₁Loss(a2, y^*)·g2'(z2)·w2·g1'(z1)·x" in result.output

    def test_show_filled_in(self) -> None:
        lets = ["--let", "g1=σ", "--let", "g2 = σ", "--let", "Loss(a, y) = ½(a - y)^2"]
        result = CliRunner().invoke(run, ["show", STAGES, "x=2", "w1=0.5", "w2=-1.5", "y^*=1", "--digits", "6", *lets])
        assert result.exit_code == 0
        for number in ("L = 0.280965", "0.082988", "-0.102857"):
            assert number in result.output

    def test_code(self) -> None:
        runner = CliRunner()
        assert "g1'(z1)" in runner.invoke(run, ["code", STAGES, "--abstract", "g1,g2,Loss"]).output
        python = runner.invoke(run, ["code", STAGES, "--abstract", "g1,g2,Loss", "--as", "python"])
        assert (python.exit_code, "--let g1=…" in python.output) == (2, True)

    def test_a_filling_without_its_sign(self) -> None:
        result = CliRunner().invoke(run, ["show", STAGES, "--let", "g1"])
        assert (result.exit_code, '--let "g1=σ"' in result.output) == (2, True)


def test_vars_are_kept_by_filling_in() -> None:
    program = cg.parse(STAGES, abstract=NAMES)
    before = {v.hint: v for v in program.variables() if v.hint}
    after = {v.hint: v for v in cg.work(program, let=LET).program.variables() if v.hint}
    assert all(isinstance(v, Var) and after[name] is v for name, v in before.items())
