// Steps, what they hand on to each other, and the closing line. Knows nothing of Graph.

const STEP_MS_MAX = 120_000;
const POLL_MS_MAX = 30_000;
const POLL_PAUSE_MS = 400;
const DETAIL_CHARS_MAX = 500;

const steps = [];
const givers = new Map();
let checksMade = 0;

/** What steps hand on. Reading a fact that is not there names the step that should have given it. */
export const facts = new Proxy({}, {
  get(known, name) {
    if (name in known) return known[name];
    throw new Error(`needs step ${givers.get(name) ?? String(name)}, which gave no ${String(name)}`);
  },
});

/** Registers a step. `gives` names the facts it must have set when it ends. */
export function step(name, gives, run) {
  for (const fact of gives) givers.set(fact, name);
  steps.push({ name, gives, run });
}

export function check(holds, otherwise) {
  checksMade += 1;
  if (!holds) throw new Error(otherwise);
}

/** For plain values and lists of them. */
export function same(actual, expected, what) {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(got === wanted, `${what} is ${got}, not ${wanted}`);
}

const after = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** Reads until `ready` likes the answer. Returns it, or fails naming what was waited for. */
export async function until(what, read, ready) {
  const end = Date.now() + POLL_MS_MAX;
  for (;;) {
    const answer = await read();
    if (ready(answer)) {
      check(true, what);
      return answer;
    }
    check(Date.now() < end, `waited ${POLL_MS_MAX / 1000} s for ${what}`);
    await after(POLL_PAUSE_MS);
  }
}

async function outcome({ gives, run }) {
  checksMade = 0;
  const late = after(STEP_MS_MAX).then(() => { throw new Error(`no end within ${STEP_MS_MAX / 1000} s`); });
  const detail = await Promise.race([run(), late]);
  if (checksMade === 0) throw new Error("the step checked nothing");
  for (const fact of gives) check(facts[fact] !== undefined, `the step did not set ${fact}`);
  return detail ?? "as expected";
}

/** Runs every registered step in order and prints the closing line. True when nothing failed. */
export async function runAll(explain) {
  let failed = 0;
  for (const one of steps) {
    let line;
    try {
      line = `ok ${one.name}: ${await outcome(one)}`;
    } catch (error) { // a failed step must not stop the independent ones after it
      failed += 1;
      line = `FAIL ${one.name}: ${explain(error)}`;
    }
    console.log(line.replace(/\s+/g, " ").slice(0, DETAIL_CHARS_MAX));
  }
  console.log(`${steps.length - failed} passed, ${failed} failed`);
  return failed === 0;
}
