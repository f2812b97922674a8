/** The Kubernetes Job as far as it goes without a cluster: what one of its containers does. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { CampaignResults } from "../src/stress/results-file.js";
import { emptyFolder, MAIN, projectFile } from "./helpers/cli.js";

/**
 * Runs what a container of the Kubernetes Job does, in a folder like the one its image has.
 * @param seeds in place of the campaign's
 * @param onStart told of the container's first process when the campaign has begun
 * @returns its exit code, and what it left in the volume
 */
async function runPod(
  t: ExecutionContext,
  { raft, seeds, onStart = () => {} }: PodOptions,
): Promise<{ exitCode: number | null; results: CampaignResults | undefined }> {
  const app = await emptyFolder(t);
  await writeFile(join(app, "raft.ts"), raft);
  const bin = join(app, "node_modules", ".bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, "whitewater"), `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`, {
    mode: 0o755,
  });
  const manifest = await readFile(projectFile("examples/kubernetes/stress-job.yaml"), "utf8");
  const [, script = ""] = /^ +- \|\n((?: {14}.*\n)+)/m.exec(manifest) ?? [];
  const words = script.replaceAll("/results", app).replace("1..100000", seeds);
  const pod = spawn("/bin/sh", ["-c", words], {
    cwd: app,
    env: { ...process.env, SHARDS: "16", JOB_COMPLETION_INDEX: "2" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  pod.stdout.once("data", () => onStart(pod));
  const [exitCode] = (await once(pod, "close")) as [number | null];
  const file = join(app, "shard2.json");
  const results = existsSync(file) ? JSON.parse(await readFile(file, "utf8")) : undefined;
  return { exitCode, results };
}

interface PodOptions {
  readonly raft: string;
  readonly seeds: string;
  readonly onStart?: (pod: ChildProcess) => void;
}

const shownBy = async (example: string) => await readFile(projectFile(`examples/${example}/raft.ts`), "utf8");

test.serial("a pod of the Kubernetes Job runs its shard, and ends well although runs fail", async (t) => {
  const { exitCode, results } = await runPod(t, { raft: await shownBy("eager"), seeds: "1..19" });
  t.is(exitCode, 0);
  t.deepEqual(results?.parts[0]?.plan, { first: 1, last: 19, shard: { index: 3, of: 16 } });
  t.is(results?.cases.length, 21 + 15, "the lab's, and those beside them");
  for (const { name, runs, failed } of results?.cases ?? []) t.deepEqual([runs, failed], [2, 2], name);
});

test.serial(
  "a pod whose raft.ts cannot be bundled does not end well: its shard has no results",
  async (t) => {
    const { exitCode, results } = await runPod(t, {
      raft: "export const make = (( => {};\n",
      seeds: "1..19",
    });
    t.is(exitCode, 1);
    t.is(results, undefined);
  },
);

test.serial("a pod that is taken away writes what it has found, and does not end well", async (t) => {
  const raft = await shownBy("smallest");
  const { exitCode, results } = await runPod(t, {
    raft,
    seeds: "1..100000",
    onStart: (pod) => pod.kill("SIGTERM"),
  });
  t.is(exitCode, 1);
  t.true(results?.parts[0]?.isInterrupted);
});
