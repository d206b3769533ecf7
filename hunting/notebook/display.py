"""How an answer shows itself in a notebook: the chart that `render` asks for, and the table under it, as two outputs.

As one output a frontend would choose: JupyterLab takes HTML before Vega-Lite, and the chart could not be pointed at.
"""

# mypy: allow-untyped-calls
from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from IPython.display import display

from hunting.charts import asks_for_chart, picture, vega_lite
from hunting.charts.vega import MIME
from hunting.errors import HuntingError
from hunting.result import Result
from hunting.webpage import cell_table

_UNDER_CHART = 10  # rows: the chart has told the rest


def show(result: Result) -> None:
    """Displays chart and table.

    Raises:
        NotImplementedError: there is no chart; IPython then shows the result as it shows everything.
    """
    if not asks_for_chart(result):
        raise NotImplementedError
    try:
        chart: dict[str, Any] = {MIME: vega_lite(result), "text/plain": "chart"}
    except HuntingError:  # the rows stand all the same
        raise NotImplementedError from None
    if find_spec("vl_convert") is not None:  # for frontends that draw no Vega-Lite of this version
        chart["image/svg+xml"] = picture(result).decode()
    display(chart, raw=True)
    display({"text/html": cell_table(result, _UNDER_CHART), "text/plain": repr(result)}, raw=True)
