"""YAML of bounded size: nothing that a few lines can say takes more time or memory than they do."""

import contextlib
from collections.abc import Callable
from typing import Any

import yaml

MOST_CHARACTERS = 1_000_000
"""Of a text, and of what it says with every alias written out."""
DEEPEST = 20
LONGEST_NUMBER = 400
"""Characters; the largest float has 309 digits."""


class BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which refuses what is too large or too deep before it is built."""

    def __init__(self, text: str):
        super().__init__(text)
        self.depth = self.size = 0
        self.sizes: dict[str, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node, counted with all that it holds, and as often as it is aliased."""
        event, before = self.peek_event(), self.size
        is_alias = isinstance(event, yaml.AliasEvent)
        if is_alias and event.anchor in self.anchors and event.anchor not in self.sizes:
            raise yaml.composer.ComposerError(None, None, "it holds itself", event.start_mark)
        self.depth += 1
        self.size += self.sizes.get(event.anchor, 0) if is_alias else 1
        # Encoded, because half a surrogate pair could not be written into a run's config.
        self.size += len(event.value.encode()) if isinstance(event, yaml.ScalarEvent) else 0
        if self.depth > DEEPEST or self.size > MOST_CHARACTERS:
            kind = "deep" if self.depth > DEEPEST else "large"
            raise yaml.composer.ComposerError(None, None, f"it is too {kind}", event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        if not is_alias and event.anchor:
            self.sizes[event.anchor] = self.size - before
        return node


def _or_text(construct: Callable[[Any, yaml.Node], Any]) -> Callable[[Any, yaml.Node], Any]:
    """What does not read as its type stays text, which the setting's own type refuses by name."""

    def constructed(loader: BoundedLoader, node: yaml.Node) -> Any:
        if len(node.value) <= LONGEST_NUMBER:
            with contextlib.suppress(AttributeError, IndexError, KeyError, ValueError):
                return construct(loader, node)
        return node.value

    return constructed


for _tag in ("bool", "float", "int", "timestamp"):
    _tag = f"tag:yaml.org,2002:{_tag}"
    BoundedLoader.add_constructor(_tag, _or_text(yaml.SafeLoader.yaml_constructors[_tag]))
