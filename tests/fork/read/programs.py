"""Small pure functions from a seed, in the constructs that model code is written in."""

from __future__ import annotations

import random

_NAMES = ("a", "b", "c", "d")
_COMPARE = ("<", ">", "==", "!=", "<=", "in", "not in")
_KINDS = ("int", "str", "list", "(list, tuple)")
_CALLED = (
    "len", "str", "int", "list", "tuple", "sum", "max", "min", "sorted", "bool", "abs", "round",
    "float", "set",
)  # fmt: skip
_CHANGES = (
    "append({})", "extend({})", "insert(0, {})", "pop()", "remove({})", "sort()", "reverse()",
)  # fmt: skip
_FRAME = "{}\ndef f(a, b, c):\n    d, log = [], []\n{}\n    return [a, b, c, d, log]\n"
_ERRORS = ("TypeError", "(ValueError, TypeError)", "Exception", "IndexError", "KeyError")
_METHODS = ("upper()", "split()", "keys()", "copy()", "count(1)", "index(1)", "strip()")


class Programs:
    """One program; every choice comes from the seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.loops = 0

    def text(self) -> str:
        """Return a file with a function f(a, b, c)."""
        # Most statements of a random program fail: each is followed by the next all the same.
        body = "\n".join(
            f"    try:\n{self.statement(2, 2)}\n    except Exception as e:\n"
            f"        log.append((type(e).__name__, {number}))"
            for number in range(self.chance.randint(3, 9))
        )
        helper = self.chance.choice(_HELPERS)
        return _FRAME.format(helper, body)

    def block(self, depth: int, indent: int) -> str:
        count = self.chance.randint(1, 4)
        return "\n".join(self.statement(depth, indent) for _ in range(count))

    def statement(self, depth: int, indent: int) -> str:
        pad = "    " * indent
        kind = self.chance.randrange(17 if depth else 9)
        name = self.chance.choice(_NAMES)
        if kind < 3:
            return f"{pad}{name} = {self.value(2)}"
        if kind == 3:
            return f"{pad}{name} {self.chance.choice(['+=', '-=', '//='])} {self.value(1)}"
        if kind == 4:
            return f"{pad}{name}, *{self.chance.choice(_NAMES)} = {self.value(1)}"
        if kind == 5:
            method = self.chance.choice(_CHANGES)
            return f"{pad}{name}.{method.format(self.value(1))}"
        if kind == 6:
            return f"{pad}{name}[{self.value(0)}] = {self.value(1)}"
        if kind == 7:
            return f"{pad}{name} = helper({self.value(1)}, {self.value(0)})"
        if kind == 8:
            return f"{pad}{name} = [*{self.value(1)}, {self.value(0)}]"
        inner = self.block(depth - 1, indent + 1)
        if kind < 11:
            other = self.block(depth - 1, indent + 1)
            return f"{pad}if {self.test()}:\n{inner}\n{pad}else:\n{other}"
        if kind < 13:
            end = self.chance.choice(["pass", "break", "continue"])
            # A copy: a list that grows while it is walked would keep Python itself busy for ever.
            copied = f"list({name})[:9]"
            pairs = self.chance.random() < 0.5
            loose = ["range(4)", copied]
            source = self.chance.choice(
                [f"enumerate({copied})", f"zip({copied}, b)"] if pairs else loose
            )
            target = "x, y" if pairs else "x"
            return (
                f"{pad}for {target} in {source}:\n{inner}\n{pad}    if {self.test()}:\n"
                f"{pad}        {end}\n{pad}else:\n{pad}    d.append('done')"
            )
        if kind < 15:
            error = self.chance.choice(
                ["TypeError", "(ValueError, TypeError)", "Exception", "IndexError", "KeyError"]
            )
            return (
                f"{pad}try:\n{inner}\n{pad}except {error} as e:\n{pad}    d.append('caught')\n"
                f"{pad}finally:\n{pad}    d.append(1)"
            )
        if kind == 15:
            self.loops += 1
            return (
                f"{pad}n{self.loops} = 0\n{pad}while n{self.loops} < 3 and ({self.test()}):\n"
                f"{pad}    n{self.loops} += 1\n{inner}"
            )
        return f"{pad}assert {self.test()}, 'no'"

    def test(self) -> str:
        return self.chance.choice(
            [
                f"{self.value(1)} {self.chance.choice(_COMPARE)} {self.value(1)}",
                f"isinstance({self.value(1)}, {self.chance.choice(_KINDS)})",
                f"not {self.value(1)}",
                f"{self.value(1)} and {self.value(1)}",
                f"{self.value(0)} is None",
                f"{self.value(1)} or {self.value(0)}",
            ]
        )

    def value(self, depth: int) -> str:
        choice = self.chance.choice
        if not depth:
            return choice(
                [
                    *_NAMES,
                    *_NAMES,
                    "0",
                    "1",
                    "2",
                    "-1",
                    "0.5",
                    "'ab'",
                    "None",
                    "True",
                    "[1, 2]",
                    "''",
                ]
            )
        left, right = self.value(depth - 1), self.value(depth - 1)
        return choice(
            [
                f"({left} {choice(['+', '-', '/', '//', '%', '&', '|', '* 2 +'])} {right})",
                f"{left}[{choice(['0', '-1', '1:', ':-1', '::2', right])}]",
                f"{choice(_CALLED)}({left})",
                f"({left} if {right} else {self.value(0)})",
                f"[{left} for x in {right}]",
                f"[x * 2 for x in {right} if x]",
                f"sum(x for x in {right})",
                f"{{1: {left}, 'k': {right}}}",
                f"dict(k={left}).get('k', {right})",
                f"{left}.{choice(_METHODS)}",
                f"f'{{{left}}}-{{{right}!r:>4}}'",
                f"'%s %s' % ({left}, {right})",
                f"{{{left}, {right}}}",
                f"({left}, {right})",
                f"helper({left}, k={right})",
                f"(lambda x, y=2: x)({left})",
                f"max({left}, {right})",
                f"list(map(lambda x: x, {left}))",
                f"any(x == {right} for x in {left})",
                f"Box({left}).get({right})",
                f"eval('{choice(_NAMES)} + 1')",
                f"'-'.join({left})",
                f"list(zip({left}, {right}))",
                f"[*{left}, *{right}]",
                f"({left} < {right} < {self.value(0)})",
                f"-{left}",
            ]
        )


_HELPERS = (
    """
def helper(x, k=1, *rest, **more):
    if k == 2:
        return [x]
    return x if k else k

class Base:
    scale = 2
    def __init__(self, v):
        self.v = v
    def get(self, w=0):
        return [self.v, w, self.scale]

class Box(Base):
    def __init__(self, v):
        super().__init__(v)
        self.scale = 3
    def get(self, w=0):
        return super().get(w) + [self.twice]
    @property
    def twice(self):
        return self.v * 2
""",
    """
def helper(x, k=1):
    try:
        return x + k
    except TypeError:
        return [x, k]

class Box:
    def __init__(self, v, **kw):
        self.__dict__.update(kw) if kw else None
        self.v = v
    @staticmethod
    def pair(x):
        return (x, x)
    @classmethod
    def make(cls, v):
        return cls(v)
    def get(self, w):
        return self.make(self.pair(w)).v
""",
)
