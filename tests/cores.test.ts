import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import test from "ava";
import { quotaCores, usableCores } from "../src/runtime/cores.js";
import { emptyFolder } from "./helpers/cli.js";

const NONE = Number.POSITIVE_INFINITY;

for (const { what, files, cores } of [
  { what: "no such files, as on macOS", files: {}, cores: NONE },
  {
    what: "version 2, in a container that sees its group as the root",
    files: { "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "250000 100000\n" },
    cores: 2,
  },
  {
    what: "version 2, a group without a limit below one that has one",
    files: {
      "proc/self/cgroup": "0::/pods/mine\n",
      "sys/fs/cgroup/pods/mine/cpu.max": "max 100000\n",
      "sys/fs/cgroup/pods/cpu.max": "300000 100000\n",
    },
    cores: 3,
  },
  {
    what: "version 2 without a limit",
    files: { "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n" },
    cores: NONE,
  },
  {
    what: "less than a core is one",
    files: { "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "20000 100000\n" },
    cores: 1,
  },
  {
    what: "version 1, in a container that is told its name on the host",
    files: {
      "proc/self/cgroup": "9:memory:/a/b\n4:cpu,cpuacct:/docker/0123\n0::/\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "400000\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    },
    cores: 4,
  },
  {
    what: "version 1 without a limit",
    files: {
      "proc/self/cgroup": "1:cpu:/\n",
      "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    },
    cores: NONE,
  },
  {
    what: "files that hold something else",
    files: { "proc/self/cgroup": "0::/\nwhat\n", "sys/fs/cgroup/cpu.max": "many few\n" },
    cores: NONE,
  },
]) {
  test(`the cores of a quota: ${what}`, async (t) => {
    const root = await emptyFolder(t);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    t.is(quotaCores(root), cores);
  });
}

test("no more cores are used than the machine has", (t) => {
  t.true(usableCores() >= 1 && usableCores() <= availableParallelism());
});
