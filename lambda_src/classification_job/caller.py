"""Calls of AWS, tried again while the rule of their error allows."""

from collections.abc import Callable
from typing import Any

from . import retry
from .clock import Clock
from .job_errors import JobError, sentence
from .log import Log
from .progress import Progress
from .runtime import Runtime


class RefusedError(JobError):
    """A call that AWS refused for good; the text is AWS's, with a hint."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


class Caller:
    """Calls AWS for one run."""

    def __init__(self, outside: Runtime, clock: Clock, progress: Progress, log: Log) -> None:
        self._outside, self._clock, self._progress, self._log = outside, clock, progress, log

    def __call__(
        self,
        client: str,
        operation: str,
        *,
        until: float,
        since: float | None = None,
        before: Callable[[], object] = lambda: None,
        missing: tuple[str, ...] = (),
        for_a_start: bool = False,
        **arguments: object,
    ) -> Any:
        """Call, again until a moment at most.

        Args:
            client: The service.
            operation: What to call.
            until: Moment of the last try.
            since: From when the patience of the error's rule counts; without it from now.
            before: What must hold before every try.
            missing: Codes that say that what was asked for does not exist: the answer is empty then.
            for_a_start: Whether a refusal is why no job was started.
            arguments: What to call it with.
        """
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        since = self._clock.now() if since is None else since
        refusals = self._progress.refusals
        while True:
            before()
            try:
                answer = getattr(self._outside.client(client), operation)(**arguments)
            except (BotoCoreError, ClientError, ResponseParserError) as error:
                code = retry.code(error) if isinstance(error, ClientError) else ""
                if code in missing:
                    refusals.pop(operation, None)
                    return {}
                rule = retry.rule_for(error, operation)
                text = f"{sentence(error)} {rule.hint}".rstrip()
                self._log("refused", error=str(error))
                if for_a_start:
                    self._remember(operation, rule, text[:1500])
                last_try = min(until, since + rule.within)
                if not rule.first or self._clock.now() >= last_try:
                    refusals.pop(operation, None)
                    raise RefusedError(text, code) from error
                tries = refusals[operation] = refusals.get(operation, 0) + 1
                self._clock.pause(rule.wait(tries, self._outside.chance()), last_try)
            else:
                refusals.pop(operation, None)
                return answer

    def _remember(self, operation: str, rule: retry.Rule, text: str) -> None:
        """Keep why no job was started: what the service said of the start itself before what others said."""
        progress, is_start = self._progress, operation.startswith("start_")
        if is_start:
            progress.refused_start, progress.outcome_unknown = True, rule.may_have_been_done
        if is_start or not progress.refused_start:
            progress.refusal = text
