"""Functions of the product that need its cloud, answered offline and honestly.

They are called like the query's own functions: `invoke FileProfile(SHA1, 1000)`, `AssignedIPAddresses("host")`. What is known
locally is answered from the store's tables; what only the cloud knows is null, unless the user supplies a table:

* FileProfile: a table registered as `FileProfile`, with any of its columns and SHA1, SHA256 or MD5 to match by;
* _GetWatchlist('x'): a table registered as `Watchlist_x`, for example from a CSV file.

To add one: a KQL text in LIBRARY, or, where an argument is more than a value, a function in FORMS.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from kql.algebra import Item, Join, JoinColumn, Literal, Project, Relation, passing, ref
from kql.errors import KqlError, KqlSemanticError, KqlUnsupportedError
from kql.overloads import convert, invoke
from kql.scope import Scope, empty, unique_name
from kql.syntax.base import tree
from kql.syntax.expressions import NameRef
from kql.syntax.statements import Statement, UserFunction
from kql.types import Column, ScalarType

# Pages of the advanced hunting reference: SeenBy(), AssignedIPAddresses(), DeviceFromIP().
LIBRARY: dict[str, str] = {
    "SeenBy": "(T: (*)) { T | extend SeenBy = dynamic(null) }",
    "AssignedIPAddresses": """(device: string, moment: datetime = datetime(null)) {
        DeviceNetworkInfo
        | where (DeviceId == device or DeviceName =~ device) and Timestamp <= coalesce(moment, now())
        | mv-expand Address = parse_json(IPAddresses)
        | extend IPAddress = tostring(Address.IPAddress)
        | where isnotempty(IPAddress)
        | summarize arg_max(Timestamp, NetworkAdapterType, ConnectedNetworks) by IPAddress
        | extend IPType = iff(IPAddress has ":", "IPv6", "IPv4")
        | project Timestamp, IPAddress, IPType, NetworkAdapterType, ConnectedNetworks
        }""",
    "DeviceFromIP": """(address: string, moment: datetime = datetime(null)) {
        DeviceNetworkInfo
        | where Timestamp <= coalesce(moment, now())
        | summarize arg_max(Timestamp, IPAddresses) by DeviceId
        | mv-expand Address = parse_json(IPAddresses)
        | extend IP = tostring(Address.IPAddress)
        | where IP == address
        | distinct IP, DeviceId
        }""",
}

# Page: FileProfile().
_PROFILE: tuple[tuple[str, ScalarType], ...] = (
    ("SHA1", ScalarType.STRING),
    ("SHA256", ScalarType.STRING),
    ("MD5", ScalarType.STRING),
    ("FileSize", ScalarType.INT),
    ("GlobalPrevalence", ScalarType.INT),
    ("GlobalFirstSeen", ScalarType.DATETIME),
    ("GlobalLastSeen", ScalarType.DATETIME),
    ("Signer", ScalarType.STRING),
    ("Issuer", ScalarType.STRING),
    ("SignerHash", ScalarType.STRING),
    ("IsCertificateValid", ScalarType.BOOL),
    ("IsRootSignerMicrosoft", ScalarType.BOOL),
    ("SignatureState", ScalarType.STRING),
    ("IsExecutable", ScalarType.BOOL),
    ("ThreatName", ScalarType.STRING),
    ("Publisher", ScalarType.STRING),
    ("SoftwareName", ScalarType.STRING),
    ("ProfileAvailability", ScalarType.STRING),
)


@cache
def _statement(name: str) -> Statement:
    statement: Statement = tree(f"let {name} = {LIBRARY[name]}; print 1").body.statements[0]
    return statement


def is_table(name: str) -> bool:
    """Whether the product has a tabular function of that name."""
    return name in LIBRARY or name in FORMS


def called(node: Any, source: Relation | None, scope: Scope) -> Relation:
    """The relation of a call of one of these functions; those written in KQL see the stored tables, not the query's names.

    Raises:
        KqlError: with the call's place.
    """
    name = str(node.name)
    if name in FORMS:
        return FORMS[name](node, source, scope)
    function: UserFunction = _statement(name).apply(Scope(scope.context)).names[name]
    try:
        return function.tabular(node.items, scope, node.span, source)
    except KqlError as error:
        error.span = node.span
        raise


# ---------------------------------------------------------------- forms


def _file_profile(node: Any, source: Relation | None, scope: Scope) -> Relation:
    """The input with the profile's columns; those that the input has already get a number."""
    if source is None:
        raise KqlSemanticError("FileProfile needs rows.", node.span, "Write: ... | invoke FileProfile(SHA1, 1000).")
    inner = scope.with_row(source.schema, "invoke")
    given = node.items[0] if node.items else None
    name = str(given.name) if isinstance(given, NameRef) else "SHA1"
    key = inner.column(name)
    if key is None:
        raise KqlSemanticError(
            f"FileProfile: the input has no column '{name}'.", node.span, "Name the column that holds the file's hash."
        )
    taken = [column.name for column in source.schema]
    names: dict[str, str] = {}
    for column, _ in _PROFILE:
        names[column] = unique_name(column, [*taken, *names.values()])
    profile = scope.context.catalog.schema("FileProfile")
    if profile is None:
        return Project(source, (*passing(source.schema), *(Item(names[c], empty(kind)) for c, kind in _PROFILE)), span=node.span)
    match = next((hash_ for hash_ in ("SHA256", "MD5") if name.endswith(hash_)), "SHA1")
    table = scope.stored("FileProfile", node.span)
    mine = {column.name: column for column in table.schema}
    if match not in mine:
        raise KqlSemanticError(
            f"The table FileProfile has no column '{match}'.", node.span, f"Give it one, it is matched with '{name}'."
        )
    values = [Item(c, convert(ref(mine[c]), kind) if c in mine else empty(kind)) for c, kind in _PROFILE]
    found = Project(table, (*values, Item("__key", invoke("tolower", convert(ref(mine[match]), ScalarType.STRING)))))
    right = [
        JoinColumn("right", c.name, Column(names[c.name], c.type, c.type is not ScalarType.STRING), True)
        for c in found.schema[:-1]
    ]
    on = ((invoke("tolower", key), ref(found.schema[-1])),)
    return Join(source, found, "leftouter", on, (*(JoinColumn("left", c.name, c) for c in source.schema), *right), span=node.span)


def _watchlist(node: Any, _: Relation | None, scope: Scope) -> Relation:
    value = node.items[0].bind(scope.without_row()) if len(node.items) == 1 else None
    if not isinstance(value, Literal) or value.type is not ScalarType.STRING:
        raise KqlSemanticError("_GetWatchlist expects the list's alias as a constant text.", node.span)
    name = f"Watchlist_{value.value}"
    if scope.context.catalog.schema(name) is None:
        cure = f"Register its rows as the table {name}, for example from a CSV file."
        raise KqlUnsupportedError(f"There is no watchlist '{value.value}' here.", node.span, cure)
    return scope.stored(name, node.span)


Form = Callable[[Any, Relation | None, Scope], Relation]
FORMS: dict[str, Form] = {"FileProfile": _file_profile, "_GetWatchlist": _watchlist}
