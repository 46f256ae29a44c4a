"""calculate: arithmetic in exact fractions, over a parsed expression and never by evaluating code.

Decimal numbers are taken as written (0.1 is one tenth), so 0.1 + 0.2 is 0.3. Roots and fractional powers that
have no exact value are computed to 28 digits. Sizes are bounded, so that no expression takes long.
"""

import ast
import math
import re
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

from coterie.tools.errors import ToolError

_MAX_CHARS = 1_000
_MAX_BITS = 12_000
_MAX_FACTORIAL = 500
_MAX_EXPONENT = 1_000
_DIGITS = 28
_SHOWN_DIGITS = 12
_MAX_PLACES = 15
_MAX_SHOWN_EXACT = 30

_SYMBOLS = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "√": "sqrt"}
_PERCENT_OF = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|percent)\s*of\b", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|percent)(?=\s*(?:$|[)*+/,-]))", re.IGNORECASE)
_LEADING_ZEROS = re.compile(r"(?<![\w.])0+(?=\d)")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])")


def calculate(expression: str) -> str:
    """Calculate an arithmetic expression exactly.

    Knows + - * / // % ** ( ), percentages such as 20% of 45, and round(x, digits), floor, ceil, abs, min, max, sum,
    mean, sqrt. Use plain numbers without units or currency signs.

    Args:
        expression: for example (19.99 * 3 + 4.50) * 1.2 or round(100 / 7, 2)
    """
    if not expression.strip():
        raise ToolError("expression is empty; write something like 2 * (3 + 4)")
    if len(expression) > _MAX_CHARS:
        raise ToolError(f"the expression has {len(expression)} characters; the limit is {_MAX_CHARS}")
    text = _prepared(expression)
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ToolError(f"cannot read {expression!r}; write it like 3 * (4 + 5), without units or words") from None
    return shown(_value(tree.body, text))


