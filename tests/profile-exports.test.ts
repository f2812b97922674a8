import { readFile } from "node:fs/promises";
import type { Profiler } from "node:inspector";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import { loadProgram } from "../src/peer/program.js";
import { type ChromeTrace, chromeTrace } from "../src/profile/chrome-trace.js";
import { inSourceLines } from "../src/profile/cpu-profile.js";
import { profiled } from "./helpers/profiled.js";
import { groupBy, traceFormatErrors } from "./helpers/trace-event-format.js";

const namesOf = ({ traceEvents }: ChromeTrace, tid: number) =>
  new Set(traceEvents.filter((event) => event.ph === "X" && event.tid === tid).map(({ name }) => name));

test.serial("a trace has a track per thread, and follows each RPC from caller to caller", async (t) => {
  const { profiler } = await profiled({
    raft: "waiting-handler.ts",
    peers: 2,
    trace: true,
    run: (cfg) => cfg.sleep(1000),
  });
  const trace = chromeTrace(profiler);
  t.deepEqual(traceFormatErrors(JSON.stringify(trace)), []);

  const tracks = trace.traceEvents.filter(({ name }) => name === "thread_name");
  t.deepEqual(
    tracks.map(({ tid, args }) => [tid, args?.name]),
    [
      [1, "main: router and tester"],
      [2, "peer 0"],
      [3, "peer 1"],
    ],
  );
  t.true(namesOf(trace, 1).has("route"));
  t.true(namesOf(trace, 2).has("call Raft.work"));
  t.true(namesOf(trace, 3).has("Raft.work"));

  const whole = groupBy(
    trace.traceEvents.filter(({ cat }) => cat === "rpc"),
    ({ id }) => id,
  );
  const ways = [...whole.values()].map((steps) => steps.map(({ tid }) => tid).join(" "));
  t.true(ways.filter((way) => way === "2 1 3 1 2").length > 0, ways.join(", "));
});

test.serial(
  "what was under way when the trace ends, or fell out of its memory, has no arrow into nothing",
  async (t) => {
    const { profiler } = await profiled({
      raft: "flood.ts",
      peers: 3,
      trace: true,
      run: (cfg) => cfg.sleep(1500),
    });
    t.deepEqual(traceFormatErrors(JSON.stringify(chromeTrace(profiler))).slice(0, 5), []);
  },
);

test("the format's rules find what breaks them", (t) => {
  const slice = (ts: number, dur: number) => ({ ph: "X", name: "a", pid: 1, tid: 1, ts, dur });
  const step = (ph: string, ts: number) => ({ ph, name: "f", cat: "c", id: "1", pid: 1, tid: 1, ts });
  const errorsOf = (...traceEvents: object[]) => traceFormatErrors(JSON.stringify({ traceEvents }));
  t.deepEqual(errorsOf(slice(0, 10), slice(2, 3), step("s", 1), step("f", 4)), []);
  t.deepEqual(errorsOf(slice(0, 10), slice(5, 6)), ["track 1: a at 5 outlasts a around it"]);
  t.deepEqual(errorsOf({ ...slice(0, 1), dur: -1 }), ["event 0 (X): has no dur"]);
  t.deepEqual(errorsOf(slice(0, 10), step("s", 4), step("f", 2)), ["arrow 1 goes back in time at step 1"]);
  t.deepEqual(errorsOf(slice(0, 10), step("s", 4)), ["arrow 1 goes s"]);
  t.deepEqual(errorsOf(slice(0, 1), step("s", 0), step("f", 4)), ["arrow 1: no slice on track 1 at 4"]);
  t.deepEqual(errorsOf(step("b", 1)), ["c 1 f never ends"]);
  t.deepEqual(traceFormatErrors("{}"), ["there is no array traceEvents"]);
});

test.serial(
  "a .cpuprofile of each thread is whole, and names the line of the user's file where a peer is at work",
  async (t) => {
    const { cpuProfiles } = await profiled({
      raft: "slow-handler.ts",
      peers: 2,
      cpuProfile: true,
      run: (cfg) => cfg.sleep(1000),
    });
    t.deepEqual([...cpuProfiles.keys()], ["main", "peer 0", "peer 1"]);
    const program = await loadProgram("tests/fixtures/profile/slow-handler.ts");
    for (const [name, cpuProfile] of cpuProfiles) checkWhole(t, name, inSourceLines(cpuProfile, program));

    const atWork = inSourceLines(cpuProfiles.get("peer 1") as Profiler.Profile, program);
    const spinFile = resolve("tests/fixtures/profile/spin.ts");
    const lines = (await readFile(spinFile, "utf8")).split("\n");
    const own = atWork.nodes.filter(({ callFrame }) => callFrame.url === pathToFileURL(spinFile).href);
    t.deepEqual([...new Set(own.map(({ callFrame }) => callFrame.functionName))].sort(), ["count", "spin"]);
    for (const { callFrame } of own) {
      t.regex(lines[callFrame.lineNumber] ?? "", new RegExp(`function ${callFrame.functionName}\\(`));
    }
    const ticks = own.flatMap(({ positionTicks = [] }) => positionTicks);
    const busiest = ticks.sort((a, b) => b.ticks - a.ticks)[0];
    t.regex(lines[(busiest?.line ?? 0) - 1] ?? "", /for \(let n = 0; n < 20_000/);
  },
);

test.serial("the samples of a peer that was crashed are told all the same", async (t) => {
  const { cpuProfiles, profile } = await profiled({
    raft: "slow-handler.ts",
    peers: 2,
    cpuProfile: true,
    run: async (cfg) => {
      await cfg.sleep(300);
      cfg.crash1(1);
      await cfg.start1(1);
      cfg.connect(1);
      await cfg.sleep(300);
    },
  });
  t.deepEqual([...cpuProfiles.keys()], ["main", "peer 0", "peer 1", "peer 1, incarnation 2"]);
  t.deepEqual(
    profile.threads.map(({ name }) => name),
    ["main", "peer 0", "peer 1", "peer 1, incarnation 2"],
  );
  const crashed = profile.threads[2];
  t.true((crashed?.wallMs ?? 0) > 250 && (crashed?.wallMs ?? 0) < profile.wallMs, `${crashed?.wallMs} ms`);
});

/** What DevTools and speedscope rely on. */
function checkWhole(
  t: { true(value: boolean, message?: string): void },
  name: string,
  profile: Profiler.Profile,
) {
  const { nodes, samples = [], timeDeltas = [], startTime, endTime } = profile;
  const ids = new Set(nodes.map(({ id }) => id));
  t.true(samples.length > 10, `${name} has ${samples.length} samples`);
  t.true(samples.length === timeDeltas.length, name);
  t.true(
    samples.every((id) => ids.has(id)),
    name,
  );
  t.true(
    nodes.every(({ children = [] }) => children.every((id) => ids.has(id))),
    name,
  );
  t.true(nodes[0]?.callFrame.functionName === "(root)", name);
  t.true(endTime > startTime, name);
}
