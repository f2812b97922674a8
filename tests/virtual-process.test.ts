/** A link and a peer in virtual time: order, turns, late timers, freezes, and the end of an incarnation. */
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import type { MainToPeer, PeerToMain } from "../src/labrpc/wire.js";
import { Kernel } from "../src/runtime/kernel.js";
import { Lane } from "../src/runtime/lane.js";
import { seededRandom } from "../src/runtime/random.js";
import { type Pace, paceOf, SCHEDULES } from "../src/runtime/schedule.js";
import { type TurnInput, type VirtualPeer, VirtualProcess } from "../src/runtime/virtual-process.js";

function kernelOf(t: ExecutionContext): Kernel {
  const kernel = new Kernel(1);
  t.teardown(() => kernel.close());
  return kernel;
}

function until(kernel: Kernel, ms: number): Promise<void> {
  return new Promise((resolve) => kernel.after(ms - kernel.nowMs(), resolve));
}

/** A pace that the test sets: what is left out takes 1 µs, and is on time. */
function pace(differences: Partial<Pace> = {}): Pace {
  return { hopUs: () => 1, timerLateUs: () => 0, runsAtUs: (atUs) => atUs, ...differences };
}

/** A number as a message, in either direction. */
const request = (rpcId: number): MainToPeer => ({
  kind: "request",
  rpcId,
  svcMeth: "Raft.poke",
  args: NOTHING,
});
const reply = (rpcId: number): PeerToMain => ({ kind: "reply", rpcId, reply: NOTHING });
const NOTHING = new Uint8Array(0);

/** A peer in the test's words: `turn` says what each turn says, and when its next timer is due. */
class TestPeer implements VirtualPeer {
  /** All turns, as `5 µs: boot`, `7 µs: 1 2`. */
  readonly turns: string[] = [];
  isTerminated = false;
  dueUs = Number.POSITIVE_INFINITY;
  readonly #turn: (this: TestPeer, nowUs: number, inputs: readonly TurnInput[]) => readonly PeerToMain[];
  #said: readonly PeerToMain[] = [];

  constructor(
    turn: (this: TestPeer, nowUs: number, inputs: readonly TurnInput[]) => readonly PeerToMain[] = () => [],
  ) {
    this.#turn = turn;
  }

  begin(nowUs: number, inputs: readonly TurnInput[]): void {
    const shown = inputs.map((input) => (input.kind === "request" ? input.rpcId : input.kind));
    this.turns.push(`${nowUs} µs: ${shown.join(" ")}`);
    if (inputs.some(({ kind }) => kind === "timer") && this.dueUs <= nowUs) {
      this.dueUs = Number.POSITIVE_INFINITY;
    }
    this.#said = this.#turn.call(this, nowUs, inputs);
  }

