"""Small functions of C that a printed file brings along where it uses them: NumPy's rules, sorting, linear systems."""

from __future__ import annotations

from collections.abc import Iterable

from chalkgrad.render.c_names import CTYPES

# By name: what it needs of others, and its text, where T stands for the type and _f, _i or nothing for its suffix.
_TEXTS: dict[str, tuple[tuple[str, ...], str]] = {
    "maximum": (
        (),
        """/* the greater; a NaN stays */
static T maximum_(T a, T b) { return a >= b || a != a ? a : b; }""",
    ),
    "minimum": (
        (),
        """/* the lesser; a NaN stays */
static T minimum_(T a, T b) { return a <= b || a != a ? a : b; }""",
    ),
    "whole_maximum": ((), "static T maximum_(T a, T b) { return a > b ? a : b; }"),
    "whole_minimum": ((), "static T minimum_(T a, T b) { return a < b ? a : b; }"),
    "absolute": ((), "static T absolute_(T a) { return a < 0 ? -a : a; }"),
    "remainder": (
        (),
        """/* with the sign of the divisor */
static T modulo_(T a, T b)
{
    const T r = FMOD(a, b);
    if (r == 0)
        return COPYSIGN(0, b);
    return (b < 0) != (r < 0) ? r + b : r;
}""",
    ),
    "floor_divide": (
        (),
        """/* the quotient without the rest that has the sign of the divisor */
static T quotient_(T a, T b)
{
    if (b == 0)
        return a / b;
    const T rest = FMOD(a, b);
    T q = (a - rest) / b;
    if (rest != 0 && (b < 0) != (rest < 0))
        q -= 1;
    if (q == 0)
        return COPYSIGN(0, a / b);
    const T below = FLOOR(q);
    return q - below > (T)0.5 ? below + 1 : below;
}""",
    ),
    "whole_remainder": (
        (),
        """/* with the sign of the divisor; 0 where that is 0 */
static int64_t modulo_i(int64_t a, int64_t b)
{
    if (b == 0 || b == -1)
        return 0;
    const int64_t r = a % b;
    return r != 0 && (b < 0) != (r < 0) ? r + b : r;
}""",
    ),
    "whole_fmod": (
        (),
        """/* with the sign of the dividend; 0 where the divisor is 0 */
static int64_t rest_i(int64_t a, int64_t b) { return b == 0 || b == -1 ? 0 : a % b; }""",
    ),
    "whole_floor_divide": (
        ("whole_remainder",),
        """/* rounded down; 0 where the divisor is 0 */
static int64_t quotient_i(int64_t a, int64_t b)
{
    return b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : (a - modulo_i(a, b)) / b;
}""",
    ),
    "whole_power": (
        (),
        """/* a whole number to a whole power, which is not below 0 */
static int64_t power_i(int64_t a, int64_t n, int *failed)
{
    uint64_t result = 1, square = (uint64_t)a;
    if (n < 0)
        *failed = 1;
    for (; n > 0; n /= 2) {
        if (n % 2)
            result *= square;
        square *= square;
    }
    return (int64_t)result;
}""",
    ),
    "place": (
        (),
        """/* the place p among n, counted from the end where it is below 0; beyond them it fails */
static int64_t place(int64_t p, int64_t n, int *failed)
{
    if (p < -n || p >= n) {
        *failed = 1;
        return 0;
    }
    return p < 0 ? p + n : p;
}""",
    ),
    "sort": (
        (),
        """/* each of `rows` rows of n in ascending order, NaN last; `half` has room for n */
static void sort_rows_(int64_t rows, int64_t n, const T *x, T *half, T *y)
{
    for (int64_t k = 0; k < rows * n; k++)
        y[k] = x[k];
    for (T *row = y; row < y + rows * n; row += n) {
        for (int64_t width = 1; width < n; width *= 2) {
            for (int64_t low = 0; low + width < n; low += 2 * width) {
                const int64_t middle = low + width, high = middle + width < n ? middle + width : n;
                int64_t a = 0, b = middle, to = low;
                for (int64_t k = low; k < middle; k++)
                    half[k - low] = row[k];
                while (a < width && b < high) {
                    const bool later = row[b] < half[a] || (half[a] != half[a] && row[b] == row[b]);
                    row[to++] = later ? row[b++] : half[a++];
                }
                while (a < width)
                    row[to++] = half[a++];
            }
        }
    }
}""",
    ),
    "argsort": (
        (),
        """/* the places that bring each of `rows` rows of n into ascending order, NaN last; `half` has room for n */
static void argsort_rows_(int64_t rows, int64_t n, const T *x, int64_t *half, int64_t *y)
{
    for (int64_t k = 0; k < rows * n; k++)
        y[k] = k % n;
    for (int64_t r = 0; r < rows; r++) {
        const T *v = x + r * n;
        int64_t *row = y + r * n;
        for (int64_t width = 1; width < n; width *= 2) {
            for (int64_t low = 0; low + width < n; low += 2 * width) {
                const int64_t middle = low + width, high = middle + width < n ? middle + width : n;
                int64_t a = 0, b = middle, to = low;
                for (int64_t k = low; k < middle; k++)
                    half[k - low] = row[k];
                while (a < width && b < high) {
                    const T first = v[half[a]], second = v[row[b]];
                    const bool later = second < first || (first != first && second == second);
                    row[to++] = later ? row[b++] : half[a++];
                }
                while (a < width)
                    row[to++] = half[a++];
            }
        }
    }
}""",
    ),
    "factor": (
        (),
        """/* L and U of an n×n matrix, in its place, by rows of the greatest pivot; `rows` says which row went where.
   It gives the sign of the exchanges, and 0 where a pivot is 0. */
static T factor_(int64_t n, T *a, int64_t *rows)
{
    T sign = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t best = k;
        for (int64_t i = k + 1; i < n; i++)
            if (FABS(a[i * n + k]) > FABS(a[best * n + k]))
                best = i;
        rows[k] = best;
        if (a[best * n + k] == 0) {
            sign = 0;
            continue;
        }
        if (best != k) {
            sign = -sign;
            for (int64_t j = 0; j < n; j++) {
                const T held = a[k * n + j];
                a[k * n + j] = a[best * n + j];
                a[best * n + j] = held;
            }
        }
        for (int64_t i = k + 1; i < n; i++) {
            a[i * n + k] /= a[k * n + k];
            for (int64_t j = k + 1; j < n; j++)
                a[i * n + j] -= a[i * n + k] * a[k * n + j];
        }
    }
    return sign;
}""",
    ),
    "solve": (
        ("factor",),
        """/* y of A y = b, for each of `count` systems of n rows and m right sides; `lu` has room for n×n numbers */
static void solve_(int64_t count, int64_t n, int64_t m, const T *a, const T *b, T *lu, int64_t *rows, T *y, int *failed)
{
    for (int64_t c = 0; c < count; c++, a += n * n, b += n * m, y += n * m) {
        for (int64_t k = 0; k < n * n; k++)
            lu[k] = a[k];
        for (int64_t k = 0; k < n * m; k++)
            y[k] = b[k];
        if (factor_(n, lu, rows) == 0) {
            *failed = 1;
            return;
        }
        for (int64_t j = 0; j < m; j++) {
            for (int64_t i = 0; i < n; i++) {
                const T held = y[i * m + j];
                y[i * m + j] = y[rows[i] * m + j];
                y[rows[i] * m + j] = held;
            }
            for (int64_t i = 0; i < n; i++)
                for (int64_t k = 0; k < i; k++)
                    y[i * m + j] -= lu[i * n + k] * y[k * m + j];
            for (int64_t i = n - 1; i >= 0; i--) {
                for (int64_t k = i + 1; k < n; k++)
                    y[i * m + j] -= lu[i * n + k] * y[k * m + j];
                y[i * m + j] /= lu[i * n + i];
            }
        }
    }
}""",
    ),
    "slogdet": (
        ("factor",),
        """/* the sign of the determinant and the logarithm of its size, for each of `count` n×n matrices */
static void slogdet_(int64_t count, int64_t n, const T *a, T *lu, int64_t *rows, T *y)
{
    for (int64_t c = 0; c < count; c++, a += n * n, y += 2) {
        for (int64_t k = 0; k < n * n; k++)
            lu[k] = a[k];
        y[0] = factor_(n, lu, rows);
        y[1] = y[0] == 0 ? -INFINITY : 0;
        for (int64_t k = 0; k < n && y[0] != 0; k++) {
            const T pivot = lu[k * n + k];
            y[0] = pivot < 0 ? -y[0] : y[0];
            y[1] += LOG(FABS(pivot));
        }
    }
}""",
    ),
    "cholesky": (
        (),
        """/* L with A = L Lᵀ, from the lower triangle, for each of `count` n×n matrices */
static void cholesky_(int64_t count, int64_t n, const T *a, T *y, int *failed)
{
    for (int64_t c = 0; c < count; c++, a += n * n, y += n * n) {
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < n; j++) {
                T left = j > i ? 0 : a[i * n + j];
                for (int64_t k = 0; k < j && j <= i; k++)
                    left -= y[i * n + k] * y[j * n + k];
                if (i == j && !(left > 0)) {
                    *failed = 1;
                    return;
                }
                y[i * n + j] = j > i ? 0 : i == j ? SQRT(left) : left / y[j * n + j];
            }
        }
    }
}""",
    ),
}
_MATHS = {"FABS": "fabs", "SQRT": "sqrt", "LOG": "log", "FMOD": "fmod", "FLOOR": "floor", "COPYSIGN": "copysign"}
_NAMES = {
    "whole_maximum": "maximum_",
    "whole_minimum": "minimum_",
    "remainder": "modulo_",
    "floor_divide": "quotient_",
    "sort": "sort_rows_",
    "argsort": "argsort_rows_",
    "whole_remainder": "modulo_i",
    "whole_fmod": "rest_i",
    "whole_floor_divide": "quotient_i",
    "whole_power": "power_i",
    "place": "place",
}
SUFFIX = {"float64": "", "float32": "f", "int64": "_i", "bool": "_b"}


