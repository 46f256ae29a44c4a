"""What can go wrong with a model, its server and its weights, and whose fault it is.

ModelError
  ServerUnavailable     nothing answers, the server died, or it says it cannot serve now   infrastructure
  ServerTimeout         it took longer than allowed                                        infrastructure
  UnexpectedResponse    it answers, but not as an OpenAI-compatible server                 infrastructure
  AccessDenied          the key is missing or wrong                                        usage
  ModelNotFound         the server does not serve this model                               usage
  RequestRefused        the server finds the request invalid                               usage
  ContextOverflow       prompt and answer do not fit the model's context                   limit
  MalformedCompletion   the text is not what its schema asks for; ask again                model
  ServerError           the local server's life cycle                                      infrastructure
    StartFailed         it ended, or did not become ready in time
    PortTaken           somebody else listens on the port that was asked for
    AlreadyRunning      a server runs, but with another model
    OutdatedAtWork      a server runs this model's older weights, and is in use
  OptionsConflict       the server was asked for things that do not go together            usage
  SettingsFileError     coterie.toml cannot be read                                        usage
  NothingToRead         texts to measure a model on are empty                              usage
  WeightsError          the checkpoint cannot be found or built                            infrastructure
    BaseMissing         the base model's package is not installed
    ChecksumMismatch    a file is not the one that was pinned
    AdapterInvalid      the trained part does not fit its description
    NoSpace             the disk is full
    UnknownModel        a reference that is no name of ours, no folder and no hub id
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from coterie.model.chat import Completion

Blame = Literal["infrastructure", "usage", "limit", "model"]


class ModelError(Exception):
    """Something about the model went wrong; `blame` says what kind of failure the run ends in."""

    blame: ClassVar[Blame] = "infrastructure"


class SettingsFileError(ModelError, ValueError):
    """The settings file cannot be read; the message says where and why."""

    blame: ClassVar[Blame] = "usage"


class ServerUnavailable(ModelError):
    """No server answers at the URL, or it answers that it cannot serve; `passing`: asking again soon may help."""

    def __init__(self, url: str, why: str, passing: bool = True) -> None:
        self.url, self.why, self.passing = url, why, passing
        super().__init__(f"no model server at {url}: {why}; start one with 'coterie serve' or check --base-url")


class ServerTimeout(ModelError):
    """The server did not finish within the time allowed."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self.url, self.timeout_s = url, timeout_s
        super().__init__(f"the model server at {url} did not answer within {timeout_s:g} s; see its log")


class UnexpectedResponse(ModelError):
    """What answers does not speak the OpenAI chat protocol."""

    def __init__(self, url: str, got: str) -> None:
        super().__init__(f"{url} does not answer like an OpenAI-compatible server: {got[:200]!r}; check --base-url")


class AccessDenied(ModelError):
    """The server wants another key."""

    blame = "usage"

    def __init__(self, url: str, status: int) -> None:
        super().__init__(f"{url} refused the API key (HTTP {status}); set COTERIE_API_KEY")


class ModelNotFound(ModelError):
    """The server answers, but serves other models."""

    blame = "usage"

    def __init__(self, model: str, url: str, have: Sequence[str] = ()) -> None:
        self.model, self.have = model, tuple(have)
        serves = f"; it serves {', '.join(have)}" if have else ""
        super().__init__(f"{url} does not serve the model {model!r}{serves}")


class RequestRefused(ModelError):
    """The server calls the request invalid; sending it again will not help."""

    blame = "usage"

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"the model server refused the request (HTTP {status}): {message[:500]}")


class ContextOverflow(ModelError):
    """The chat does not fit; numbers are tokens, None where the server did not say."""

    blame = "limit"

    def __init__(self, limit: int | None, needed: int | None) -> None:
        self.limit, self.needed = limit, needed
        asked = "more" if needed is None else f"{needed}"
        held = "the model's context" if limit is None else f"a context of {limit} tokens"
        super().__init__(f"the chat needs {asked} tokens and does not fit {held}; shorten the task or the results")


class MalformedCompletion(ModelError):
    """The model's text is not what its schema asks for; `completion` is kept so that it can be recorded."""

    blame = "model"

    def __init__(self, completion: Completion, why: str) -> None:
        self.completion, self.why = completion, why
        super().__init__(f"the model's answer is not what was asked for: {why}; it began {completion.text[:120]!r}")


class ServerError(ModelError):
    """The local model server could not be started, found or stopped."""


class StartFailed(ServerError):
    """The server ended, or was not ready in time; the message carries the end of its log."""


class PortTaken(ServerError):
    """The port that was asked for has a listener already."""

    def __init__(self, port: int, holder: str | None) -> None:
        self.port, self.holder = port, holder
        by = f" by {holder}" if holder else ""
        super().__init__(f"port {port} is taken{by}; choose another with --port, or none and a free one is used")


class OptionsConflict(ModelError):
    """The server was asked for things that do not go together."""

    blame: ClassVar[Blame] = "usage"


class AlreadyRunning(ServerError):
    """A local server runs and serves something else."""

    def __init__(self, model: str, url: str) -> None:
        super().__init__(f"a server for {model!r} runs at {url}; stop it first with 'coterie serve stop'")


class OutdatedAtWork(ServerError):
    """The weights were built again while a server has the older ones, and somebody is using it."""

    def __init__(self, model: str, url: str, idle_s: float) -> None:
        self.idle_s = idle_s
        last = f"its last request ended {idle_s:.0f} s ago" if idle_s else "it is answering a request"
        super().__init__(
            f"{model!r} was built again, and the server at {url} still has the older weights; {last}, so it was left "
            f"alone. Run again when it is done (--base-url {url} uses it as it is), or end it: coterie serve stop"
        )


class NothingToRead(ModelError):
    """Texts to measure a model on hold no two words."""

    blame = "usage"


class WeightsError(ModelError):
    """A checkpoint could not be found or built."""


class BaseMissing(WeightsError):
    """The package that carries the base model is not installed."""


class ChecksumMismatch(WeightsError):
    """A file's sha256 is not the pinned one."""

    def __init__(self, path: object, expected: str, found: str) -> None:
        super().__init__(f"{path} has sha256 {found[:12]}…, expected {expected[:12]}…; install or fetch it again")


class AdapterInvalid(WeightsError):
    """The trained part lacks a tensor, or one has the wrong shape or type."""


class NoSpace(WeightsError):
    """The disk has no room for the checkpoint."""


class UnknownModel(WeightsError):
    """A model reference that nothing can be found for."""

    blame = "usage"
