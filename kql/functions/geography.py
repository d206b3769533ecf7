"""Places on the Earth, in degrees; the Earth is a sphere of 6,371,010 m (pages: geo_distance_2points, geo_point_in_circle)."""

from __future__ import annotations

from kql.functions.registry import scalar

_VALID = "abs({0}longitude) <= 180 AND abs({0}latitude) <= 90"
_HAVERSINE = "pow(sin(radians(${b}latitude - ${a}latitude) / 2), 2) + cos(radians(${a}latitude)) * cos(radians(${b}latitude)) * pow(sin(radians(${b}longitude - ${a}longitude) / 2), 2)"


def _distance(a: str, b: str) -> str:
    """Metres along the great circle; null for a place that is none."""
    valid = " AND ".join(_VALID.format(f"${each}") for each in (a, b))
    return f"CASE WHEN {valid} THEN 2 * 6371010e0 * asin(sqrt(least(1e0, {_HAVERSINE.format(a=a, b=b)}))) END"


def _sphere(constants: list[object]) -> str:
    return "distances on a spheroid are not supported" if constants[4] else ""


_POINTS = "p1_longitude: real, p1_latitude: real, p2_longitude: real, p2_latitude: real"
_HELP = "Metres between two places along the surface; null if one is none."
scalar(f"geo_distance_2points({_POINTS}) -> real", _distance("p1_", "p2_"), "toint(geo_distance_2points(0.0, 0.0, 0.0, 90.0)) -> int(10007559)", _HELP, nulls="some")
scalar(f"geo_distance_2points({_POINTS}, use_spheroid: const bool) -> real", _distance("p1_", "p2_"), "geo_distance_2points(1.0, 2.0, 1.0, 2.0, false) -> 0.0", _HELP, nulls="some", check=_sphere)
_CIRCLE = f"CASE WHEN $c_radius >= 0 THEN {_distance('p_', 'pc_')} <= $c_radius END"
scalar("geo_point_in_circle(p_longitude: real, p_latitude: real, pc_longitude: real, pc_latitude: real, c_radius: real) -> bool", _CIRCLE, "geo_point_in_circle(0.0, 1.0, 0.0, 0.0, 111200.0) -> true", "Whether a place is within so many metres of another; null if one is none.", nulls="some")
