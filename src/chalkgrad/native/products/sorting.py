"""Words, numbers of 64 bits without a sign, put in order: functions in LLVM's language.

    void in_order(ptr words, ptr room, i64 n, ptr found)
    void by_digits(ptr words, ptr room, i64 n, i64 low, i64 digits, ptr found)

Very few words are moved past their neighbours, and of a few all are compared with all. More are sorted by their
highest digits, as many as are needed for nearly all to differ, and then moved past their neighbours; where that takes
long, by all digits. `room` is for as many words; in `found` there stands where they lie in the end, there or here.
"""

from __future__ import annotations

from chalkgrad.native.products.words import Words

DIGIT = 8
_VALUES = 1 << DIGIT
# Of so many digits the values are counted at a time.
_TOGETHER = 4
# From so many to so many words, all are compared with all, so many at a time.
_FEWEST, _FEW, _LANES = 12, 100, 8
# How many digits are sorted by for rows longer than so many: the shortest are moved past their neighbours at once.
_DIGITS = ((_FEW, 2), (1000, 3), (100_000, 4))
# As many moves a word are made until all digits are looked at.
MOVES = 20
TOP = -(1 << 63)


def sorting() -> list[str]:
    """The functions, and what they call."""
    return [
        "declare i64 @llvm.umax.i64(i64, i64)",
        "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
        f"declare i64 @llvm.vector.reduce.add.v{_LANES}i64(<{_LANES} x i64>)",
        _by_digits(),
        _few(),
        _in_order(),
    ]


def _few() -> str:
    """A few words in their order: each goes where there are as many less ones before it."""
    f = Words("few", [("ptr", "words"), ("i64", "n")], "nounwind")
    kind = f"<{_LANES} x i64>"
    copy = f.variable(f"[{_FEW + _LANES} x i64]")
    with f.loop("%n") as i:
        word = f.at("i64", "%words", i)
        flipped = f.value(f"xor i64 {f.load('i64', word)}, {TOP}")  # in the order of numbers with a sign
        f.store("i64", flipped, f.at("i64", copy, i))
        f.store("i64", "0", word)
    with f.loop(f.add("%n", str(_LANES)), start="%n") as i:
        f.store("i64", str(~TOP), f.at("i64", copy, i))  # less than nothing
    with f.loop("%n") as i:
        word, less = f.load("i64", f.at("i64", copy, i)), f.variable(kind)
        f.store(kind, "zeroinitializer", less)
        one = f.value(f"insertelement {kind} poison, i64 {word}, i64 0")
        every = f.value(f"shufflevector {kind} {one}, {kind} poison, <{_LANES} x i32> zeroinitializer")
        with f.loop("%n", step=str(_LANES)) as j:
            others = f.load(kind, f.at("i64", copy, j), 8)
            below = f.value(f"sext <{_LANES} x i1> {f.value(f'icmp slt {kind} {others}, {every}')} to {kind}")
            f.store(kind, f.value(f"sub {kind} {f.load(kind, less)}, {below}"), less)
        place = f.value(f"call i64 @llvm.vector.reduce.add.v{_LANES}i64({kind} {f.load(kind, less)})")
        f.store("i64", f.value(f"xor i64 {word}, {TOP}"), f.at("i64", "%words", place))
    # of those that are alike only the first place was filled
    last = f.variable("i64", "0")
    with f.loop("%n") as i:
        word = f.at("i64", "%words", i)
        most = f.value(f"call i64 @llvm.umax.i64(i64 {f.load('i64', last)}, i64 {f.load('i64', word)})")
        f.store("i64", most, word)
        f.store("i64", most, last)
    return f.text()


def _in_order() -> str:
    """Words in their order, and where they then lie: where they lay, or in the room beside."""
    f = Words("in_order", [("ptr", "words"), ("ptr", "room"), ("i64", "n"), ("ptr", "found")], "nounwind")
    f.store("ptr", "%words", "%found")
    few = f.value(f"icmp ult i64 {f.sub('%n', str(_FEWEST))}, {_FEW + 1 - _FEWEST}")
    with f.when(few):
        f.line("call void @few(ptr %words, i64 %n)")
    with f.when(f.value(f"xor i1 {few}, true")):
        _many(f)
    return f.text()


