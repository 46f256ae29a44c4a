"""Errors as JSON: `{"error": {"kind": ..., "message": ...}}`, with the command line's own words and sorting.

    400 usage   401 access   404 not_found   409 conflict   422 request   500 defect   503 infrastructure

`request`: what was sent is not of the right form.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as AnyHTTPException

from coterie.agent.errors import AgentError
from coterie.agent.exits import code_of, describe
from coterie.evals.located import SuiteError
from coterie.evals.results import RunError, RunNotFound
from coterie.memory.errors import RecordExists, RecordNotFound, StoreError
from coterie.memory.records import RecordError
from coterie.model.errors import ModelError
from coterie.model.telling import USAGE
from coterie.tools.errors import DefinitionError, ToolError
from coterie.tools.workspace import WorkspaceError

KINDS = {400: "usage", 404: "not_found", 405: "request", 409: "conflict", 422: "request"}
_OURS = (
    AgentError,
    DefinitionError,
    ModelError,
    RecordError,
    RunError,
    StoreError,
    SuiteError,
    ToolError,
    WorkspaceError,
)


class Conflict(HTTPException):
    """What is asked does not fit how things stand now."""

    def __init__(self, message: str) -> None:
        super().__init__(HTTPStatus.CONFLICT, message)


def install(app: FastAPI) -> None:
    """Answer every error of the app in this form."""
    for kind in _OURS:
        app.add_exception_handler(kind, _ours)
    app.add_exception_handler(AnyHTTPException, _http)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(Exception, _defect)


def answer(status: int, kind: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error as it is answered."""
    return JSONResponse({"error": {"kind": kind, "message": message}}, status, headers)


def status_of(error: Exception) -> int:
    """The status that fits an error of ours."""
    if isinstance(error, RecordNotFound | RunNotFound):
        return 404
    if isinstance(error, RecordExists):
        return 409
    if isinstance(error, RunError | SuiteError | RecordError | ToolError) or code_of(error) == USAGE:
        return 400
    return 503


async def _ours(request: Request, error: Exception) -> JSONResponse:
    status = status_of(error)
    message = str(error) if isinstance(error, RunError | SuiteError | RecordError) else describe(error)
    return answer(status, KINDS.get(status, "infrastructure"), message)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AnyHTTPException)
    return answer(error.status_code, KINDS.get(error.status_code, "infrastructure"), str(error.detail))


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return answer(422, "request", "; ".join(_told(fault) for fault in error.errors()))


def _told(fault: dict[str, object]) -> str:
    """`task: Field required` or `max_steps: Input should be greater than 0, got -1`."""
    location, value = fault["loc"], fault.get("input")
    assert isinstance(location, tuple)
    where = ".".join(str(part) for part in location if part not in ("body", "query", "path")) or "the request"
    got = "" if isinstance(value, dict) else f", got {json.dumps(value, ensure_ascii=False, default=str)[:100]}"
    return f"{where}: {fault['msg']}{got}"


async def _defect(request: Request, error: Exception) -> JSONResponse:
    return answer(500, "defect", describe(error))
