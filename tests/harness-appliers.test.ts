import test from "ava";
import { AppliedLogs, ApplyError } from "../src/harness/appliers.js";
import { SubmittedCommands, sameCommand, showCommand } from "../src/harness/commands.js";
import type { Command } from "../src/index.js";

/** The logs of three servers, where commands 10 to 19, "10" and objects `{ n: 10 }` were submitted. */
function threeLogs(): AppliedLogs {
  const submitted = new SubmittedCommands();
  for (let n = 10; n < 20; n += 1) submitted.add(n);
  submitted.add("10");
  submitted.add({ n: 10 });
  return new AppliedLogs(3, submitted);
}

type Applied = readonly [server: number, index: number, command: Command];

/** Applies in order. @returns the messages of what was wrong, one per message applied */
function applyAll(logs: AppliedLogs, applied: readonly Applied[]): (string | undefined)[] {
  return applied.map(([server, commandIndex, command]) => {
    return logs.apply(server, { commandValid: true, commandIndex, command })?.message;
  });
}

for (const { name, applied, errors } of [
  {
    name: "in order, alike on all servers",
    applied: [
      [0, 1, 10],
      [1, 1, 10],
      [0, 2, 11],
    ],
    errors: [undefined, undefined, undefined],
  },
  { name: "a first index other than 1", applied: [[1, 5, 10]], errors: ["server 1 apply out of order 5"] },
  { name: "index 0 first, which the lab does not mind", applied: [[1, 0, 10]], errors: [undefined] },
  {
    name: "a gap",
    applied: [
      [2, 1, 10],
      [2, 3, 12],
    ],
    errors: [undefined, "server 2 apply out of order 3"],
  },
  {
    name: "another command than another server",
    applied: [
      [0, 1, 10],
      [2, 1, 11],
    ],
    errors: [undefined, "commit index 1: server 2 applied 11, but server 0 10"],
  },
  {
    name: "the string 10 for the number 10",
    applied: [
      [0, 1, 10],
      [1, 1, "10"],
    ],
    errors: [undefined, "commit index 1: server 1 applied '10', but server 0 10"],
  },
  {
    name: "another command than two servers: the last mismatch is told",
    applied: [
      [0, 1, 10],
      [1, 1, 10],
      [2, 1, 11],
    ],
    errors: [undefined, undefined, "commit index 1: server 2 applied 11, but server 1 10"],
  },
  {
    name: "an index again, as after a restart",
    applied: [
      [0, 1, 10],
      [0, 2, 11],
      [0, 1, 10],
    ],
    errors: [undefined, undefined, undefined],
  },
  {
    name: "an index again with another command",
    applied: [
      [0, 1, 10],
      [0, 1, 11],
    ],
    errors: [undefined, "commit index 1: server 0 applied 11, but 10 before"],
  },
  {
    name: "an object equal by value to one submitted",
    applied: [[0, 1, { n: 10 }]],
    errors: [undefined],
  },
  {
    name: "a command that was never submitted",
    applied: [[0, 1, 77]],
    errors: ["server 0 applied 77 at index 1, which was never given to start()"],
  },
  {
    name: "an object that was never submitted",
    applied: [[0, 1, { n: 11 }]],
    errors: ["server 0 applied { n: 11 } at index 1, which was never given to start()"],
  },
  {
    name: "out of order tells more than differing, and is told",
    applied: [
      [0, 1, 10],
      [0, 2, 11],
      [1, 2, 12],
    ],
    errors: [undefined, undefined, "server 1 apply out of order 2"],
  },
] satisfies { name: string; applied: Applied[]; errors: (string | undefined)[] }[]) {
  test(`applied: ${name}`, (t) => t.deepEqual(applyAll(threeLogs(), applied), errors));
}

test("messages that hold no command are ignored", (t) => {
  const logs = threeLogs();
  t.is(logs.apply(0, { commandValid: false, commandIndex: 9, command: 10 }), undefined);
  t.deepEqual(logs.committed(9), { count: 0, command: undefined });
  t.is(logs.maxIndex, 0);
});

test("an apply error stays: every later look at what is committed tells it, with its server", (t) => {
  const logs = threeLogs();
  applyAll(logs, [
    [1, 2, 10],
    [1, 3, 11],
  ]);
  const error = t.throws(() => logs.committed(7), { instanceOf: ApplyError });
  t.is(error.message, "server 1 apply out of order 2");
  t.is(error.peer, 1);
});

test("what comes after an apply error is applied all the same, and the first error is kept", (t) => {
  const logs = threeLogs();
  applyAll(logs, [
    [0, 1, 10],
    [1, 1, 11],
    [1, 5, 12],
  ]);
  t.is(logs.maxIndex, 5);
  t.throws(() => logs.committed(1), { message: "commit index 1: server 1 applied 11, but server 0 10" });
});

test("a mismatch shows both logs up to the index, the last ten entries of each", (t) => {
  const logs = threeLogs();
  for (let index = 1; index <= 12; index += 1) applyAll(logs, [[0, index, 10]]);
  applyAll(logs, [
    [1, 1, 10],
    [1, 2, 11],
  ]);
  const error = t.throws(() => logs.committed(1), { instanceOf: ApplyError });
  t.deepEqual(error.details, ["server 1 has applied 1: 10, 2: 11", "server 0 has applied 1: 10, 2: 10"]);
  applyAll(logs, [[2, 12, 10]]);
  const late = threeLogs();
  for (let index = 1; index <= 12; index += 1) applyAll(late, [[0, index, 10]]);
  t.regex(
    late.apply(0, { commandValid: true, commandIndex: 12, command: 11 })?.details[0] ?? "",
    /^server 0 has applied … 3: 10, .*, 12: 11$/,
  );
});

test("maxIndex is the highest index that any server has applied", (t) => {
  const logs = threeLogs();
  applyAll(logs, [
    [0, 1, 10],
    [0, 2, 11],
    [1, 1, 10],
  ]);
  t.is(logs.maxIndex, 2);
});

test("commands are equal by type and value, objects by what they hold", (t) => {
  t.true(sameCommand(5, 5));
  t.false(sameCommand(5, "5"));
  t.false(sameCommand(5, 5n));
  t.true(sameCommand(null, null));
  t.false(sameCommand(null, {}));
  t.true(sameCommand({ op: "put", key: new Uint8Array([1, 2]) }, { op: "put", key: new Uint8Array([1, 2]) }));
  t.false(
    sameCommand({ op: "put", key: new Uint8Array([1, 2]) }, { op: "put", key: new Uint8Array([1, 3]) }),
  );
});

test("a long command is shown cut", (t) => {
  t.is(showCommand(101), "101");
  t.is(showCommand("abc"), "'abc'");
  t.true(showCommand("x".repeat(5000)).length < 100);
  t.true(showCommand({ list: Array.from({ length: 90 }, (_, i) => i) }).length < 100);
});