def _many(f: Words) -> None:
    digits = "0"
    for longer, count in _DIGITS:
        digits = f.value(f"select i1 {f.value(f'icmp sgt i64 %n, {longer}')}, i64 {count}, i64 {digits}")
    low = f.sub("64", f.mul(digits, str(DIGIT)))
    with f.when(f.value(f"icmp ne i64 {digits}, 0")):
        f.line(f"call void @by_digits(ptr %words, ptr %room, i64 %n, i64 {low}, i64 {digits}, ptr %found)")
    words, moves, most = f.load("ptr", "%found"), f.variable("i64", "0"), f.mul("%n", str(MOVES))
    with f.loop("%n", start="1") as i:
        word, at = f.load("i64", f.at("i64", words, i)), f.variable("i64")
        f.store("i64", i, at)
        with f.when(f.value(f"icmp sle i64 {f.load('i64', moves)}, {most}")), f.repeat() as leave:
            here = f.load("i64", at)
            leave(f.value(f"icmp eq i64 {here}, 0"))
            other = f.load("i64", f.at("i64", words, f.sub(here, "1")))
            leave(f.value(f"icmp ule i64 {other}, {word}"))
            f.store("i64", other, f.at("i64", words, here))
            f.store("i64", f.sub(here, "1"), at)
        last = f.load("i64", at)
        f.store("i64", word, f.at("i64", words, last))
        f.store("i64", f.add(f.load("i64", moves), f.sub(i, last)), moves)
    with f.when(f.value(f"icmp sgt i64 {f.load('i64', moves)}, {most}")):
        other = f.value(f"select i1 {f.value(f'icmp eq ptr {words}, %words')}, ptr %room, ptr %words")
        f.line(f"call void @by_digits(ptr {words}, ptr {other}, i64 %n, i64 0, i64 {64 // DIGIT}, ptr %found)")


def _by_digits() -> str:
    """Words in the order of so many digits from the bit `low` on; those that are alike there stay in theirs."""
    arguments = [("ptr", "words"), ("ptr", "room"), ("i64", "n"), ("i64", "low"), ("i64", "digits"), ("ptr", "found")]
    f = Words("by_digits", arguments, "nounwind")
    counts = f.variable(f"[{_VALUES * (64 // DIGIT + _TOGETHER - 1)} x i64]")
    size = f.mul(f.add("%digits", str(_TOGETHER - 1)), str(_VALUES * 8))
    f.line(f"call void @llvm.memset.p0.i64(ptr {counts}, i8 0, i64 {size}, i1 false)")

    def slot(word: str, bit: str, table: str) -> str:
        digit = f.value(f"and i64 {f.value(f'lshr i64 {word}, {bit}')}, {_VALUES - 1}")
        return f.at("i64", table, digit)

    def table_of(digit: str) -> tuple[str, str]:
        return f.add("%low", f.mul(digit, str(DIGIT))), f.at("i64", counts, f.mul(digit, str(_VALUES)))

    with f.loop("%digits", step=str(_TOGETHER)) as first:
        tables = [table_of(f.add(first, str(k))) for k in range(_TOGETHER)]
        tables = [(f.least(bit, "63"), table) for bit, table in tables]  # there are tables for more than are asked for
        with f.loop("%n") as i:
            word = f.load("i64", f.at("i64", "%words", i))
            for bit, table in tables:
                place = slot(word, bit, table)
                f.store("i64", f.add(f.load("i64", place), "1"), place)
    source, target = f.variable("ptr", "%words"), f.variable("ptr", "%room")
    with f.loop("%digits") as digit:
        bit, table = table_of(digit)
        total, alike = f.variable("i64"), f.variable("i1")
        f.store("i64", "0", total)
        f.store("i1", "false", alike)
        with f.loop(str(_VALUES)) as k:
            place, before = f.at("i64", table, k), f.load("i64", total)
            count = f.load("i64", place)
            f.store("i64", before, place)
            f.store("i64", f.add(before, count), total)
            all_of_them = f.value(f"icmp eq i64 {count}, %n")
            f.store("i1", f.value(f"or i1 {f.load('i1', alike)}, {all_of_them}"), alike)
        with f.when(f.value(f"xor i1 {f.load('i1', alike)}, true")):
            here, there = f.load("ptr", source), f.load("ptr", target)
            with f.loop("%n") as i:
                word = f.load("i64", f.at("i64", here, i))
                place = slot(word, bit, table)
                to = f.load("i64", place)
                f.store("i64", word, f.at("i64", there, to))
                f.store("i64", f.add(to, "1"), place)
            f.store("ptr", there, source)
            f.store("ptr", here, target)
    f.store("ptr", f.load("ptr", source), "%found")
    return f.text()


__all__ = ["DIGIT", "MOVES", "TOP", "sorting"]
