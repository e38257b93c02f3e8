"""One file of C99: a function, forward and backward, staged as in the pseudocode. It needs libc and libm alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import final

import numpy as np

from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Atom, Number, Program, Step, Var
from chalkgrad.ops.kernel import Kernel
from chalkgrad.render.c_held import Held, size_of
from chalkgrad.render.c_helpers import RESERVED_NAMES, sources
from chalkgrad.render.c_loops import Loops
from chalkgrad.render.c_names import CTYPES, comment, identifier, literal
from chalkgrad.render.rows import Rows
from chalkgrad.render.words import scalar
from chalkgrad.transform.backprop import Contribution
from chalkgrad.transform.lowered import Lowered, needs_numbers

# Arrays of more bytes than this do not stand on the stack, but in a workspace that the caller gives.
ON_STACK = 64 * 1024
WIDEST = 110
WIDTH = {"float64": 8, "float32": 4, "int64": 8, "bool": 1}


def c(worked: Worked) -> str:
    """The source of one C99 file with one function: the value and the gradients, of the sizes of the Program.

    Raises ValueNeeded where a size has only a name or a function is abstract, and ProgramError where an op has no form
    in C.

    Examples
    --------
    >>> from chalkgrad import work
    >>> print(c(work("f(x, y) = x y")).splitlines()[-1])
    }
    """
    return unit([worked])


def unit(several: Sequence[Worked]) -> str:
    """One file with a function for each of several, which bear the names of their Programs."""
    functions: list[str] = []
    helpers: set[tuple[str, str]] = set()
    tables: list[str] = []
    used: set[str] = set(RESERVED_NAMES)
    for worked in several:
        needs_numbers(worked.program)
        writer = _Writer(worked, used, workspace=False)
        if writer.bytes > ON_STACK:
            writer = _Writer(worked, used, workspace=True)
        functions.append(writer.text)
        helpers |= writer.loops.printer.helpers
        tables += writer.loops.tables
        used |= {writer.function, writer.work, *writer.loops.table_names}
    includes = "#include <math.h>\n#include <stdbool.h>\n#include <stdint.h>"
    about, *rest = functions[0].split("\n */\n", 1) if len(functions) == 1 else ["", "\n".join(functions)]
    first = [about + "\n */"] if about else []
    return "\n\n".join([*first, includes, *sources(helpers), *tables, "\n".join(rest).lstrip("\n")])


@final
class _Writer:
    def __init__(self, worked: Worked, taken: Collection[str], *, workspace: bool) -> None:
        self.worked, self.workspace = worked, workspace
        self.program: Program = worked.program
        self.rows = Rows(worked)
        self.met: set[Var] = set()
        self.function = identifier(self.program.name, taken)
        self.work = identifier(f"{self.function}_work", taken)
        self.used: set[str] = {*taken, self.work}
        self.names: dict[Var, str] = {v: self._fresh(name) for v, name in worked.called.items()}
        self.seeds = {v: self._fresh(v.hint) for v in worked.backprop.seeds}
        self.slopes: dict[Var, str] = {}
        for var, atom in worked.backprop.adjoint.items():
            if isinstance(atom, Var) and atom not in self.seeds:
                self.slopes[atom] = self._fresh(f"d{self.names[var]}")
        self.value_name = self._fresh("value")
        self.gradients = {v: self._fresh(f"grad_{self.names[v]}") for v in worked.backprop.wrt}
        self.loops = Loops(self.used, "w->" if workspace else "")
        self._body()
        self.bytes = sum([WIDTH[dtype] * size for _, dtype, size in self.loops.arrays])

    def _fresh(self, name: str) -> str:
        found = identifier(name, self.used)
        self.used.add(found)
        return found

    @property
    def text(self) -> str:
        """The comment at the top, then what the caller and the function need."""
        lines = "\n".join(self.loops.lines)
        return f"{self._about()}\n{self._room()}{self._head()}\n{{\n{lines}\n}}\n"

    def _room(self) -> str:
        if not self.workspace:
            return ""
        room = "\n".join([f"    {CTYPES[dtype]} {name}[{size}];" for name, dtype, size in self.loops.arrays])
        return f"struct {self.work} {{\n{room}\n}};\n\n"

    # What the caller sees.

    def _head(self) -> str:
        given = [_parameter(v, self.names[v]) for v in self.program.inputs]
        given += [_parameter(v, name) for v, name in self.seeds.items()]
        given.append(f"{CTYPES[self.program.output.type.dtype]} *{self.value_name}")
        given += [f"{CTYPES[v.type.dtype]} *{name}" for v, name in self.gradients.items()]
        given += [f"struct {self.work} *w"] if self.workspace else []
        short = f"int {self.function}({', '.join(given)})"
        return short if len(short) <= WIDEST else f"int {self.function}(\n    " + ",\n    ".join(given) + ")"

    def _about(self) -> str:
        out = self.program.output
        lines = [f"The value of {self.program.name}, and its gradient by each input. Arrays are row-major.", ""]
        lines += [f"in   {_shown(self.names[v], v)}" for v in self.program.inputs]
        lines += [
            f"in   {_shown(n, v)}: the upstream gradient, 1 for that of {self.program.name} itself"
            for v, n in self.seeds.items()
        ]
        lines.append(f"out  {self.value_name}{_shape(out)}: the value")
        for var, name in self.gradients.items():
            lines.append(f"out  {name}{_shape(var)}: the gradient with respect to {self.worked.called[var]}")
        if self.workspace:
            lines.append("     w: room for what is computed on the way")
        failing = self.loops.printer.failing
        why = ", or the number of the stage that has no value: no such place, or no such matrix" if failing else ""
        lines += [
            "",
            f"It gives back 0{why}.",
            "",
            "C99; link with -lm. Not with -ffast-math, and with -ffp-contract=off for the last bit.",
        ]
        inner = "\n".join([f" * {comment(line)[3:-3]}".rstrip() for line in lines])
        return f"/*\n{inner}\n */"

    # What it does.

    def _body(self) -> None:
        loops, worked = self.loops, self.worked
        gradient = worked.backprop.gradient
        lowered = Lowered(gradient, {*self.program.variables(), *self.slopes})
        for var, name in (*[(v, self.names[v]) for v in self.program.inputs], *self.seeds.items()):
            loops.held[var] = Held(name, scalar=not var.type.shape)
            loops.declared[-1].append(name)
        self.into = self._targets(gradient)
        at = len(loops.lines)
        before = frozenset(self.program.steps)
        stages = {step: tag for tag, step in enumerate(self.program.steps, 1)}
        behind = {s: edge for edge in reversed(worked.backprop.contributions) for s in edge.made}
        arrivals = worked.backprop.into()
        adjoint_of = {a: v for v, a in worked.backprop.adjoint.items() if isinstance(a, Var)}
        written = frozenset(lowered.written)
        told: set[Contribution] = set()
        loops.put("/* forward */")
        backward = False
        for step in gradient.steps:
            outs = [v for v in step.given if v in written]
            if step in before:
                self._origin(step, stages[step])
                self._compute(step, outs, lowered, stages[step])
                continue
            if not backward:
                loops.put("")
                loops.put("/* backward */")
                backward = True
            if not outs:
                continue
            edges = [c for v in outs if v in adjoint_of for c in arrivals.get(adjoint_of[v], ())]
            edges = edges or ([behind[step]] if step in behind else [])
            for edge in edges:
                if edge not in told:
                    told.add(edge)
                    self._said(edge, stages)
            tag = stages[edges[0].step] if edges else 0
            self._compute(step, outs, lowered, tag)
        loops.put("")
        self._deliver(gradient)
        loops.unread()
        loops.put("return 0;")
        if loops.printer.failing:
            loops.lines.insert(at, "    int failed = 0;")

    def _targets(self, gradient: Program) -> dict[Var, str]:
        """Arrays that are results are computed where the caller wants them."""
        found: dict[Var, str] = {}
        wanted = [(gradient.outputs[0], self.value_name)]
        wanted += zip(gradient.outputs[1:], self.gradients.values(), strict=True)
        given = {*gradient.inputs}
        for atom, name in wanted:
            if isinstance(atom, Var) and atom.type.shape and atom not in given and atom not in found:
                found[atom] = name
        return found

    def _compute(self, step: Step, outs: list[Var], lowered: Lowered, tag: int) -> None:
        printer = self.loops.printer
        outer, printer.failing = printer.failing, False
        for var in outs:
            kernel: Kernel = lowered.kernels[var]
            self.loops.value(var, kernel, self.names.get(var) or self.slopes.get(var), self.into.get(var))
        if printer.failing:
            self.loops.put("if (failed)")
            self.loops.put(f"    return {tag or 1};")
        printer.failing = outer or printer.failing

    def _origin(self, step: Step, tag: int) -> None:
        place = f"  [{step.origin}]" if step.origin is not None and step.origin.file else ""
        self.loops.put(comment(f"({tag}) {self.rows.gate(step)} = {self.rows.formula(step)}{place}"))

    def _said(self, edge: Contribution, stages: Mapping[Step, int]) -> None:
        target = self.rows.names_of_gradient(edge.target)
        sign = "+=" if edge.target in self.met else "="
        self.met.add(edge.target)
        self.loops.put(comment(f"({stages[edge.step]}) {target} {sign} {_product(self.rows, edge)}"))

    def _deliver(self, gradient: Program) -> None:
        """Give the results that are not in their place yet."""
        results: list[tuple[Atom, str]] = [(gradient.outputs[0], self.value_name)]
        results += zip(gradient.outputs[1:], self.gradients.values(), strict=True)
        for atom, name in results:
            if isinstance(atom, Var) and self.into.get(atom) == name:
                continue
            if isinstance(atom, Number) and atom.type.shape and np.size(atom.value):
                first = np.ravel(atom.value)[0]
                if np.all(atom.value == first):
                    self.loops.copy(f"&{literal(first, atom.type.dtype)}", name, size_of(atom.type.shape))
                    continue
            text, scalar = self.loops.atom(atom)
            if scalar:
                self.loops.put(f"*{name} = {text};")
            else:
                self.loops.copy(text, name, size_of(atom.type.shape))


def _product(rows: Rows, edge: Contribution) -> str:
    """What arrives: the upstream gradient times the local one, where that is a product of numbers."""
    upstream, local = rows.upstream(edge), rows.local(edge)
    if not scalar(edge):
        return rows.arrives(edge, upstream)
    loose = local.startswith("-") or any(s in local for s in (" + ", " - "))
    return f"{upstream} · ({local})" if loose else f"{upstream} · {local}"


def _parameter(var: Var, name: str) -> str:
    ctype = CTYPES[var.type.dtype]
    return f"const {ctype} *{name}" if var.type.shape else f"{ctype} {name}"


def _shown(name: str, var: Var) -> str:
    return f"{name}{_shape(var)}"


def _shape(atom: Atom) -> str:
    return "".join([f"[{n}]" for n in atom.type.shape])
