"""Plugins that look addresses up in a table of networks (pages: ipv4_lookup, ipv6_lookup).

A network of p bits holds an address if the first p bits are equal. The lengths p that the table uses are few: each address
is cut to each of them, and the match is an ordinary join. Addresses that are networks themselves are compared one by one.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from kql.algebra import (
    Aggregate,
    Call,
    Filter,
    Item,
    Join,
    JoinColumn,
    Literal,
    Not,
    Project,
    Relation,
    ScalarQuery,
    Union,
    Unnest,
    Value,
    Window,
    passing,
    ref,
)
from kql.functions import AGGREGATES, OPERATORS, WINDOWS
from kql.functions.elements import IP6_BITS
from kql.overloads import convert, invoke
from kql.scope import unique_name
from kql.syntax.literals import Constant
from kql.syntax.plugin import Plugin
from kql.types import Column, ScalarType, Schema


class Family(Struct, frozen=True):
    """IPv4 or IPv6: functions of the language, and the length of a prefix."""

    mask: str
    match: str
    bits: Callable[[Value], Value]


_V4 = Family("parse_ipv4_mask", "ipv4_is_match", lambda ip: invoke("ipv4_netmask_suffix", ip))
_V6 = Family("parse_ipv6_mask", "ipv6_is_match", lambda ip: Call(IP6_BITS, (ip,), ScalarType.LONG, nullable=False))


def ipv4_lookup(plugin: Plugin) -> Relation:
    """Rows with the networks that hold their address."""
    return _lookup(plugin, _V4)


def ipv6_lookup(plugin: Plugin) -> Relation:
    """Rows with the networks, of either version, that hold their address."""
    return _lookup(plugin, _V6)


def _lookup(plugin: Plugin, family: Family) -> Relation:
    if len(plugin.places) < 3:
        raise plugin.expects("a table, a column with addresses, and the table's column with networks")
    share = plugin.scope.context.share
    table = plugin.places[0].bind_tabular(plugin.scope.without_row())
    address = convert(plugin.places[1].bind(plugin.row), ScalarType.STRING)
    network = convert(plugin.places[2].bind(plugin.scope.with_row(table.schema, "evaluate")), ScalarType.STRING)
    unmatched = _unmatched(plugin)
    extra = tuple(plugin.column(at).name for at in range(3, len(plugin.places)))
    number = Item("$row", Window(invoke("row_number", registry=WINDOWS)))
    rows = share("rows", Project(plugin.source, (*passing(plugin.source.schema), number, Item("$ip", address))), True)
    networks = share("networks", _networks(table, network, family))
    kept = tuple(column for column in table.schema if column.name not in extra)
    found = _found(rows, networks, kept, extra, family)
    return _joined(plugin, rows, found, kept, unmatched)


def _unmatched(plugin: Plugin) -> bool:
    """Whether rows without a network are kept: an argument by name, or a constant in the last place."""
    if "return_unmatched" not in plugin.named and isinstance(plugin.places[-1], Constant):
        plugin.named["return_unmatched"] = plugin.places.pop()
    return bool(plugin.constant(len(plugin.places), "return_unmatched", False))


def _networks(table: Relation, network: Value, family: Family) -> Relation:
    bits = Item("$bits", family.bits(network))
    cut = Item("$net", invoke(family.mask, network, bits.value))
    return _valid(Project(table, (*passing(table.schema), Item("$network", network), bits, cut)))


def _valid(relation: Relation) -> Relation:
    """Without what is no address."""
    net = next(column for column in relation.schema if column.name == "$net")
    return Filter(relation, invoke("isnotempty", ref(net)))


def _found(rows: Relation, networks: Relation, kept: Schema, extra: tuple[str, ...], family: Family) -> Relation:
    """The row's number, and the columns of a network that holds its address."""
    columns = {column.name: column for column in (*networks.schema, *rows.schema)}
    is_network = invoke("contains", ref(columns["$ip"]), Literal("/", ScalarType.STRING), registry=OPERATORS)
    wanted = (JoinColumn("left", "$row", columns["$row"]), *(JoinColumn("right", column.name, column) for column in kept))
    same = tuple((ref(_named(rows, name)), ref(_named(networks, name))) for name in extra)
    cut = _cut(Filter(rows, Not(is_network)), networks, extra, family)
    on = tuple((ref(_named(cut, name)), ref(_named(networks, name))) for name in ("$bits", "$net"))
    matched = Join(cut, networks, "inner", (*on, *same), wanted)
    both = (JoinColumn("left", "$ip", columns["$ip"]), JoinColumn("right", "$network", columns["$network"]))
    pairs = Join(Filter(rows, is_network), networks, "inner", same, (*wanted, *both))
    held = Filter(pairs, invoke(family.match, ref(columns["$ip"]), ref(columns["$network"])))
    schema = tuple(column.column for column in wanted)
    return Union((Project(matched, passing(schema)), Project(held, passing(schema))), schema)


def _named(relation: Relation, name: str) -> Column:
    return next(column for column in relation.schema if column.name == name)


def _cut(rows: Relation, networks: Relation, extra: tuple[str, ...], family: Family) -> Relation:
    """The addresses cut to every length that the networks have."""
    known = invoke("make_set", ref(_named(networks, "$bits")), registry=AGGREGATES)
    lengths = ScalarQuery(Aggregate(networks, (), (Item("$lengths", known),)))
    handed = passing(tuple(_named(rows, name) for name in ("$row", "$ip", *extra)))
    bits = Column("$bits", ScalarType.DYNAMIC)
    every = Project(rows, (*handed, Item(bits.name, lengths)))
    opened = Unnest(every, (Item(bits.name, ref(bits)),), every.schema)
    length = convert(ref(bits), ScalarType.LONG)
    net = invoke(family.mask, ref(_named(rows, "$ip")), length)
    return _valid(Project(opened, (*handed, Item("$bits", length), Item("$net", net))))


def _joined(plugin: Plugin, rows: Relation, found: Relation, kept: Schema, unmatched: bool) -> Relation:
    """The rows of the input with the networks' columns; a name that is taken gets a number. IPv6 has the networks first."""
    own = [JoinColumn("left", column.name, column) for column in plugin.source.schema]
    added: list[JoinColumn] = []
    for column in kept:
        name = unique_name(column.name, [each.column.name for each in (*own, *added)])
        nullable = column.nullable or (unmatched and column.type is not ScalarType.STRING)
        added.append(JoinColumn("right", column.name, Column(name, column.type, nullable), padded=unmatched))
    columns = (*added, *own) if plugin.name == "ipv6_lookup" else (*own, *added)
    key = ref(_named(rows, "$row"))
    return Join(rows, found, "leftouter" if unmatched else "inner", ((key, key),), columns, span=plugin.span)
