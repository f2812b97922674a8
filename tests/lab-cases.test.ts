import test from "ava";
import type { CaseDefinition } from "../src/harness/case.js";
import { labCases } from "../src/lab/index.js";
import { type Mistakes, runWithOracle } from "./helpers/oracle-raft.js";

/** Name, title, servers and network of each case, in the order of the lab's source (lab-spec 7 and 9.14). */
const table: readonly [name: string, title: string, servers: number, network: "reliable" | "unreliable"][] = [
  ["TestInitialElection3A", "Test (3A): initial election", 3, "reliable"],
  ["TestReElection3A", "Test (3A): election after network failure", 3, "reliable"],
  ["TestManyElections3A", "Test (3A): multiple elections", 7, "reliable"],
  ["TestBasicAgree3B", "Test (3B): basic agreement", 3, "reliable"],
  ["TestRPCBytes3B", "Test (3B): RPC byte count", 3, "reliable"],
  ["TestFollowerFailure3B", "Test (3B): test progressive failure of followers", 3, "reliable"],
  ["TestLeaderFailure3B", "Test (3B): test failure of leaders", 3, "reliable"],
  ["TestFailAgree3B", "Test (3B): agreement after follower reconnects", 3, "reliable"],
  ["TestFailNoAgree3B", "Test (3B): no agreement if too many followers disconnect", 5, "reliable"],
  ["TestConcurrentStarts3B", "Test (3B): concurrent Start()s", 3, "reliable"],
  ["TestRejoin3B", "Test (3B): rejoin of partitioned leader", 3, "reliable"],
  ["TestBackup3B", "Test (3B): leader backs up quickly over incorrect follower logs", 5, "reliable"],
  ["TestCount3B", "Test (3B): RPC counts aren't too high", 3, "reliable"],
  ["TestPersist13C", "Test (3C): basic persistence", 3, "reliable"],
  ["TestPersist23C", "Test (3C): more persistence", 5, "reliable"],
  ["TestPersist33C", "Test (3C): partitioned leader and one follower crash, leader restarts", 3, "reliable"],
  ["TestFigure83C", "Test (3C): Figure 8", 5, "reliable"],
  ["TestUnreliableAgree3C", "Test (3C): unreliable agreement", 5, "unreliable"],
  ["TestFigure8Unreliable3C", "Test (3C): Figure 8 (unreliable)", 5, "unreliable"],
  ["TestReliableChurn3C", "Test (3C): churn", 5, "reliable"],
  ["TestUnreliableChurn3C", "Test (3C): unreliable churn", 5, "unreliable"],
];

function labCase(name: string): CaseDefinition {
  const found = labCases.find((labCase) => labCase.name === name);
  if (!found) throw new Error(`no case ${name}`);
  return found;
}

test("the lab's 21 cases, by name, title, servers and network, in the order of its source", (t) => {
  t.deepEqual(
    labCases.map(({ name, title, servers, unreliable }) => {
      return [name, title, servers, unreliable ? "unreliable" : "reliable"];
    }),
    table,
  );
  for (const { name, part } of labCases) t.true(name.endsWith(part));
});

for (const [name] of table) {
  test(`${name} passes with peers that do nothing wrong, the same way for the same seed`, async (t) => {
    const first = await runWithOracle(labCase(name), {}, 5);
    t.is(first.result.status, "passed", first.result.error?.message);
    t.deepEqual(first.warnings, []);
    const second = await runWithOracle(labCase(name), {}, 5);
    t.deepEqual(second.events, first.events);
  });
}

/** Some commands that the cases submit, for a mistake to enter in the place of another. */
function instead(of: number, another: number): Mistakes {
  return { enters: (command) => [command === of ? another : command] };
}

interface Found {
  readonly name: string;
  readonly mistake: string;
  readonly mistakes: Mistakes;
  readonly message: string | RegExp;
  /** What that shows broken, on whatever machine; nothing where a slow one may be to blame. */
  readonly breaks?: "safety" | "budget";
}

