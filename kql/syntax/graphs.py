"""Graph operators (pages: make-graph, graph-match ...): parsed, and each refused by its name."""

from __future__ import annotations

from kql.syntax.base import refuse

for _rule, _construct in {
    "make_graph": "make-graph",
    "graph_match": "graph-match",
    "graph_shortest_paths": "graph-shortest-paths",
    "graph_to_table": "graph-to-table",
    "graph_mark_components": "graph-mark-components",
    "graph_where_nodes": "graph-where-nodes",
    "graph_where_edges": "graph-where-edges",
}.items():
    refuse(_rule, _construct)

for _part in ("any_edge", "edge", "hops", "node", "nodes", "output", "partition", "pattern", "patterns"):
    refuse(f"graph_{_part}", "A graph pattern")
