"""What `coterie ui` serves, put together: the API, and pages that are its client; `serve` runs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from coterie.agent.settings import Settings
from coterie.evals.api import episodes, faults, memories, models, scores
from coterie.evals.api.access import Hardened, RequireToken, hosts
from coterie.evals.api.context import Context
from coterie.evals.api.live import Runs
from coterie.evals.api.scoring import Scoring
from coterie.memory.store import Store

PAGES = Path(__file__).parent / "pages"


def build(settings: Settings, store: Store, token: str, host: str = "127.0.0.1") -> FastAPI:
    """The app over an open store; it stops its runs when it is shut down."""
    context = Context(settings, store, Runs(store), Scoring(settings))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.gather(context.runs.close(), context.scoring.close())

    app = FastAPI(title="Coterie", version=version("coterie"), docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(RequireToken, token=token)
    app.add_middleware(Hardened)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts(host))
    faults.install(app)
    for part in (episodes, scores, memories, models):
        app.include_router(part.router(context))

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGES / "index.html")

    app.mount("/pages", StaticFiles(directory=PAGES))
    return app
