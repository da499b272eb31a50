"""The entitlement management tutorial and what surrounds it, with Microsoft's own Python SDKs.

Run it with the lines of demo.env in the environment. Every step prints `ok NAME: detail` or
`FAIL NAME: reason`; the last line is `N passed, M failed`, and the exit code is 1 when M > 0.
"""
import asyncio
import importlib
import logging
import sys

sys.dont_write_bytecode = True
# A retried or refused call is a step's business; the libraries' own log lines would stand between the steps.
logging.disable(logging.CRITICAL)

import clients  # noqa: E402  (first: it points every library at the server's certificate authority)
import harness  # noqa: E402

# Order matters: later chapters use what earlier ones made, and the clock, which everybody shares and which
# only moves forward, comes after everything that measures from now.
CHAPTERS = "authority directory signing_in catalogs policies requesting reading sharing refusals clock ending".split()

for chapter in CHAPTERS:
    importlib.import_module(f"chapters.{chapter}")

if __name__ == "__main__":
    sys.exit(0 if asyncio.run(harness.run_all(clients.explain)) else 1)