def called(helper: str, dtype: str) -> str:
    """What the helper is called in C, for numbers of this dtype."""
    name = _NAMES.get(helper, f"{helper}_")
    return name.removesuffix("_") + SUFFIX[dtype] if name.endswith("_") else name


def sources(used: Iterable[tuple[str, str]]) -> list[str]:
    """The text of the helpers in use, by name and dtype, and of those that they need, each once."""
    found: dict[tuple[str, str], str] = {}

    def add(helper: str, dtype: str) -> None:
        needs, text = _TEXTS[helper]
        for other in needs:
            add(other, dtype)
        for short, function in _MATHS.items():
            text = text.replace(short, function + ("f" if dtype == "float32" else ""))
        for other in _TEXTS:
            own = _NAMES.get(other, f"{other}_")
            if own.endswith("_"):
                text = text.replace(f"{own}(", f"{called(other, dtype)}(")
        words = [CTYPES[dtype] if word == "T" else word for word in _split(text)]
        found[helper, dtype] = "".join(words)

    for helper, dtype in sorted(used):
        add(helper, dtype)
    return list(dict.fromkeys(found.values()))


def _split(text: str) -> list[str]:
    """Words, and what stands between them."""
    words: list[str] = []
    for c in text:
        if words and (c.isalnum() or c == "_") == (words[-1][-1].isalnum() or words[-1][-1] == "_"):
            words[-1] += c
        else:
            words.append(c)
    return words


RESERVED_NAMES = frozenset(called(helper, dtype) for helper in _TEXTS for dtype in CTYPES)
