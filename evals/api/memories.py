"""`/memory`: what is known, what a task would recall and why, stating and forgetting."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from coterie.evals.api.context import Context

Kind = Literal["fact", "lesson"]


class Statement(BaseModel):
    """Something to remember."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1)
    kind: Kind = "fact"
    namespace: str = "default"
    importance: float = Field(0.5, ge=0, le=1)


def router(context: Context) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/memory", tags=["memory"])
    store = context.store

    @routes.get("")
    def list_statements(
        kind: Kind | None = None, namespace: str | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> dict[str, Any]:
        """Facts and lessons that hold, newest first."""
        found = store.statements(kind, namespace=namespace, limit=limit)
        return {"statements": [statement.to_json() for statement in found]}

    @routes.get("/search")
    def search(
        query: str, limit: Annotated[int, Query(ge=1, le=100)] = 5, namespace: str = "default"
    ) -> dict[str, Any]:
        """What a task would recall, best first, and why."""
        hits = store.recall(query, limit, namespace, count_use=False)
        return {"query": query, "hits": [hit.to_json() for hit in hits]}

    @routes.post("", status_code=HTTPStatus.CREATED)
    def add(said: Statement) -> dict[str, Any]:
        """Remember a fact or a lesson."""
        statements = store.facts if said.kind == "fact" else store.lessons
        new = statements.add(said.text, namespace=said.namespace, importance=said.importance)
        return statements.get(new).to_json()

    @routes.delete("/{record}", status_code=HTTPStatus.NO_CONTENT)
    def forget(record: str, purge: bool = False) -> None:
        """Forget a fact or a lesson; with `purge` its text is erased, too."""
        try:
            statements = store.statements_of(record)
        except ValueError as error:
            raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from None
        store.forget(statements.get(record).id, purge=purge)

    return routes
