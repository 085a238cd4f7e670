"""``python -m tests.fuzz``: hostile input at a real node; exit code 1 if anything was found."""

from __future__ import annotations

import argparse
import random
import sys
import time

import trio

from tests.fuzz.siege import Siege, shares_of


def main() -> int:
    """Lays one siege and says what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="inputs at the node; as many again at the codecs")
    parser.add_argument("--seed", type=int, help="gives the same inputs again; random when not given")
    asked = parser.parse_args()
    seed = random.SystemRandom().getrandbits(32) if asked.seed is None else asked.seed
    siege = Siege(seed, shares_of(asked.inputs, asked.inputs))
    began_s = time.monotonic()
    trio.run(siege.lay)
    print(f"seed {seed}: {dict(siege.played)} in {time.monotonic() - began_s:.0f} s")  # noqa: T201
    print(f"answers: {dict(siege.answers.most_common())}")  # noqa: T201
    for finding in siege.findings:
        print(f"FOUND {finding}")  # noqa: T201
    print("FAIL" if siege.findings else "PASS: the node lives, and its player noticed nothing")  # noqa: T201
    return 1 if siege.findings else 0


if __name__ == "__main__":
    sys.exit(main())
