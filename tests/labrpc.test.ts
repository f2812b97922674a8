import test from "ava";
import { Network } from "../src/labrpc/network.js";
import { Server, Service } from "../src/labrpc/server.js";
import type { Name } from "../src/labrpc/wire.js";
import { RealClock, sleep } from "../src/runtime/clock.js";
import { seededRandom } from "../src/runtime/random.js";
import { JunkServer } from "./fixtures/junk-server.js";
import { type JunkServerProbe, type LabrpcFixture, labrpcCases } from "./helpers/labrpc-cases.js";

/** Servers and callers in this thread. */
class LocalFixture implements LabrpcFixture {
  readonly #clock = new RealClock();
  readonly benchmarkCalls = 20_000;
  readonly network = new Network({ clock: this.#clock, random: seededRandom(1) });

  async addJunkServer(name: Name): Promise<JunkServerProbe> {
    const junk = new JunkServer((ms) => sleep(this.#clock, ms));
    const server = new Server();
    server.addService(new Service("JunkServer", junk));
    this.network.addServer(name, server);
    return { log2Length: async () => junk.log2.length };
  }

  async makeEnd(name: Name) {
    return this.network.makeEnd(name);
  }

  close(): void {
    this.network.cleanup();
    this.#clock.close();
  }
}

// One after another: they measure time.
for (const { name, claim, run } of labrpcCases) {
  test.serial(`${name}: ${claim}`, async (t) => {
    const fixture = new LocalFixture();
    t.teardown(() => fixture.close());
    await run(t, fixture);
  });
}
