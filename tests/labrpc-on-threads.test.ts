import test from "ava";
import { loadProgram } from "../src/peer/program.js";
import { PeerThreads } from "../src/runtime/threads.js";
import { labrpcCases } from "./helpers/labrpc-cases.js";
import { JUNK_PEER, ThreadsFixture } from "./helpers/labrpc-on-threads.js";

let threads: PeerThreads;
test.before(async () => {
  threads = new PeerThreads(await loadProgram(JUNK_PEER));
});
test.after.always(() => threads?.close());

// One after another: they measure time.
for (const { name, claim, run } of labrpcCases) {
  test.serial(`${name} over threads: ${claim}`, async (t) => {
    t.timeout(120_000);
    const fixture = new ThreadsFixture(threads.runtime(1));
    try {
      await Promise.race([run(t, fixture), fixture.faulted]);
    } finally {
      await fixture.close();
    }
  });
}
