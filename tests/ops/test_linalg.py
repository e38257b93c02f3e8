"""Matrices at their hard points, and what is refused. The contract test has the rules at ordinary points."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import MatrixError, ProgramError, ShapeError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.evaluate.worked import work
from chalkgrad.ir.build import Builder, Value
from chalkgrad.ir.dims import size
from chalkgrad.ir.program import Program
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType, type_of
from chalkgrad.ops.determinant import _cofactor, _cofactor_along
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.forward import forward

rng = np.random.default_rng(5)


def op(name: str, *xs: Any, **params: Any) -> Any:
    return lookup(name)(*xs, **params)


def written(function: Any, *values: Any) -> Program:
    """The function of Values, as a Program."""
    builder = Builder()
    xs = [builder.value(builder.input(f"x{k}", type_of(v))) for k, v in enumerate(values)]
    return builder.program("f", function(*xs).atom)


def gradients(function: Any, *values: Any) -> list[Any]:
    """The gradients of a function of arrays that gives one number."""
    return list(Interpreter(backprop(written(function, *values)).gradient)(*values, 1.0)[1:])


def hessian_along(function: Any, a: Any, direction: Any) -> Any:
    gradient = backprop(written(function, a)).gradient
    pushed = forward(gradient, gradient.inputs[:1])
    return Interpreter(pushed)(a, 1.0, direction)[3]


def minors(a: Any) -> Any:
    """The cofactors as on paper: signed determinants of what is left."""
    n = len(a)
    cut = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(n)] for i in range(n)]
    return np.array([[(-1) ** (i + j) * np.linalg.det(cut[i][j]) for j in range(n)] for i in range(n)])


def of_rank(n: int, rank: int) -> Any:
    return rng.normal(size=(n, rank)) @ rng.normal(size=(rank, n))


class TestDeterminants:
    def test_the_adjugate_of_whole_numbers_is_exact(self) -> None:
        (found,) = gradients(lambda a: op("det", a), np.ones((2, 2)))
        np.testing.assert_array_equal(found, [[1, -1], [-1, 1]])
        (found,) = gradients(lambda a: op("det", a), np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]))
        np.testing.assert_array_equal(found, [[-3, 6, -3], [6, -12, 6], [-3, 6, -3]])

    @pytest.mark.parametrize(("n", "rank"), [(n, r) for n in (1, 2, 3, 4, 5) for r in range(n + 1)])
    def test_at_every_rank(self, n: int, rank: int) -> None:
        a = of_rank(n, rank)
        np.testing.assert_allclose(_cofactor(a), minors(a) if n > 1 else np.ones((1, 1)), atol=1e-12)

    @pytest.mark.parametrize("rank", range(5))
    def test_second_derivatives_at_every_rank(self, rank: int) -> None:
        a, e = of_rank(4, rank), rng.normal(size=(4, 4))
        h = 0.5  # cofactors of 4×4 are of degree 3 in each direction: these differences of order 4 are exact
        wanted = 2 / 3 * (minors(a + h * e) - minors(a - h * e)) / h
        wanted -= 1 / 12 * (minors(a + 2 * h * e) - minors(a - 2 * h * e)) / h
        np.testing.assert_allclose(hessian_along(lambda x: op("det", x), a, e), wanted, atol=1e-11)

    def test_third_derivatives_where_most_is_zero(self) -> None:
        """At rank n - 3 the third derivative is the first that is not 0."""
        u, v = np.linalg.qr(rng.normal(size=(4, 4)))[0], np.linalg.qr(rng.normal(size=(4, 4)))[0]
        a = np.outer(u[:, 0], v[:, 0]) * 3
        e = [np.outer(u[:, k], v[:, k]) for k in (1, 2, 3)]
        np.testing.assert_allclose(_cofactor(a), 0, atol=1e-12)
        np.testing.assert_allclose(_cofactor_along(a, e[0]), 0, atol=1e-12)
        third = np.sum(_cofactor_along(a, e[0], e[1]) * e[2])
        np.testing.assert_allclose(third, 3 * np.linalg.det(u) * np.linalg.det(v), atol=1e-12)

    def test_exact_zeros_on_the_diagonal(self) -> None:
        for zeros in itertools.chain.from_iterable(itertools.combinations(range(4), k) for k in range(5)):
            d = np.array([2.0, -3.0, 0.5, 4.0])
            d[list(zeros)] = 0
            found = np.diag(_cofactor(np.diag(d)))
            np.testing.assert_allclose(found, [np.prod(np.delete(d, i)) for i in range(4)], atol=1e-15)
            assert np.all(np.isfinite(_cofactor_along(np.diag(d), np.eye(4), np.eye(4))))

    def test_the_log_does_not_overflow(self) -> None:
        a = 10 * np.eye(400)
        with np.errstate(over="ignore"):
            assert np.isinf(np.linalg.det(a))
        program = written(lambda x: op("logdet", x), a)
        value, gradient = Interpreter(backprop(program).gradient)(a, 1.0)
        assert value == pytest.approx(400 * np.log(10))
        np.testing.assert_allclose(gradient, np.eye(400) / 10)

    def test_the_log_of_a_negative_determinant_is_no_number_and_has_no_gradient(self) -> None:
        a = np.diag([1.0, -1.0])
        w = work(written(lambda x: op("logdet", x), a), {"x0": a})
        assert np.isnan(w.value)
        assert np.isnan(w.gradients["x0"]).all()
        assert w.notices
        np.testing.assert_allclose(gradients(lambda x: op("slogdet", x)[1], a)[0], np.diag([1.0, -1.0]))

    def test_a_sign_alone_has_gradient_zero(self) -> None:
        a = np.diag([1.0, -1.0])
        np.testing.assert_array_equal(gradients(lambda x: op("slogdet", x)[0], a)[0], np.zeros((2, 2)))


class TestSymmetric:
    """NumPy reads the lower triangle, and the gradient is of that triangle."""

    @pytest.mark.parametrize("name", ["cholesky", "eigh"])
    def test_what_is_above_the_diagonal_is_not_read_and_gets_nothing(self, name: str) -> None:
        a = np.array([[2.0, 77.0], [0.5, 3.0]])
        other = np.array([[2.0, -5.0], [0.5, 3.0]])

        def total(x: Value) -> Any:
            found = op(name, x)
            return op("sum", op("sin", found if isinstance(found, Value) else found[0]))

        (one,), (two,) = gradients(total, a), gradients(total, other)
        np.testing.assert_array_equal(one, two)
        assert one[0, 1] == 0
        assert abs(one[1, 0]) > 0.01

    def test_of_a_matrix_that_is_symmetric_by_how_it_was_made_it_is_the_symmetric_gradient(self) -> None:
        """tr A² over the eigenvalues: 2 A for symmetric A, and 4 B Bᵀ B through A = B Bᵀ."""
        b = rng.normal(size=(3, 3))
        (found,) = gradients(lambda x: op("sum", op("eigh", x @ op("transpose", x))[0] ** 2), b)
        np.testing.assert_allclose(found, 4 * b @ b.T @ b, rtol=1e-12)

    def test_symmetric_functions_of_equal_eigenvalues_have_a_gradient_and_a_notice(self) -> None:
        a = 2 * np.eye(3)
        w = work(written(lambda x: op("sum", op("eigh", x)[0] ** 2), a), {"x0": a})
        np.testing.assert_allclose(w.gradients["x0"], 2 * a)
        assert any("coincide" in n.rule for n in w.notices)

    def test_eigenvectors_of_equal_eigenvalues_have_none(self) -> None:
        """0 would be wrong: V diag(g(w)) Vᵀ has a slope there, in which they count."""
        (found,) = gradients(lambda x: op("sum", op("eigh", x)[1] ** 3), np.eye(2))
        assert not np.isfinite(found[1]).any()

    def test_eigenvectors_that_nobody_reads_do_no_harm(self) -> None:
        (found,) = gradients(lambda x: op("sum", op("eigh", x)[0]), np.eye(3))
        np.testing.assert_array_equal(found, np.eye(3))

    def test_not_positive_definite(self) -> None:
        with pytest.raises(MatrixError, match=r"cholesky.*not positive definite"):
            gradients(lambda x: op("sum", op("cholesky", x)), np.array([[1.0, 0], [2.0, 1.0]]))


class TestSingular:
    def test_numpy_s_own_error_is_ours_too(self) -> None:
        for name in ("inv", "logdet"):
            with pytest.raises(np.linalg.LinAlgError, match="inv: singular matrix"):
                gradients(lambda x, n=name: op("sum", op(n, x)), np.ones((2, 2)))

    def test_complex_eigenvalues_are_refused(self) -> None:
        with pytest.raises(MatrixError, match="complex eigenvalues"):
            gradients(lambda x: op("sum", op("eig", x)[0]), np.array([[0.0, 1.0], [-1.0, 0.0]]))

    def test_a_pseudo_inverse_along_its_rank(self) -> None:
        """(t A)⁺ is A⁺/t at every rank, so its slope along A is -A⁺."""
        a = of_rank(4, 2)
        w = work(written(lambda x: op("sum", op("pinv", x)), a), {"x0": a})
        np.testing.assert_allclose(np.sum(w.gradients["x0"] * a), -np.sum(np.linalg.pinv(a)), rtol=1e-9)
        assert any("same rank" in n.rule for n in w.notices)

    def test_a_sum_of_singular_values_at_zero(self) -> None:
        """The least subgradient, as for |x|: nothing comes back where a singular value is 0."""
        np.testing.assert_array_equal(gradients(lambda x: op("sum", op("svdvals", x)), np.zeros((2, 3)))[0], 0)
        (found,) = gradients(lambda x: op("sum", op("svdvals", x)), np.diag([2.0, 0.0]))
        np.testing.assert_allclose(found, np.diag([1.0, 0.0]), atol=1e-15)

    def test_singular_vectors_of_equal_values_have_no_gradient(self) -> None:
        (found,) = gradients(lambda x: op("sum", op("svd", x)[0] ** 3), np.eye(2))
        assert not np.isfinite(found).any()


class TestNorms:
    def test_zero_entries_of_an_even_order(self) -> None:
        """x⁴ is smooth at 0, to the third order: no |x| in its rule."""
        x = np.array([0.0, 1.0])

        def fourth(v: Value) -> Any:
            return op("norm", v, ord=4)

        np.testing.assert_array_equal(gradients(fourth, x)[0], [0, 1])
        np.testing.assert_allclose(hessian_along(fourth, x, np.array([1.0, 0.0])), [0, 0])

    def test_each_row_has_its_own_corner(self) -> None:
        x = np.array([[3.0, 4.0], [0.0, 0.0]])
        w = work(written(lambda v: op("sum", op("norm", v, axis=1)), x), {"x0": x})
        np.testing.assert_allclose(w.gradients["x0"], [[0.6, 0.8], [0, 0]])
        assert any("minimum-norm" in n.rule for n in w.notices)


class TestShapes:
    m, n, k = size("m"), size("n"), size("k")

    def typed(self, name: str, *shapes: Any, dtype: str = "float64", **params: Any) -> Any:
        return [t.shape for t in lookup(name).infer(tuple(ArrayType(s, dtype) for s in shapes), params)]

    def test_named_sizes(self) -> None:
        m, n, k = self.m, self.n, self.k
        assert self.typed("inv", (n, n)) == [(n, n)]
        assert self.typed("solve", (n, n), (n, k)) == [(n, k)]
        assert self.typed("det", (m, n, n)) == [(m,)]
        assert self.typed("trace", (n, n)) == [()]
        assert self.typed("eigh", (n, n)) == [(n,), (n, n)]
        assert self.typed("svd", (n, n)) == [(n, n), (n,), (n, n)]
        assert self.typed("einsum", (m, n), (n, k), subscripts="ij,jk->ik") == [(m, k)]
        assert self.typed("einsum", (m, n, k), (k,), subscripts="...j,j") == [(m, n)]
        assert self.typed("outer", (m,), (n, k)) == [(m, n * k)]
        assert self.typed("dot", (m, n), (k, n, 2)) == [(m, k, 2)]
        assert self.typed("norm", (m, n), axis=0) == [(n,)]

    def test_a_gradient_over_named_sizes(self) -> None:
        builder = Builder()
        a = builder.value(builder.input("A", ArrayType((self.n, self.n))))
        program = builder.program("f", op("sum", op("eigh", a)[1] ** 3).atom)
        assert backprop(program).gradient.outputs[1].type.shape == (self.n, self.n)

    @pytest.mark.parametrize(
        ("name", "shapes", "params", "said"),
        [
            ("inv", [(2, 3)], {}, "needs a square matrix, not 2 rows and 3 columns"),
            ("inv", [(3,)], {}, "needs a matrix, or a stack of them"),
            ("det", [(size("m"), size("n"))], {}, "needs a square matrix, not m rows and n columns"),
            ("solve", [(3, 3), (2,)], {}, "a matrix of 3 rows, and a right side of shape (2,)"),
            ("solve", [(3, 3), ()], {}, "the right side is a vector or a matrix"),
            ("svd", [(size("m"), size("n"))], {}, "needs its sizes as numbers"),
            ("trace", [(3,)], {}, "has no diagonal"),
            ("diagonal", [(3, 3)], {"axis1": 1}, "names one twice"),
            ("diagonal", [(3, 3)], {"axis1": 5}, "no axis 5"),
            ("tril", [(3,)], {}, "has no triangle"),
            ("cross", [(2,), (2,)], {}, "three entries"),
            ("norm", [(2, 2)], {"ord": 1}, "its entries or of the matrix"),
            ("norm", [(2, 2)], {"axis": (0, 1)}, "along one axis or over all"),
            ("norm", [(2,)], {"ord": "fro"}, "is no number"),
            ("norm", [(0,)], {"ord": np.inf}, "there is none"),
            ("einsum", [(2, 3), (4, 2)], {"subscripts": "ij,jk->ik"}, "'j' has size 3 and size 4"),
            ("einsum", [(2, 3)], {"subscripts": "ii->i"}, "'i' has size 2 and size 3"),
            ("einsum", [(2, 3)], {"subscripts": "ij,jk->ik"}, "names 2 operands, 1 were given"),
            ("einsum", [(2, 3)], {"subscripts": "i->i"}, "names 1 axes of an operand that has 2"),
            ("einsum", [(2,)], {"subscripts": "i->ii"}, "stands twice in the result"),
            ("einsum", [(2,)], {"subscripts": "i->j"}, "in no operand"),
            ("einsum", [(2,)], {"subscripts": "i-"}, "is letters and at most one"),
            ("einsum", [(2, 3)], {"subscripts": "...i->i"}, "its result has no dots"),
        ],
    )
    def test_refused(self, name: str, shapes: Any, params: Any, said: str) -> None:
        with pytest.raises(ShapeError) as error:
            self.typed(name, *shapes, **params)
        assert said in str(error.value)

    @pytest.mark.parametrize("name", ["inv", "det", "eigh", "svd", "qr", "cholesky", "norm", "cofactor"])
    def test_truth_values_are_no_matrix(self, name: str) -> None:
        with pytest.raises(ProgramError, match="not truth values"):
            self.typed(name, (2, 2), dtype="bool")

    def test_one_place_for_two_results(self) -> None:
        builder = Builder()
        with pytest.raises(ProgramError, match="eigh gives 2 results"):
            builder.bind(lookup("eigh"), builder.input("A", ArrayType((2, 2))))


@pytest.mark.parametrize("matrix", [[[1.0, 1], [1, 1]], [[1.0, 2], [3, 4]], [[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]])
def test_higher_derivatives_of_a_small_determinant_are_exact(matrix: Any) -> None:
    """As on paper: a lecturer's 0 is 0, and not 1.6e-17."""
    a = np.array(matrix)
    n = len(a)
    assert np.array_equal(cg.hessian(np.linalg.det)(a), np.rint(cg.hessian(np.linalg.det)(a)))
    third = cg.jacobian(cg.hessian(np.linalg.det))(a)
    wanted = np.zeros(third.shape)
    if n == 3:
        for rows, columns in itertools.product(itertools.permutations(range(3)), repeat=2):
            sign = np.linalg.det(np.eye(3)[list(rows)]) * np.linalg.det(np.eye(3)[list(columns)])
            wanted[tuple(itertools.chain.from_iterable(zip(rows, columns, strict=True)))] = np.rint(sign)
    assert np.array_equal(third, wanted)


def test_the_norm_that_underflows_says_so() -> None:
    tiny = cg.work("norm(x)", x=[1e-200, 1e-200])
    assert (tiny.value, tiny.gradients["x"].tolist()) == (0, [0, 0])
    assert tiny.notices
    assert not cg.work("norm(x)", x=[1e-100, 0.0]).notices


def test_the_slope_of_a_norm_is_written_plainly() -> None:
    assert "reshape" not in str(cg.work("norm(x)", x=[3.0, 4.0]))
