/** `replay` as a process: a failure that a campaign has kept, once more. */
import { once } from "node:events";
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import test from "ava";
import type { Bundle } from "../src/stress/bundle.js";
import { type CliRun, emptyFolder, projectFile, stress, whitewater } from "./helpers/cli.js";

test.serial("a failure's bundle has it again, whatever has become of raft.ts since", async (t) => {
  const cwd = await emptyFolder(t);
  const raft = join(cwd, "raft.ts");
  await copyFile(projectFile("examples/eager/raft.ts"), raft);
  const found = await whitewater(["stress", "--run", "TestInitialElection3A", "--seeds", "7"], { cwd });
  t.is(found.exitCode, 1);
  const bundle = join("whitewater-runs", "failures", "TestInitialElection3A-7");
  t.true(found.stdout.includes(`    or:     npx whitewater replay ${bundle}\n`), found.stdout);
  const { result } = JSON.parse(await readFile(join(cwd, bundle, "bundle.json"), "utf8")) as Bundle;

  const [, failure = ""] = /^(--- FAIL: [\s\S]*?)\n {4}Replay: /m.exec(found.stdout) ?? [];
  const isSame = ({ exitCode, stdout }: Awaited<ReturnType<typeof whitewater>>): void => {
    t.is(exitCode, 1, stdout);
    t.true(stdout.includes(failure), `${stdout}\nhas not\n${failure}`);
    t.regex(stdout, new RegExp(`^The same failure, at the same event: history ${result.history}\\.$`, "m"));
  };
  const replay = (...args: string[]) => whitewater(["replay", bundle, ...args], { cwd });
  const unchanged = await Promise.all([replay(), replay("--mode", "lockstep")]);
  const fileNamed = await whitewater(["replay", join(bundle, "bundle.json")], { cwd });
  for (const run of [...unchanged, fileNamed]) {
    isSame(run);
    t.notRegex(run.stdout, /has changed/);
  }
  t.regex(unchanged[1].stdout, /^ {4}Replay: npx whitewater replay \S+ --mode lockstep$/m);

  let interruptedAtMs = Number.POSITIVE_INFINITY;
  const inspected = await whitewater(["replay", bundle, "--inspect"], {
    cwd,
    onError: (soFar, child) => {
      if (interruptedAtMs < performance.now() || !soFar.includes("ws://")) return;
      interruptedAtMs = performance.now();
      setTimeout(() => child.kill("SIGINT"), 500); // it waits as soon as it has told its address
    },
  });
  t.true(performance.now() - interruptedAtMs < 20_000, inspected.stdout + inspected.stderr);
  t.is(inspected.exitCode, "SIGINT", "Ctrl-C ends it by the signal itself, while it waits for a debugger");

  const reference = JSON.stringify(projectFile("src/raft/raft.ts"));
  await rm(raft);
  const gone = await replay("--as-now");
  t.is(gone.exitCode, 2);
  t.is(
    gone.stderr,
    "whitewater: raft.ts is not here. Replay in the folder in which stress was run, or without --as-now.\n",
  );
  await writeFile(raft, `export { make } from ${reference};\n`);
  const [recorded, now] = await Promise.all([replay(), replay("--as-now")]);
  isSame(recorded);
  t.regex(recorded.stdout, /^raft\.ts has changed since: this is the one that failed\./m);
  t.is(now.exitCode, 0, now.stdout);
  t.regex(now.stdout, /^It passes now; recorded was: safety in TestInitialElection3A: /m);
});

test.serial("a peer's own fault on threads needs no verdict, and replays in sim", async (t) => {
  const out = join(await emptyFolder(t), "a folder");
  const { exitCode, stdout } = await stress("PeerThrows", [
    "--mode",
    "threads",
    "--seeds",
    "5",
    "--out",
    out,
  ]);
  t.is(exitCode, 1);
  t.regex(stdout, /^TestPeerThrows seed 5: start threw: RangeError: as it was told$/m);
  t.regex(stdout, /^ {6}no verdict is needed: raft\.ts, or the case, is at fault in itself$/m);
  t.notRegex(stdout, /Verdict/);
  const again = await whitewater([
    "replay",
    join(out, "failures", "TestPeerThrows-5-threads"),
    "--mode",
    "sim",
  ]);
  t.is(again.exitCode, 1);
  t.regex(again.stdout, /^ {4}Replay: npx whitewater replay '.*a folder.*' --mode sim$/m);
  t.regex(again.stdout, /^The same kind of failure\.$/m);
});

