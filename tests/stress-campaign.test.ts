import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { Progress } from "../src/cli/progress.js";
import { Campaign, type CampaignOptions } from "../src/stress/campaign.js";
import { plannedRuns, WHOLE } from "../src/stress/plan.js";
import type { RunReport } from "../src/stress/runner.js";
import { caseA, caseB, errorOf, IN_SIM, resultOf, ScriptedRunner } from "./helpers/campaigns.js";

/** A campaign over seeds 1 to 5 of two cases, one run at a time, that passes. */
function campaignOf({
  runner = new ScriptedRunner(),
  ...options
}: Partial<CampaignOptions> & { runner?: ScriptedRunner } = {}) {
  const cases = [caseA, caseB];
  const plan = plannedRuns(cases, { first: 1, last: 5, shard: WHOLE });
  return { runner, campaign: new Campaign({ cases, plan, runner, manner: IN_SIM, jobs: 1, ...options }) };
}

const failed = (seed: number, given: Partial<RunReport> = {}): Partial<RunReport> => ({
  result: resultOf({ seed, error: errorOf("no leader") }),
  ...given,
});

test("a campaign makes the runs of its plan, in order, and counts them", async (t) => {
  const reported: string[] = [];
  const { runner, campaign } = campaignOf({
    onReport: ({ definition, seed }) => void reported.push(`${definition.name} ${seed}`),
  });
  await campaign.run();
  const inOrder = [1, 2, 3, 4, 5].flatMap((seed) => [`TestA ${seed}`, `TestB ${seed}`]);
  t.deepEqual(
    runner.asked.map(({ name, seed }) => `${name} ${seed}`),
    inOrder,
  );
  t.true(runner.asked.every(({ manner }) => manner === IN_SIM));
  t.deepEqual(reported, inOrder);
  t.is(campaign.tally.runs, 10);
  t.is(campaign.lastSeed, 5);
});

test("--jobs: as many runs at once, and no more", async (t) => {
  let running = 0;
  let most = 0;
  const runner = new ScriptedRunner(async () => {
    running += 1;
    most = Math.max(most, running);
    await sleep(5);
    running -= 1;
    return {};
  });
  await campaignOf({ runner, jobs: 3 }).campaign.run();
  t.is(most, 3);
});

test("no run begins in the place of one whose report is still dealt with", async (t) => {
  let dealtWith = 0;
  const runner: ScriptedRunner = new ScriptedRunner(() => {
    t.is(runner.asked.length, dealtWith + 1);
    return {};
  });
  const { campaign } = campaignOf({
    runner,
    onReport: async () => {
      await sleep(1);
      dealtWith += 1;
    },
  });
  await campaign.run();
  t.is(dealtWith, 10);
});

test("--for: no run begins when time is up; one under way is finished and counted", async (t) => {
  const runner = new ScriptedRunner(async () => {
    await sleep(60);
    return {};
  });
  const { campaign } = campaignOf({ runner, forMs: 100 });
  await campaign.run();
  t.is(campaign.tally.runs, runner.asked.length);
  t.true(runner.asked.length >= 1 && runner.asked.length <= 2, `${runner.asked.length} runs`);
});

test("--bail: no run begins after a failure, and those under way are counted", async (t) => {
  const runner = new ScriptedRunner(async ({ seed }) => {
    await sleep(seed === 2 ? 1 : 30);
    return seed === 2 ? failed(seed) : {};
  });
  const { campaign } = campaignOf({ runner, jobs: 4, bail: true });
  await campaign.run();
  t.true(runner.asked.length < 10);
  t.is(campaign.tally.runs, runner.asked.length);
  t.true(campaign.tally.failed >= 1);
});

test("stopped, it begins no further run", async (t) => {
  const { runner, campaign } = campaignOf({ onReport: () => campaign.stop() });
  await campaign.run();
  t.is(runner.asked.length, 1);
});

test("failures are examined before they are counted, and what passes is not", async (t) => {
  const runner = new ScriptedRunner(({ seed, name }) => (seed === 3 && name === "TestB" ? failed(seed) : {}));
  const reports: RunReport[] = [];
  const { campaign } = campaignOf({
    runner,
    examine: async (_, report) => ({ ...report, result: resultOf({ error: errorOf("examined") }) }),
    onReport: (_, report) => void reports.push(report),
  });
  await campaign.run();
  t.deepEqual(
    campaign.tally.groups.map(({ signature, count }) => [signature, count]),
    [["check in TestA: examined", 1]],
  );
  t.is(reports.filter(({ result }) => result.error?.message === "examined").length, 1);
});

test("broken off, it counts failures that are being examined, once, and nothing after that", async (t) => {
  let goOn = (_: RunReport): void => {};
  const reported: number[] = [];
  const runner = new ScriptedRunner(({ seed }) => failed(seed));
  const { campaign } = campaignOf({
    runner,
    examine: () => new Promise((resolve) => (goOn = resolve)),
    onReport: ({ seed }) => void reported.push(seed),
  });
  const done = campaign.run();
  await sleep(10);
  t.is(campaign.tally.runs, 0);
  const unexamined = campaign.breakOff();
  t.deepEqual(
    unexamined.map(({ result }) => [result.seed, result.error?.message]),
    [[1, "no leader"]],
  );
  t.is(campaign.tally.failed, 1);
  goOn({ result: resultOf({ error: errorOf("too late") }), events: 0 });
  await done;
  t.is(campaign.tally.runs, 1);
  t.deepEqual(reported, []);
});

/** What is written to a stream that pretends to be a terminal, or not. */
function progressOn(terminal: { isTTY: boolean; columns?: number }, quiet = false) {
  let written = "";
  const stream = { ...terminal, write: (text: string) => (written += text) } as unknown as NodeJS.WriteStream;
  return { progress: new Progress({ quiet, stream }), written: () => written };
}

test("on a terminal, progress is one live line of its width, taken off before anything else is printed", async (t) => {
  const { progress, written } = progressOn({ isTTY: true, columns: 20 });
  await sleep(120);
  progress.update(() => "5 of 10 runs, and so on and on");
  progress.update(() => "too soon after the last one");
  t.is(written(), "\r5 of 10 runs, and s\u001b[K");
  progress.clear();
  progress.clear();
  t.is(written(), "\r5 of 10 runs, and s\u001b[K\r\u001b[K");
});

test("elsewhere, progress is a plain line every few seconds, and nothing is to be taken off", async (t) => {
  const { progress, written } = progressOn({ isTTY: false });
  progress.update(() => t.fail("made before it is due"));
  await sleep(5100);
  progress.update(() => "5 of 10 runs");
  progress.update(() => t.fail("made before it is due again"));
  progress.clear();
  t.is(written(), "5 of 10 runs\n");
});

test("--quiet: no progress, and no line is made for it", async (t) => {
  const { progress, written } = progressOn({ isTTY: true }, true);
  await sleep(120);
  progress.update(() => t.fail());
  progress.clear();
  t.is(written(), "");
});
