"""Exact sums as the runtime's calculate tool does them: fractions inside, a decimal or 12 digits outside."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from math import ceil, floor

_OPERATORS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda left, right: Fraction(left // right),
    ast.Mod: operator.mod,
}
_PERCENT_OF = re.compile(r"(\d+(?:\.\d+)?)\s*% of\b")
_SHOWN_DIGITS = 12


def calculate(expression: str) -> str:
    """The value as it is shown. Raises ValueError for what is not arithmetic, ZeroDivisionError for a division by 0."""
    tree = ast.parse(_PERCENT_OF.sub(r"(\1/100)*", expression.strip()), mode="eval")
    return shown(_value(tree.body))


def shown(value: Fraction) -> str:
    """An integer, a finite decimal, or 12 digits and the exact fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    with localcontext(prec=40 if rest == 1 else _SHOWN_DIGITS):
        decimal = Decimal(value.numerator) / Decimal(value.denominator)
    return f"{decimal:f}" if rest == 1 else f"{decimal:f} (exactly {value.numerator}/{value.denominator})"


def _value(node: ast.AST) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as number):
            return Fraction(str(number))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=args) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(each) for each in args))
    raise ValueError("not arithmetic")


def _rounded(value: Fraction, digits: Fraction = Fraction(0)) -> Fraction:
    scale = Fraction(10) ** int(digits)
    whole = floor(abs(value) * scale + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole) / scale


_FUNCTIONS: dict[str, Callable[..., Fraction]] = {
    "sum": lambda *values: sum(values, Fraction(0)),
    "mean": lambda *values: sum(values, Fraction(0)) / len(values),
    "round": _rounded,
    "max": max,
    "min": min,
    "floor": lambda value: Fraction(floor(value)),
    "ceil": lambda value: Fraction(ceil(value)),
}