test.serial("--inspect: a debugger that attaches as soon as it can lets the run go on", async (t) => {
  const cwd = await emptyFolder(t);
  await copyFile(projectFile("examples/eager/raft.ts"), join(cwd, "raft.ts"));
  await whitewater(["stress", "--run", "TestInitialElection3A", "--seeds", "7"], { cwd });
  const bundle = join("whitewater-runs", "failures", "TestInitialElection3A-7");
  for (const port of [undefined, 9229]) {
    const squatter = port === undefined ? undefined : await listenAt(port);
    const { exitCode, stdout, stderr } = await replayDebugged(bundle, cwd);
    squatter?.close();
    t.is(exitCode, 1, stdout + stderr);
    t.regex(
      stdout,
      /^whitewater: waiting for a debugger[^\n]*chrome:\/\/inspect[^\n]*\nwhitewater: TestInitial/,
    );
    t.regex(stdout, /^The same failure, at the same event: /m);
    if (squatter) {
      t.regex(stdout, /port 9229 is taken/);
      t.notRegex(stderr, /:9229/);
    }
  }
});

test.serial("a bundle of a user's case tells when the case has changed since", async (t) => {
  const cwd = await emptyFolder(t);
  const casesWith = (message: string): string => `
    export const mine = {
      name: "TestMine", part: "own", title: "Test (own): mine", servers: 1,
      run: async (cfg) => { throw cfg.fail(${JSON.stringify(message)}); },
    };\n`;
  await writeFile(join(cwd, "cases.ts"), casesWith("as it was"));
  await whitewater(["stress", "--cases", "cases.ts", "--run", "TestMine", "--seeds", "1"], { cwd });
  const replay = () => whitewater(["replay", join("whitewater-runs", "failures", "TestMine-1")], { cwd });
  t.notRegex((await replay()).stdout, /has changed/);
  await writeFile(join(cwd, "cases.ts"), casesWith("as it is now"));
  const { stdout } = await replay();
  t.regex(stdout, /^cases\.ts has changed since: TestMine may be another case than the one that failed\.$/m);
  t.regex(stdout, /^Another failure; recorded was: check in TestMine: as it was\.$/m);
});

test.serial("a rule that a run on threads has broken is the same failure in virtual time", async (t) => {
  const out = await emptyFolder(t);
  const raft = ["--raft", "tests/fixtures/broken/applies-out-of-order.ts", "--run", "TestBasicAgree3B"];
  const { stdout } = await whitewater(["stress", ...raft, "--mode", "threads", "--seeds", "1", "--out", out]);
  t.regex(stdout, /^Failure 1, in 1 run: safety in TestBasicAgree3B: apply-order, safety$/m);
  const bundle = join(out, "failures", "TestBasicAgree3B-1-threads");
  for (const mode of ["sim", "threads"]) {
    const again = await whitewater(["replay", bundle, "--mode", mode]);
    t.regex(again.stdout, /^The same kind of failure\.$/m);
  }
});

/** Something that holds the port; nobody may, or something that did already. */
async function listenAt(port: number): Promise<Server> {
  const server = createServer().listen(port, "127.0.0.1");
  await Promise.race([once(server, "listening"), once(server, "error")]).catch(() => {});
  return server;
}

/**
 * Replays with a debugger that attaches as soon as it can. Node loses its word, and waits for ever, if that comes
 * before the call has returned that opens its port: with more threads than cores, about one in ten is so early. Then
 * another one tries.
 */
async function replayDebugged(bundle: string, cwd: string): Promise<CliRun> {
  for (let left = 3; ; left -= 1) {
    let isAttached = false;
    const run = await whitewater(["replay", bundle, "--inspect"], {
      cwd,
      onError: (soFar, child) => {
        const [url] = /ws:\S+/.exec(soFar) ?? [];
        if (url === undefined || isAttached) return;
        isAttached = true;
        letRun(url);
        setTimeout(() => child.kill("SIGKILL"), 20_000).unref();
      },
    });
    if (run.exitCode !== "SIGKILL" || left === 1) return run;
  }
}

/** Attaches to Node's inspector and tells it what a debugger does once it is ready, as one frame of a WebSocket. */
function letRun(url: string): void {
  const headers = {
    ...{ Connection: "Upgrade", Upgrade: "websocket" },
    ...{ "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": Buffer.alloc(16).toString("base64") },
  };
  const text = Buffer.from(JSON.stringify({ id: 1, method: "Runtime.runIfWaitingForDebugger" }));
  get(url.replace("ws:", "http:"), { headers }).on("upgrade", (_, socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.destroy()); // answered: Node would wait for it at its end
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
  });
}