  end() {
    return { said: this.#said, nextDueUs: this.dueUs };
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

function processOf(kernel: Kernel, peer: VirtualPeer, differences: Partial<Pace> = {}): VirtualProcess {
  return new VirtualProcess(kernel, pace(differences), 0, peer);
}

for (const schedule of SCHEDULES) {
  test(`${schedule}: messages of one direction arrive in the order said, each after a hop of the schedule`, async (t) => {
    const longestUs = schedule === "calm" ? 10 : 10_000;
    const shortestUs = schedule === "calm" ? 2 : 20;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(fc.nat(3000), { maxLength: 60 }), async (seed, gapsUs) => {
        const kernel = kernelOf(t);
        const arrived: number[] = [];
        const saidAtUs: number[] = [];
        const lane = new Lane<number>(kernel, paceOf(schedule, seededRandom(seed)), (messages) => {
          for (const message of messages) {
            const hopUs = kernel.nowUs - (saidAtUs[message] ?? Number.NaN);
            t.true(hopUs >= shortestUs && hopUs <= longestUs, `${hopUs} µs`);
            arrived.push(message);
          }
        });
        let atUs = 0;
        for (const [message, gapUs] of gapsUs.entries()) {
          atUs += gapUs;
          saidAtUs.push(atUs);
          kernel.at(atUs, () => lane.push(message));
        }
        // Said at one time, they may be said in another order than planned: the seed decides.
        await until(kernel, 1000);
        t.is(arrived.length, gapsUs.length);
        t.deepEqual(
          arrived.map((message) => saidAtUs[message] as number),
          saidAtUs,
        );
      }),
      { numRuns: 40 },
    );
  });
}

test("what would overtake an earlier message arrives with it, in one turn", async (t) => {
  const kernel = kernelOf(t);
  const hops = [10, 100, 5, 5, 500];
  const arrivals: string[] = [];
  const lane = new Lane<number>(kernel, pace({ hopUs: () => hops.shift() ?? 1 }), (messages) =>
    arrivals.push(`${kernel.nowUs} µs: ${messages.join(" ")}`),
  );
  for (const message of [1, 2, 3, 4, 5]) lane.push(message);
  await until(kernel, 1);
  t.deepEqual(arrivals, ["10 µs: 1", "100 µs: 2 3 4", "500 µs: 5"]);
});

test("a lane that is closed delivers nothing of what is on its way", async (t) => {
  const kernel = kernelOf(t);
  const lane = new Lane<number>(kernel, pace(), () => t.fail());
  lane.push(1);
  lane.close();
  await until(kernel, 1);
  t.pass();
});

test("a peer boots first, answers after a hop each way, and hears what came at once in one turn", async (t) => {
  const kernel = kernelOf(t);
  const peer = new TestPeer((_, inputs) =>
    inputs.flatMap((input) => (input.kind === "request" ? [reply(input.rpcId)] : [])),
  );
  const { link } = processOf(kernel, peer, { hopUs: () => 7 });
  const heard: string[] = [];
  link.onMessage((message) => heard.push(`${kernel.nowUs} µs: ${message.kind === "reply" && message.rpcId}`));
  link.post(request(1));
  kernel.at(20, () => {
    link.post(request(2));
    link.post(request(3));
  });
  await until(kernel, 1);
  t.deepEqual(peer.turns, ["7 µs: boot 1", "27 µs: 2 3"]);
  t.deepEqual(heard, ["14 µs: 1", "34 µs: 2", "34 µs: 3"]);
});

test("timers fire at their time, one a turn; one that was put off is not asked for", async (t) => {
  const kernel = kernelOf(t);
  const peer = new TestPeer(function (_, inputs) {
    const [first] = inputs;
    if (first?.kind === "boot") this.dueUs = 100;
    if (first?.kind === "request") this.dueUs = 300; // as a heartbeat puts an election off
    return [];
  });
  const { link } = processOf(kernel, peer);
  kernel.at(50, () => link.post(request(1)));
  await until(kernel, 1);
  t.deepEqual(peer.turns, ["1 µs: boot", "51 µs: 1", "300 µs: timer"]);
});

test("several timers due at one time have a turn each", async (t) => {
  const kernel = kernelOf(t);
  let left = 3;
  const peer = new TestPeer(function () {
    this.dueUs = left > 0 ? 100 : Number.POSITIVE_INFINITY;
    left -= 1;
    return [];
  });
  processOf(kernel, peer);
  await until(kernel, 1);
  t.deepEqual(peer.turns, ["1 µs: boot", "100 µs: timer", "100 µs: timer", "100 µs: timer"]);
});

test("a timer that fires late is not hurried by a message, and keeps back those after it", async (t) => {
  const kernel = kernelOf(t);
  const lates = [5000];
  const dues = [1000, 2000, Number.POSITIVE_INFINITY];
  const peer = new TestPeer(function (_, [first]) {
    if (first?.kind !== "request") this.dueUs = dues.shift() ?? Number.POSITIVE_INFINITY;
    return [];
  });
  const { link } = processOf(kernel, peer, { timerLateUs: () => lates.shift() ?? 0 });
  kernel.at(3000, () => link.post(request(1)));
  await until(kernel, 10);
  t.deepEqual(peer.turns, ["1 µs: boot", "3001 µs: 1", "6000 µs: timer", "6000 µs: timer"]);
});

test("a late timer that a message puts off meanwhile fires at its new time", async (t) => {
  const kernel = kernelOf(t);
  const lates = [5000];
  const peer = new TestPeer(function (_, [first]) {
    if (first?.kind === "boot") this.dueUs = 1000;
    if (first?.kind === "request") this.dueUs = 9000;
    return [];
  });
  const { link } = processOf(kernel, peer, { timerLateUs: () => lates.shift() ?? 0 });
  kernel.at(3000, () => link.post(request(1)));
  await until(kernel, 10);
  t.deepEqual(peer.turns, ["1 µs: boot", "3001 µs: 1", "9000 µs: timer"]);
});

test("a frozen peer does nothing; it wakes to all that came, its timer first", async (t) => {
  const kernel = kernelOf(t);
  const peer = new TestPeer(function (_, [first]) {
    if (first?.kind === "boot") this.dueUs = 500;
    return [];
  });
  const isFrozen = (atUs: number) => atUs >= 100 && atUs < 1000;
  const { link } = processOf(kernel, peer, { runsAtUs: (atUs) => (isFrozen(atUs) ? 1000 : atUs) });
  for (const [i, atUs] of [200, 400, 600].entries()) kernel.at(atUs, () => link.post(request(i)));
  await until(kernel, 2);
  t.deepEqual(peer.turns, ["1 µs: boot", "1000 µs: timer 0 1 2"]);
});

test("a peer that is ended says nothing more, hears nothing more, and its timers are void", async (t) => {
  const kernel = kernelOf(t);
  const peer = new TestPeer(function (nowUs) {
    this.dueUs = nowUs + 100;
    return [reply(nowUs)];
  });
  const process = processOf(kernel, peer, { hopUs: () => 50 });
  const heard: number[] = [];
  process.link.onMessage((message) => heard.push(message.kind === "reply" ? message.rpcId : -1));
  process.link.post(request(1));
  kernel.at(240, () => process.link.post(request(2))); // on its way when the peer ends
  kernel.at(270, () => process.terminate());
  await until(kernel, 1);
  // The turns of 50, 150 and 250 µs each said something; the words of the last were still under way.
  t.deepEqual(peer.turns, ["50 µs: boot 1", "150 µs: timer", "250 µs: timer"]);
  t.deepEqual(heard, [50, 150]);
  t.true(peer.isTerminated);
});

test("what arrived with the word on which a peer was ended is not heard any more", async (t) => {
  const kernel = kernelOf(t);
  const process = processOf(kernel, new TestPeer(() => [reply(1), reply(2), reply(3)]));
  const heard: number[] = [];
  process.link.onMessage((message) => {
    if (message.kind !== "reply") return;
    heard.push(message.rpcId);
    if (message.rpcId === 2) process.terminate();
  });
  await until(kernel, 1);
  t.deepEqual(heard, [1, 2]);
});

test("a peer that is ended while its turn takes real time says nothing of that turn", async (t) => {
  const kernel = kernelOf(t);
  let settle = (): void => {};
  const slow = new TestPeer();
  const end = () =>
    new Promise<{ said: readonly PeerToMain[]; nextDueUs: number }>((resolve) => {
      settle = () => resolve({ said: [reply(1)], nextDueUs: 5 });
    });
  const process = processOf(kernel, Object.assign(slow, { end }));
  process.link.onMessage(() => t.fail());
  kernel.at(0, () =>
    setTimeout(() => {
      process.terminate();
      settle();
    }, 20),
  );
  await until(kernel, 1);
  t.deepEqual(slow.turns, ["1 µs: boot"]);
});
