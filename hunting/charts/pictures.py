"""A chart as a picture, without browser and without network: by vl-convert."""

from __future__ import annotations

from typing import Literal

from hunting.charts.vega import vega_lite
from hunting.errors import HuntingError
from hunting.result import Result


def picture(result: Result, kind: Literal["svg", "png"] = "svg", scale: float = 2) -> bytes:
    """The chart that a result's `render` asks for.

    Args:
        scale: pixels of a PNG for one of the chart's.

    Raises:
        HuntingError: the extra `report` is not installed; or as `chart_of`.
    """
    spec = vega_lite(result)
    try:
        import vl_convert
    except ImportError:
        raise HuntingError(
            "Pictures need the package 'vl-convert-python'.", hint="Install the extra: pip install 'hunting[report]'."
        ) from None
    # No base URL may be read: a spec of ours names none, and none in the data is followed.
    if kind == "png":
        return bytes(vl_convert.vegalite_to_png(spec, scale=scale, allowed_base_urls=[]))
    return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])).encode()
