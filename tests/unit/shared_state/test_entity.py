"""Tags: no two states of an entity have the same one."""

from __future__ import annotations

from itertools import pairwise

from shared_state.entity import MAX_INCARNATION, NO_TAG, TagMaker, blind


def test_tags_of_one_writer_are_distinct_and_rise() -> None:
    """A writer never makes a tag twice, and never the tag of nothing."""
    maker = TagMaker(0)
    tags = [maker.make() for _ in range(1000)]
    assert all(earlier < later for earlier, later in pairwise(tags))
    assert NO_TAG not in tags


def test_neighbouring_incarnations_share_no_tag() -> None:
    """The last tag of one incarnation is below the first of the next."""
    maker, following = TagMaker(7), TagMaker(8)
    maker._next = maker._end - 1
    assert maker.make() < following.make()


def test_a_writer_is_exhausted_while_a_batch_of_tags_is_left() -> None:
    """It attaches anew before a batch could make tags of the next incarnation."""
    maker = TagMaker(7)
    assert not maker.exhausted()
    maker._next = maker._end - 10_000
    assert maker.exhausted()


def test_blind_tags_are_apart_from_all_made_tags() -> None:
    """The highest incarnation's tags do not reach into the blind ones; blindness is idempotent and loses nothing."""
    highest = TagMaker(MAX_INCARNATION)
    highest._next = highest._end - 1
    tag = highest.make()
    other = TagMaker(3).make()
    assert tag < blind(other)
    assert blind(tag) != blind(other)
    assert blind(blind(tag)) == blind(tag)