def shown(value: Fraction) -> str:
    """The number as a person writes it: an integer, an exact decimal, or 12 digits and the exact fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    if exact := _exact_decimal(value):
        return exact
    rounded = _decimal(value, _SHOWN_DIGITS)
    fraction = f"{value.numerator}/{value.denominator}"
    return f"{rounded:f} (exactly {fraction})" if len(fraction) <= _MAX_SHOWN_EXACT else f"{rounded:f} (rounded)"


def _prepared(expression: str) -> str:
    text = expression.strip().rstrip("=").strip()
    for symbol, replacement in _SYMBOLS.items():
        text = text.replace(symbol, replacement)
    if not re.search(r"[a-z]\s*\(", text):  # in a function call a comma separates its numbers
        text = _GROUPED.sub(lambda match: match[0].replace(",", ""), text)
    text = _LEADING_ZEROS.sub("", text)
    text = _PERCENT_OF.sub(r"(\1/100)*", text)
    return _PERCENT.sub(r"(\1/100)", text)


def _value(node: ast.expr, text: str) -> Fraction:
    if isinstance(node, ast.Constant):
        return _number(node, text)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
        value = _value(node.operand, text)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        result = _OPERATORS[type(node.op)](_value(node.left, text), _value(node.right, text))
        return _bounded(result)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _bounded(_called(node.func.id, [value for each in node.args for value in _values(each, text)]))
    if isinstance(node, ast.Name) and node.id in ("pi", "e"):
        return Fraction(repr(getattr(math, node.id)))
    part = ast.get_source_segment(text, node) or text
    raise ToolError(f"{part!r} is not arithmetic; use numbers, + - * / // % ** and {', '.join(sorted(_FUNCTIONS))}")


def _values(node: ast.expr, text: str) -> list[Fraction]:
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(each, text) for each in node.elts]
    return [_value(node, text)]


def _number(node: ast.Constant, text: str) -> Fraction:
    written = ast.get_source_segment(text, node) or ""
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise ToolError(f"{written} is not a number")
    if isinstance(node.value, int):
        return _bounded(Fraction(node.value))
    if abs(int(written.lower().partition("e")[2] or 0)) > _MAX_EXPONENT:
        raise ToolError(f"{written} is too large or too small; exponents go to {_MAX_EXPONENT}")
    return _bounded(Fraction(written.replace("_", "")))


def _called(name: str, values: list[Fraction]) -> Fraction:
    if name not in _FUNCTIONS:
        raise ToolError(f"unknown function {name!r}; have {', '.join(sorted(_FUNCTIONS))}")
    least, most, function = _FUNCTIONS[name]
    if not least <= len(values) <= most:
        wanted = str(least) if least == most else f"{least} or more" if most > 2 else f"{least} or {most}"
        raise ToolError(f"{name} takes {wanted} numbers, not {len(values)}")
    return function(*values)


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MAX_BITS:
        raise ToolError("the result is too large; it would have more than 3,600 digits")
    return value


def _divided(a: Fraction, b: Fraction) -> Fraction:
    _check_divisor(a, b)
    return a / b


def _floor_divided(a: Fraction, b: Fraction) -> Fraction:
    _check_divisor(a, b)
    return Fraction(a // b)


def _remainder(a: Fraction, b: Fraction) -> Fraction:
    _check_divisor(a, b)
    return a % b


def _check_divisor(a: Fraction, b: Fraction) -> None:
    if b == 0:
        raise ToolError(f"{shown(a)} divided by 0 has no value")


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator == 1:
        return _whole_power(base, exponent.numerator)
    if base < 0:
        raise ToolError(f"{shown(base)} ** {shown(exponent)} is not a real number")
    if exponent == Fraction(1, 2):
        return _root(base)
    if base == 0:
        return _whole_power(base, 1 if exponent > 0 else -1)
    with localcontext(prec=_DIGITS):
        logarithm = _decimal(exponent) * _decimal(base).ln()
        if abs(logarithm) > 8_000:
            raise ToolError("the result is too large or too small")
        return Fraction(logarithm.exp())


def _whole_power(base: Fraction, exponent: int) -> Fraction:
    if base == 0 and exponent < 0:
        raise ToolError("0 to a negative power has no value")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if base not in (0, 1, -1) and bits * abs(exponent) > _MAX_BITS + bits:
        raise ToolError(f"the power {exponent} makes the result too large")
    return base**exponent if base not in (0, 1, -1) else base ** (exponent % 2 if base == -1 else min(abs(exponent), 1))


def _root(value: Fraction) -> Fraction:
    if value < 0:
        raise ToolError(f"the square root of {shown(value)} is not a real number")
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    with localcontext(prec=_DIGITS):
        return Fraction(_decimal(value).sqrt())


def _rounded(value: Fraction, digits: Fraction = Fraction(0)) -> Fraction:
    """Half away from zero, as on an invoice."""
    if digits.denominator != 1 or abs(digits) > 100:
        raise ToolError(f"round takes a whole number of digits up to 100, not {shown(digits)}")
    scale = Fraction(10) ** digits.numerator
    whole = math.floor(abs(value) * scale + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole) / scale


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or not 0 <= value <= _MAX_FACTORIAL:
        raise ToolError(f"factorial takes a whole number from 0 to {_MAX_FACTORIAL}, not {shown(value)}")
    return Fraction(math.factorial(value.numerator))


def _mean(*values: Fraction) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def _sum(*values: Fraction) -> Fraction:
    return sum(values, Fraction(0))


def _decimal(value: Fraction, digits: int = _DIGITS) -> Decimal:
    with localcontext(prec=digits):
        return Decimal(value.numerator) / Decimal(value.denominator)


def _exact_decimal(value: Fraction) -> str:
    """The finite decimal form, if there is one that is not too long to read."""
    rest, power = value.denominator, 0
    while rest % 10 == 0 or rest % 2 == 0 or rest % 5 == 0:
        rest //= 10 if rest % 10 == 0 else 2 if rest % 2 == 0 else 5
        power += 1
    if rest != 1 or power > _MAX_PLACES:
        return ""
    with localcontext(prec=4_000):
        return f"{Decimal(value.numerator) / Decimal(value.denominator):f}"


_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: _divided,
    ast.FloorDiv: _floor_divided,
    ast.Mod: _remainder,
    ast.Pow: _power,
}
_MANY = 1_000
_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Fraction]]] = {
    "abs": (1, 1, abs),
    "ceil": (1, 1, lambda value: Fraction(math.ceil(value))),
    "factorial": (1, 1, _factorial),
    "floor": (1, 1, lambda value: Fraction(math.floor(value))),
    "max": (1, _MANY, lambda *values: max(values)),
    "mean": (1, _MANY, _mean),
    "min": (1, _MANY, lambda *values: min(values)),
    "round": (1, 2, _rounded),
    "sqrt": (1, 1, _root),
    "sum": (1, _MANY, _sum),
}
