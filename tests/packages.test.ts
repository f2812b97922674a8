/** Pure npm packages ask Node about the machine when they are loaded: they hear of one that has nothing. */
import { fileURLToPath } from "node:url";
import test from "ava";
import { failureBlock } from "../src/harness/report.js";
import { loadProgram } from "../src/peer/program.js";
import { muteAva } from "./helpers/uncaught.js";
import { idleRaft, logged, programOf, runIn, runnerHere } from "./helpers/virtual-runs.js";

const PROBER = fileURLToPath(new URL("fixtures/prober.ts", import.meta.url));

test.serial("what a package asks has one answer, the same in sim and in lockstep", async (t) => {
  const runner = runnerHere(t, await loadProgram(PROBER));
  const first = await runIn(runner, "sim", { trace: true });
  t.is(first.result.status, "passed", failureBlock(first.result, { mode: "sim" }));
  t.is(first.result.warnings, undefined);
  const others = logged(first).filter((text) => text !== "as wanted");
  t.deepEqual(others.slice(0, others.length / 5), [
    "heard before: false",
    "lru-cache:metrics tells 0",
    "{ me: 0, result: 1 }",
    "1",
    '{"msg":"as pino writes"}',
    "as winston writes",
    "written",
    "stat throws true ENOENT,-2,stat,/etc/hosts",
    "readFile throws true ENOENT,-2,open,/etc/hosts",
  ]);
  for (const mode of ["sim", "lockstep"] as const) {
    t.is((await runIn(runner, mode)).result.history, first.result.history);
  }
});

/** What a package does that would change the machine, or wait for it, and takes to have failed. */
const ACTS: readonly { readonly call: string; readonly does: string }[] = [
  { call: "fs.writeFileSync", does: 'fs.writeFileSync("/tmp/cache", "")' },
  { call: "fs.openSync", does: 'fs.openSync("/tmp/log", "a")' },
  { call: "fs.mkdirSync", does: 'fs.mkdirSync("/tmp/cache", { recursive: true })' },
  { call: "fs.writeSync", does: 'fs.writeSync(3, "")' },
  { call: "fs.promises.open", does: 'fs.promises.open("/tmp/log", "w")' },
  { call: "child_process.execSync", does: 'process.getBuiltinModule("child_process").execSync("getconf")' },
  { call: "net.connect", does: 'process.getBuiltinModule("net").connect(80)' },
  { call: "process.dlopen", does: 'process.dlopen({ exports: {} }, "/addon.node")' },
  { call: "process.stdin.on", does: 'process.stdin.on("data", () => {})' },
];

for (const { call, does } of ACTS) {
  test.serial(
    `what would act is refused while a package is loaded, also where it is caught: ${call}`,
    async (t) => {
      muteAva(t);
      const before = `import * as fs from "node:fs"; try { ${does}; } catch {}`;
      const runner = runnerHere(t, await programOf(t, idleRaft("", before)));
      const { result } = await runIn(runner, "sim");
      t.is(result.error?.kind, "forbidden");
      t.regex(
        result.error?.message ?? "",
        new RegExp(`^ForbiddenError: ${call.replaceAll(".", "\\.")} is not available`),
      );
      t.is((await runIn(runner, "lockstep")).result.history, result.history);
    },
  );
}

test.serial(
  "what a package does to a module of Node's, it finds there, and no other peer does",
  async (t) => {
    const does = `if (me === 0 && !fs.left) Object.assign(fs, { left: true, close: () => "closed" });
    return [fs.left, me === 0 && fs.close(), fs.promises === fs.promises, new MyAgent() instanceof http.Agent].join();`;
    const before = `import fs from "node:fs"; import http from "node:http";
    class MyAgent {}
    Object.setPrototypeOf(MyAgent.prototype, http.Agent.prototype);`;
    const runner = runnerHere(t, await programOf(t, idleRaft(does, before)));
    const first = await runIn(runner, "sim", { trace: true });
    t.is(first.result.status, "passed", failureBlock(first.result, { mode: "sim" }));
    t.deepEqual(new Set(logged(first)), new Set(["true,closed,true,true", ",false,true,true"]));
    t.is((await runIn(runner, "lockstep")).result.history, first.result.history);
  },
);
