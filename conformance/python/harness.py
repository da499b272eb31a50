"""Steps, what they hand on to each other, and the closing line. Knows nothing of Graph."""
import asyncio
from dataclasses import dataclass

STEP_SECONDS_MAX = 120
POLL_SECONDS_MAX = 30
POLL_PAUSE_SECONDS = 0.4
DETAIL_CHARS_MAX = 500


class Missing(Exception):
    """A step needs something that an earlier step did not reach."""


class Facts:
    """What steps hand on. Reading a fact that is not there names the step that should have given it."""

    def __getattr__(self, name):
        raise Missing(f"needs step {GIVERS.get(name, name)}, which gave no {name}")


@dataclass
class Step:
    name: str
    run: object
    gives: list
    seconds_max: float


facts = Facts()
STEPS = []
GIVERS = {}
checks_made = 0


def step(name, gives="", seconds_max=STEP_SECONDS_MAX):
    """Registers a coroutine as a step. `gives` lists the facts it must have set when it ends."""
    def register(function):
        STEPS.append(Step(name, function, gives.split(), seconds_max))
        GIVERS.update({fact: name for fact in gives.split()})
        return function
    return register


def check(holds, otherwise):
    global checks_made
    checks_made += 1
    if not holds:
        raise AssertionError(otherwise)


def same(actual, expected, what):
    check(actual == expected, f"{what} is {actual!r}, not {expected!r}")


def holds_all(actual, expected, what):
    lacking = set(expected) - set(actual)
    check(not lacking, f"{what} lacks {sorted(lacking)}; it has {sorted(actual)}")


async def until(what, read, ready, seconds_max=POLL_SECONDS_MAX):
    """Reads until `ready` likes the answer. Returns it, or fails naming what was waited for."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds_max
    while True:
        answer = await read()
        if ready(answer):
            check(True, what)
            return answer
        check(loop.time() < end, f"waited {seconds_max} s for {what}")
        await asyncio.sleep(POLL_PAUSE_SECONDS)


async def _outcome(one):
    """The detail of a passed step; raises what went wrong otherwise."""
    global checks_made
    checks_made = 0
    detail = await asyncio.wait_for(one.run(), one.seconds_max)
    if not checks_made:
        raise AssertionError("the step checked nothing")
    unset = [fact for fact in one.gives if fact not in vars(facts)]
    if unset:
        raise AssertionError(f"the step did not set {', '.join(unset)}")
    return detail


async def run_all(explain):
    """Runs every registered step in order and prints the closing line. True when nothing failed."""
    failed = 0
    for one in STEPS:
        try:
            line = f"ok {one.name}: {await _outcome(one) or 'as expected'}"
        except TimeoutError:
            line = f"FAIL {one.name}: no end within {one.seconds_max} s"
        except Exception as error:  # a failed step must not stop the independent ones after it
            line = f"FAIL {one.name}: {explain(error)}"
        failed += line.startswith("FAIL")
        print(" ".join(line.split())[:DETAIL_CHARS_MAX], flush=True)
    print(f"{len(STEPS) - failed} passed, {failed} failed", flush=True)
    return failed == 0
