"""Conversions between units (pages: convert_angle, convert_energy, convert_force, convert_length, convert_mass ...).

Only units with an exact or a defined size are known; another one is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from kql.functions.registry import scalar

Sizes = dict[str, float]

_PREFIXES = {"Nano": 1e-9, "Micro": 1e-6, "Milli": 1e-3, "Centi": 1e-2, "Deci": 1e-1, "": 1.0, "Deca": 1e1, "Hecto": 1e2, "Kilo": 1e3, "Mega": 1e6, "Giga": 1e9, "Tera": 1e12}


def _prefixed(unit: str, size: float = 1.0, power: int = 1, name: str = "{}") -> Sizes:
    """A unit and its decimal multiples: Meter, Kilometer ...; `name` wraps the result, as in Cubic{}."""
    return {name.format((prefix + unit.lower()) if prefix else unit): factor**power * size for prefix, factor in _PREFIXES.items()}


_FOOT, _POUND, _GRAVITY = 0.3048, 0.45359237, 9.80665
_FEET: Sizes = {"Inch": _FOOT / 12, "Foot": _FOOT, "Yard": 3 * _FOOT, "Mile": 5280 * _FOOT}
_SECONDS = {"Second": 1, "Minute": 60, "Hour": 3600}
_LENGTHS: Sizes = _prefixed("Meter") | _FEET | {
    "Angstrom": 1e-10, "AstronomicalUnit": 149_597_870_700.0, "Chain": 66 * _FOOT, "Fathom": 6 * _FOOT, "Hand": _FOOT / 3, "Microinch": _FOOT / 12e6, "Mil": _FOOT / 12e3,
    "NauticalMile": 1852.0, "LightYear": 9_460_730_472_580_800.0, "Twip": _FOOT / 12 / 1440, "UsSurveyFoot": 1200 / 3937,
}
_TABLES: dict[str, tuple[Sizes, str, str, float]] = {
    "angle": (_prefixed("Radian") | _prefixed("Degree", math.pi / 180) | {"Arcminute": math.pi / 10800, "Arcsecond": math.pi / 648000, "Gradian": math.pi / 200, "Revolution": 2 * math.pi},
              "Degree", "Arcminute", 60.0),
    "energy": (_prefixed("Joule") | _prefixed("Calorie", 4.184) | {"WattHour": 3600.0, "KilowattHour": 3.6e6, "MegawattHour": 3.6e9, "GigawattHour": 3.6e12, "BritishThermalUnit": 1055.05585262,
               "Erg": 1e-7, "FootPound": _FOOT * _POUND * _GRAVITY}, "Kilojoule", "Joule", 1000.0),
    "force": (_prefixed("Newton") | {"Dyn": 1e-5, "KilogramForce": _GRAVITY, "KiloPond": _GRAVITY, "TonneForce": 1000 * _GRAVITY, "PoundForce": _POUND * _GRAVITY, "OunceForce": _POUND * _GRAVITY / 16,
              "Poundal": _POUND * _FOOT}, "Decanewton", "Newton", 10.0),
    "length": (_LENGTHS, "Kilometer", "Meter", 1000.0),
    "mass": (_prefixed("Gram", 1e-3) | {"Tonne": 1e3, "Kilotonne": 1e6, "Megatonne": 1e9, "Pound": _POUND, "Kilopound": 1e3 * _POUND, "Megapound": 1e6 * _POUND, "Ounce": _POUND / 16, "Grain": _POUND / 7000,
             "Stone": 14 * _POUND, "ShortHundredweight": 100 * _POUND, "LongHundredweight": 112 * _POUND, "ShortTon": 2000 * _POUND, "LongTon": 2240 * _POUND}, "Tonne", "Kilogram", 1000.0),
    "speed": ({f"{length}Per{time}": size / seconds for length, size in (_prefixed("Meter") | _FEET).items() for time, seconds in _SECONDS.items()} | {"Knot": 1852 / 3600}, "KilometerPerHour", "MeterPerHour", 1000.0),
    "volume": (_prefixed("Meter", power=3, name="Cubic{}") | _prefixed("Liter", 1e-3) | {f"Cubic{unit}": size**3 for unit, size in _FEET.items()}
               | {"AcreFoot": 1 / 0.000810714, "UsGallon": 0.003785411784, "ImperialGallon": 0.00454609, "OilBarrel": 0.158987294928}, "CubicMeter", "Liter", 1000.0),
}
_KELVIN = {  # size of a degree, and the temperature of its zero
    "Kelvin": (1.0, 0.0), "DegreeCelsius": (1.0, 273.15), "MillidegreeCelsius": (1e-3, 273.15), "DegreeFahrenheit": (5 / 9, 459.67 * 5 / 9), "DegreeRankine": (5 / 9, 0.0),
    "DegreeReaumur": (1.25, 273.15), "DegreeDelisle": (-2 / 3, 373.15), "DegreeNewton": (100 / 33, 273.15), "DegreeRoemer": (40 / 21, 273.15 - 7.5 * 40 / 21),
}


def _known(units: set[str]) -> Callable[[list[object]], str]:
    def check(constants: list[object]) -> str:
        unknown = [str(each) for each in constants[1:] if each not in units]
        return f"'{unknown[0]}' is not among the units {', '.join(sorted(units))}" if unknown else ""

    return check


def _scaled(sizes: Sizes) -> Callable[[list[object]], str]:
    return lambda constants: f"$value * {_real(sizes[str(constants[1])])} / {_real(sizes[str(constants[2])])}"


def _shifted(constants: list[object]) -> str:
    (size, zero), (to_size, to_zero) = (_KELVIN[str(each)] for each in constants[1:])
    return f"($value * {_real(size)} + {_real(zero)} - {_real(to_zero)}) / {_real(to_size)}"


def _real(number: float) -> str:
    """A double in SQL: with an exponent, or it would be a decimal."""
    text = repr(abs(number))
    return f"CAST({'-' if number < 0 else ''}{text if 'e' in text else text + 'e0'} AS DOUBLE)"


for _quantity, (_sizes, _from, _to, _result) in _TABLES.items():
    scalar(f"convert_{_quantity}(value: real, from: const string, to: const string) -> real", _scaled(_sizes), f"round(convert_{_quantity}(1, '{_from}', '{_to}'), 9) -> {_result}",
           "The value in another unit.", check=_known(set(_sizes)))
scalar("convert_temperature(value: real, from: const string, to: const string) -> real", _shifted, "round(convert_temperature(0, 'DegreeCelsius', 'DegreeFahrenheit'), 9) -> 32.0", "The value in another unit.", check=_known(set(_KELVIN)))
