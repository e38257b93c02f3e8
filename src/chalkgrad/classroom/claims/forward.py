"""The forward pass: whether it computes the function, and which stage does not."""

from __future__ import annotations

from chalkgrad.classroom.claims.claim import Claim, Stage
from chalkgrad.classroom.claims.graph import Graph
from chalkgrad.classroom.claims.numeric import Formula, Ground, Values, formula
from chalkgrad.classroom.claims.verdict import Finding
from chalkgrad.ir.program import Program, Step, Var, number
from chalkgrad.ir.registry import OPS
from chalkgrad.render.numbers import shown
from chalkgrad.render.text import text
from chalkgrad.transform.expression import applied, written_out

# Mending is tried until so many stages have been run again.
MOST_RUNS = 20_000
SWAPS = {
    "add": ("subtract", "multiply"),
    "subtract": ("add",),
    "multiply": ("add", "divide"),
    "divide": ("multiply",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "sigmoid": ("tanh",),
    "tanh": ("sigmoid",),
}


def judge_forward(claim: Claim, graph: Graph, function: Values | None) -> list[Finding]:
    """A finding for every stage that was written under forward:."""
    stages = [item for item in claim.items if isinstance(item, Stage) and item.line.section == "forward"]
    ground = graph.ground
    agreement = "same" if function is None else ground.compare(graph.env[claim.output], function)
    blamed = _blame(claim, graph, function) if agreement == "different" and function is not None else None
    out: list[Finding] = []
    for stage in stages:
        value = graph.env[stage.name]
        found = Finding(stage.line, stage.head, "undecided" if agreement == "undecided" else "right")
        if blamed is not None and stage is blamed[0]:
            found = _wrong(claim, graph, stage, blamed[1], function)
        elif agreement == "different" and blamed is None and stage is stages[-1]:
            found = _wrong(claim, graph, stage, "", function)
        for side in stage.sides[1:]:
            said = ground.value(formula(side.tree, side.line.text), graph.env)
            if ground.compare(said, value) == "different" and found.status == "right":
                first = stage.sides[0].written.strip()
                found = Finding(
                    side.line, side.span, "wrong", "stage", first, f"the sides of {stage.name} are not equal"
                )
        out.append(found)
    return out


def _wrong(claim: Claim, graph: Graph, stage: Stage, repair: str, function: Values | None) -> Finding:
    ground = graph.ground
    assert function is not None
    value = graph.env[claim.output]
    i = ground.witness(value, function)
    where = ", ".join([f"{n} = {shown(float(ground.env[n][i]))}" for n in claim.inputs])
    wanted, given = shown(float(function[i]), 6), shown(float(value[i]), 6)
    example = f"at {where}: the function is {wanted}, the forward pass gives {given}"
    side = stage.sides[0]
    if repair:
        why = "with this line so, the stages compute the function; as it stands they do not"
        return Finding(side.line, side.span, "wrong", "stage", f"{stage.name} = {repair}", why, example)
    why = "the stages do not compute the function, and no change of one sign in one line would mend that"
    return Finding(side.line, side.span, "wrong", "stage", "", why, example)


def _blame(claim: Claim, graph: Graph, function: Values) -> tuple[Stage, str] | None:
    """The first stage that one changed sign or name would mend, and how; else the first that the function lacks."""
    budget = MOST_RUNS
    for place, name in enumerate(graph.stages):
        node = graph.nodes[name]
        if node.stage.line.section != "forward":
            continue
        for program in _repairs(node.formula.program, [*claim.inputs, *graph.stages[: graph.stages.index(name)]]):
            budget -= len(graph.stages) - place
            if budget < 0:
                break
            if graph.ground.same(_rerun(claim, graph, name, program), function):
                return node.stage, _text(program)
    known = _parts(claim, graph.ground)
    for name in graph.stages:
        stage = graph.nodes[name].stage
        value = graph.env[name]
        if stage.line.section == "forward" and not any(graph.ground.same(value, k) for k in known):
            return (stage, "") if name != claim.output else None
    return None


def _rerun(claim: Claim, graph: Graph, name: str, program: Program) -> Values:
    """The output with another formula for one stage."""
    env = dict(graph.env)
    for later in graph.stages[graph.stages.index(name) :]:
        made = Formula((), program) if later == name else graph.nodes[later].formula
        env[later] = graph.ground.value(made, env)
    return env[claim.output]


def _repairs(program: Program, names: list[str]) -> list[Program]:
    """The program with one op changed, its operands exchanged, a minus set or taken, or another name read."""
    found: list[Program] = []

    def put(place: int, *steps: Step) -> None:
        found.append(program.with_steps((*program.steps[:place], *steps, *program.steps[place + 1 :])))

    for place, step in enumerate(program.steps):
        for other in SWAPS.get(step.op.name, ()):
            put(place, Step(step.outputs, OPS[other], step.inputs))
        if step.op.name in ("subtract", "divide", "power"):
            put(place, Step(step.outputs, step.op, step.inputs[::-1], step.params))
        for position, atom in enumerate(step.inputs):
            if isinstance(atom, Var):
                minus = Var(atom.type)
                changed = (*step.inputs[:position], minus, *step.inputs[position + 1 :])
                put(place, Step((minus,), OPS["negative"], (atom,)), Step(step.outputs, step.op, changed, step.params))
            if isinstance(atom, Var) and atom in program.inputs:
                for name in names[:24]:
                    if name != atom.hint:
                        var = next((v for v in program.inputs if v.hint == name), Var(atom.type, name))
                        inputs = program.inputs if var in program.inputs else (*program.inputs, var)
                        steps = list(program.steps)
                        at = (*step.inputs[:position], var, *step.inputs[position + 1 :])
                        steps[place] = Step(step.outputs, step.op, at, step.params)
                        found.append(Program(program.name, inputs, tuple(steps), program.outputs))
        if step.op.name == "negative":
            put(place, Step(step.outputs, OPS["multiply"], (step.inputs[0], number(1.0))))
    return found[:400]


def _text(program: Program) -> str:
    steps = {s.output: s for s in program.steps}
    out = program.output
    assert isinstance(out, Var)
    expr = written_out(out, steps, frozenset(program.inputs))
    names = {v: v.hint for v in program.inputs}
    return text(applied(steps[out]) if expr is None else expr, names)


def _parts(claim: Claim, ground: Ground) -> list[Values]:
    """Every value inside the function."""
    assert claim.function is not None
    env = ground.run(claim.function, ground.env)
    return [ground.read(v, env) for v in env]
