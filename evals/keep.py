"""Trials become episodes in the store, where analysis, replay and recall find them."""

from dataclasses import replace
from typing import Protocol

from coterie.memory.ids import new_id
from coterie.memory.records import Episode


class EpisodeStore(Protocol):
    """The part of `coterie.memory.store.Store.episodes` that is needed here."""

    def add(self, episode: Episode, namespace: str = "default") -> None:
        """Write a whole episode."""
        ...


class StoreKeeper:
    """Adds episodes that their agent has not stored itself: those without an id."""

    def __init__(self, episodes: EpisodeStore) -> None:
        self._episodes = episodes

    def keep(self, episode: Episode, namespace: str) -> str:
        """See `runner.Keeper`."""
        if episode.id:
            return episode.id
        stored = replace(episode, id=new_id("ep"))
        self._episodes.add(stored, namespace)
        return stored.id


class CopyKeeper:
    """Adds every episode: those that an agent stored did so in a store elsewhere. They keep their ids."""

    def __init__(self, episodes: EpisodeStore) -> None:
        self._episodes = episodes

    def keep(self, episode: Episode, namespace: str) -> str:
        """See `runner.Keeper`."""
        stored = episode if episode.id else replace(episode, id=new_id("ep"))
        self._episodes.add(stored, namespace)
        return stored.id
