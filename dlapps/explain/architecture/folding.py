"""A graph of layers in fewer parts: what belongs to one step is one, and repeats are told once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dlapps.explain.architecture.layer_graph import Joins, LayerCall, Role


@dataclass(frozen=True)
class Step:
    """Layers that follow each other and are drawn as one: a convolution with its normalization and
    activation."""

    calls: tuple[LayerCall, ...]
    parents: tuple[int, ...]
    """The steps that it takes from, by their places."""

    @property
    def leader(self) -> LayerCall:
        """The layer that the step is called after: the first that is no mere preparation."""
        return next((call for call in self.calls if call.joins is not Joins.AFTER), self.calls[0])

    @property
    def name(self) -> str:
        """The leader's, or that of the whole where a layer has it: `down1` for `down1_conv2`."""
        names = [call.name for call in self.calls if self.leader.name.startswith(call.name)]
        return min(names, key=len)

    @property
    def shape(self) -> str:
        return self.calls[-1].shape

    @property
    def parameters(self) -> int:
        return sum(call.parameters for call in self.calls)

    @property
    def likeness(self) -> tuple:
        """Equal for two steps of layers with the same settings, of which the same would be told."""
        return tuple(
            (call.class_name, call.settings, call.words, call.shape, call.parameters)
            for call in self.calls
        )


@dataclass(frozen=True)
class Repeat:
    """The places of steps that stand for `times` such blocks, one after another."""

    steps: range
    times: int


@dataclass(frozen=True)
class FoldedGraph:
    """Steps, parents before children, and which of them stand for more than themselves."""

    steps: tuple[Step, ...]
    repeats: tuple[Repeat, ...]


def folded(calls: Sequence[LayerCall]) -> FoldedGraph:
    """The graph of calls, parents before children, with steps joined and repeats left out."""
    steps = _depth_first(_joined(calls))
    kept: list[int] = []
    repeats: list[Repeat] = []
    left_out: dict[int, int] = {}
    for block, times in _blocks(steps):
        first = len(kept)
        kept += block
        if times > 1:
            repeats.append(Repeat(range(first, len(kept)), times))
        # What comes after takes from the block that is drawn as from the last of those left out.
        left_out[block.start + times * len(block) - 1] = block[-1]
    new_place = {old: new for new, old in enumerate(kept)}
    new_place |= {old: new_place[drawn] for old, drawn in left_out.items()}
    renumbered = (
        Step(steps[old].calls, tuple(new_place[parent] for parent in steps[old].parents))
        for old in kept
    )
    return FoldedGraph(tuple(renumbered), tuple(repeats))


def _joined(calls: Sequence[LayerCall]) -> list[Step]:
    """The steps: a layer joins a neighbour where nothing else flows into or out of between them."""
    children = [0] * len(calls)
    for call in calls:
        for parent in call.parents:
            children[parent] += 1
    members: list[list[int]] = []
    step_of: list[int] = []
    for place, call in enumerate(calls):
        before = members[step_of[call.parents[0]]] if len(call.parents) == 1 else []
        is_joined = (
            before
            and children[call.parents[0]] == 1
            and _belong_together([calls[each] for each in before], call)
        )
        if not is_joined:
            before = []
            members.append(before)
        before.append(place)
        step_of.append(step_of[call.parents[0]] if is_joined else len(members) - 1)
    return [
        Step(
            tuple(calls[place] for place in places),
            tuple(dict.fromkeys(step_of[parent] for parent in calls[places[0]].parents)),
        )
        for places in members
    ]


def _belong_together(step: Sequence[LayerCall], call: LayerCall) -> bool:
    if all(each.joins is Joins.AFTER for each in step):
        return call.role in (Role.WEIGHTS, Role.NO_WEIGHTS)
    # A normalization that no weights precede, as before a convolution, is a step of its own.
    has_weights = any(each.role is Role.WEIGHTS for each in step)
    stands_alone = step[0].role in (Role.INPUT, Role.MODEL)
    return (
        call.joins is Joins.BEFORE
        and not stands_alone
        and (has_weights or call.role is not Role.WEIGHTS)
    )


def _depth_first(steps: Sequence[Step]) -> list[Step]:
    """The steps in an order in which a branch is told to its end before the next one begins."""
    has_child = {parent for step in steps for parent in step.parents}
    order: dict[int, int] = {}
    ends = [place for place in range(len(steps)) if place not in has_child]
    waiting = ends[::-1]
    while waiting:
        missing = [parent for parent in steps[waiting[-1]].parents if parent not in order]
        if missing:
            waiting += missing[::-1]
        else:
            order.setdefault(waiting.pop(), len(order))
    return [
        Step(steps[old].calls, tuple(order[parent] for parent in steps[old].parents))
        for old in sorted(order, key=order.__getitem__)
    ]


def _blocks(steps: Sequence[Step]) -> Iterator[tuple[range, int]]:
    """Consecutive blocks of steps, each with how often it comes from there on, one after another.

    Of several that repeat from one step on, the one whose repeats tell of most steps.
    """
    kinds = [step.likeness for step in steps]
    start = 0
    while start < len(steps):
        block, times = range(start, start + 1), 1
        for length in range(1, (len(steps) - start) // 2 + 1):
            if kinds[start] == kinds[start + length]:
                candidate = range(start, start + length)
                count = _times(steps, kinds, candidate)
                if count > 1 and count * length > times * len(block):
                    block, times = candidate, count
        yield block, times
        start += times * len(block)


def _times(steps: Sequence[Step], kinds: Sequence[tuple], block: range) -> int:
    """How often a block follows itself: 1 where it does not, or is no block at all."""
    length = len(block)
    entries = {parent for place in block for parent in steps[place].parents if parent not in block}
    if len(entries) != 1:
        return 1
    wiring = [[max(parent - block.start, -1) for parent in steps[place].parents] for place in block]
    times = 1
    start = block.stop
    while kinds[start : start + length] == kinds[block.start : block.stop] and wiring == [
        [parent - start for parent in steps[place].parents]
        for place in range(start, start + length)
    ]:
        times += 1
        start += length
    return times if _is_sealed(steps, block, times) else 1


def _is_sealed(steps: Sequence[Step], block: range, times: int) -> bool:
    """Whether what leaves a run of blocks leaves it from its last step alone."""
    stop = block.start + times * len(block)
    return not any(
        block.start <= parent < stop - 1 for step in steps[stop:] for parent in step.parents
    )
