"""The macros of a motif file, expanded.

A macro's arguments stand for neurons. Names of connections in it are its own, so that it can be called twice; a name that is
neither an argument nor a connection of the macro is one of the file.
"""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token, Tree

from graphkit.query.english.source import Node, Source, as_token, as_tree

__all__ = ["Condition", "Link", "Same", "Statement", "expanded"]

_MOST_STATEMENTS = 2000
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Link:
    """``pre -> post [clauses] as name``; ``sign`` is the character after - or !."""

    pre: str
    post: str
    absent: bool
    sign: str
    clauses: tuple[Node, ...]
    name: str | None
    place: Node


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of something's attribute with a value or with another attribute."""

    of: str
    key: Token
    operator: Token
    other: tuple[str, Token] | Token
    place: Node


@dataclass(frozen=True, slots=True)
class Same:
    """``A === B``: what is said of one neuron is said of both."""

    first: str
    second: str
    place: Node


Statement = Link | Condition | Same


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names mean inside a macro: its arguments, and its connections."""

    arguments: dict[str, str]
    links: dict[str, str]
    macro: str | None = None


def expanded(source: Source, tree: Node) -> list[Statement]:
    """The statements of a file, in their order."""
    macros: dict[str, Node] = {}
    for macro in (as_tree(c) for c in tree.children if as_tree(c).data == "macro"):
        name = as_token(macro.children[0])
        if str(name) in macros:
            raise source.refusal(name, f"There are two macros {str(name)!r}.", "Give one of them another name.")
        macros[str(name)] = macro
    reading = _Reading(source, macros, [], {})
    for statement in (as_tree(c) for c in tree.children if as_tree(c).data != "macro"):
        reading.add(statement, _Scope({}, {}), ())
    return reading.statements


@dataclass(slots=True)
class _Reading:
    source: Source
    macros: dict[str, Node]
    statements: list[Statement]
    times: dict[str, int]
    """How often a name of a connection was used."""

    def add(self, tree: Node, scope: _Scope, callers: tuple[str, ...]) -> None:
        if len(self.statements) > _MOST_STATEMENTS:
            raise self.source.refusal(tree, f"The motif has more than {_MOST_STATEMENTS:,} statements when expanded.")
        match tree.data:
            case "edge":
                self.statements.append(self._link(tree, scope))
            case "condition":
                self.statements.append(self._condition(tree, scope))
            case "same":
                first, second = (self._neuron(as_token(c), scope) for c in tree.children)
                self.statements.append(Same(first, second, tree))
            case "call":
                self._call(tree, scope, callers)

    def _call(self, tree: Node, scope: _Scope, callers: tuple[str, ...]) -> None:
        name, *given = map(as_token, tree.children)
        macro = self.macros.get(str(name))
        if macro is None:
            raise self.source.refusal(name, f"There is no macro {str(name)!r} in this motif.")
        if str(name) in callers or len(callers) >= _DEEPEST:
            raise self.source.refusal(name, f"The macro {str(name)!r} ends in calling itself.")
        taken = [str(as_token(c)) for c in macro.children[1:-1]]
        if len(taken) != len(given):
            raise self.source.refusal(
                tree, f"The macro {str(name)!r} takes {len(taken)} neurons, and {len(given)} are given."
            )
        body = as_tree(macro.children[-1])
        neurons = [self._neuron(token, scope) for token in given]
        links = {}
        for edge in (as_tree(c) for c in body.children if as_tree(c).data == "edge"):
            alias = next((c for c in edge.children if isinstance(c, Tree) and c.data == "alias"), None)
            if alias is not None:
                own = str(as_token(alias.children[0]))
                self.times[own] = self.times.get(own, 0) + 1
                links[own] = own if self.times[own] == 1 else f"{own}_{self.times[own]}"
        inner = _Scope(dict(zip(taken, neurons, strict=True)), links, str(name))
        for statement in body.children:
            self.add(as_tree(statement), inner, (*callers, str(name)))

    def _neuron(self, token: Token, scope: _Scope) -> str:
        if scope.macro is None:
            return str(token)
        if str(token) not in scope.arguments:
            raise self.source.refusal(
                token,
                f"{str(token)!r} is not an argument of the macro {scope.macro!r}.",
                f"It has {', '.join(scope.arguments)}.",
            )
        return scope.arguments[str(token)]

    def _link(self, tree: Node, scope: _Scope) -> Link:
        pre, relation, post = (as_token(c) for c in tree.children[:3])
        clauses: tuple[Node, ...] = ()
        name = None
        for part in map(as_tree, tree.children[3:]):
            if part.data == "clauses":
                clauses = tuple(as_tree(c) for c in part.children)
            else:
                own = str(as_token(part.children[0]))
                name = scope.links.get(own, own)
                if scope.macro is None:
                    self.times[own] = self.times.get(own, 0) + 1
        return Link(
            self._neuron(pre, scope), self._neuron(post, scope), relation[0] != "-", relation[-1], clauses, name, tree
        )

    def _condition(self, tree: Node, scope: _Scope) -> Condition:
        left, operator, right = tree.children
        of, key = self._attribute(as_tree(left), scope)
        other = self._attribute(as_tree(right), scope) if isinstance(right, Tree) else as_token(right)
        return Condition(of, key, as_token(operator), other, tree)

    def _attribute(self, tree: Node, scope: _Scope) -> tuple[str, Token]:
        of, key = map(as_token, tree.children)
        name = str(of)
        if name in scope.links:
            return scope.links[name], key
        return scope.arguments.get(name, name), key