for (const { name, mistake, mistakes, message, breaks } of [
  {
    name: "TestInitialElection3A",
    mistake: "a term of 0",
    mistakes: { firstTerm: 0 },
    message: "term is 0, but should be at least 1",
    breaks: "safety",
  },
  {
    name: "TestReElection3A",
    mistake: "a leader without a quorum",
    mistakes: { electsWithoutMajority: true },
    message: /^expected no leader among connected servers, but server \d claims to be leader/,
  },
  {
    name: "TestBasicAgree3B",
    mistake: "an entry too many",
    mistakes: { enters: (command) => [command, command] },
    message: "got index 2, but expected 1",
    breaks: "safety",
  },
  {
    name: "TestBasicAgree3B",
    mistake: "an entry before it was submitted",
    mistakes: { enters: (command) => [command, command], says: (index) => index - 1 },
    message: "index 2 is committed before anything was submitted for it",
    breaks: "safety",
  },
  {
    name: "TestRPCBytes3B",
    mistake: "each entry sent three times",
    mistakes: { rpcs: () => 3 },
    message: /^too many RPC bytes: got 30\d{4}, expected 150000$/,
    breaks: "budget",
  },
  {
    name: "TestFollowerFailure3B",
    mistake: "a commit without a majority",
    mistakes: { commitsWithoutMajority: true },
    message: "index 4 is committed by 1 servers, but there is no majority",
    breaks: "safety",
  },
  {
    name: "TestFollowerFailure3B",
    mistake: "a leader that refuses",
    mistakes: { rejects: (command) => command === 104 },
    message: /^leader \d rejected start\(\)$/,
  },
  {
    name: "TestFollowerFailure3B",
    mistake: "a wrong index",
    mistakes: { says: (index) => (index === 4 ? 5 : index) },
    message: "expected index 4, got 5",
    breaks: "safety",
  },
  {
    name: "TestFailNoAgree3B",
    mistake: "a commit without a majority",
    mistakes: { commitsWithoutMajority: true },
    message: "index 2 is committed by 2 servers, but there is no majority",
    breaks: "safety",
  },
  {
    name: "TestFailNoAgree3B",
    mistake: "an index out of bounds",
    mistakes: { enters: (command) => (command === 30 ? [30, 30, 30] : [command]) },
    message: "unexpected index 5; expected 2 or 3",
    breaks: "safety",
  },
  {
    name: "TestConcurrentStarts3B",
    mistake: "a command that got lost",
    mistakes: instead(102, 101),
    message: "command 102 missing in 100, 101, 101, 103, 104",
    breaks: "safety",
  },
  {
    name: "TestConcurrentStarts3B",
    mistake: "a term that never holds",
    mistakes: { termTicks: 10, enters: () => [] },
    message: "term changed too often",
  },
  {
    name: "TestCount3B",
    mistake: "an election that takes 31 RPCs and more",
    mistakes: { rpcs: () => 12 },
    message: /^too many or few RPCs \(\d+\) to elect the initial leader; expected 1 to 30$/,
    breaks: "budget",
  },
  {
    name: "TestCount3B",
    mistake: "no RPC at all",
    mistakes: { rpcs: () => 0 },
    message: "too many or few RPCs (0) to elect the initial leader; expected 1 to 30",
    breaks: "budget",
  },
  {
    name: "TestCount3B",
    mistake: "many RPCs for a batch of entries",
    mistakes: { rpcs: (entries) => (entries > 10 ? 22 : 1) },
    message: /^too many RPCs \(4\d\) for 10 entries; expected at most 42$/,
    breaks: "budget",
  },
  {
    name: "TestCount3B",
    mistake: "heartbeats that are too many",
    mistakes: { heartbeatTicks: (logLength) => (logLength > 10 ? 3 : 10) },
    message: /^too many RPCs \(6\d\) for 1 second of idleness; expected at most 60$/,
    breaks: "budget",
  },
  {
    name: "TestCount3B",
    mistake: "another command in an entry",
    mistakes: { enters: (command) => [command === 1 ? command : 1] },
    message: /^wrong value 1 committed for index 2; expected \d+$/,
    breaks: "safety",
  },
  {
    name: "TestPersist13C",
    mistake: "a log that does not survive",
    mistakes: { forgets: true },
    message: /^commit index 1: server \d applied 12, but (server \d )?11/,
  },
] satisfies Found[]) {
  test(`${name} finds ${mistake}`, async (t) => {
    const { result } = await runWithOracle(labCase(name), mistakes);
    if (typeof message === "string") t.is(result.error?.message, message);
    else t.regex(result.error?.message ?? "", message);
    t.is(result.error?.breaks, breaks);
  });
}

test("TestInitialElection3A only warns of a term that changes", async (t) => {
  const { result, warnings } = await runWithOracle(labCase("TestInitialElection3A"), { termTicks: 150 });
  t.is(result.status, "passed");
  t.deepEqual(warnings, ["the term changed even though there were no failures"]);
});
