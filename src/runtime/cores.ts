import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

/**
 * Cores that this process may keep busy: those of the machine, or fewer where a container has a share of them,
 * which Node 20 does not look at.
 */
export function usableCores(): number {
  return Math.min(availableParallelism(), quotaCores());
}

/**
 * The whole cores of a quota that Linux has set for this process's group or one above it, at least 1.
 * @param root the root of the file system, for tests
 * @returns infinity where there is none
 */
export function quotaCores(root = "/"): number {
  const quotas = groupsIn(readOr("", join(root, "proc/self/cgroup"))).flatMap(({ mount, group }) =>
    foldersUp(group).map((folder) => quotaIn(join(root, "sys/fs/cgroup", mount, folder))),
  );
  return Math.min(...quotas, Number.POSITIVE_INFINITY);
}

/**
 * Reads `/proc/self/cgroup` (cgroups(7)): `0::/group` of version 2, `4:cpu,cpuacct:/group` of version 1. In a
 * container the group may be named as the host names it, and lie at the root.
 */
function groupsIn(text: string): readonly { readonly mount: string; readonly group: string }[] {
  return text.split("\n").flatMap((line) => {
    const [, id, controllers = "", group = "/"] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (id === "0") return [{ mount: "", group }];
    return controllers.split(",").includes("cpu")
      ? [
          { mount: controllers, group },
          { mount: "cpu", group },
        ]
      : [];
  });
}

/** A group's folder and all above it, the root included. */
function foldersUp(group: string): readonly string[] {
  const above = dirname(group);
  return above === group ? [group] : [group, ...foldersUp(above)];
}

/** Whole cores: of a quota of 1.5, two busy threads would each be halted for a quarter of the time. */
function quotaIn(folder: string): number {
  const inFile = (name: string): string => readOr("", join(folder, name));
  const [quota, period] = inFile("cpu.max") // version 2: "150000 100000", or "max 100000"
    ? inFile("cpu.max").split(" ")
    : [inFile("cpu.cfs_quota_us"), inFile("cpu.cfs_period_us")]; // version 1, where -1 is none
  const cores = Number(quota) / Number(period);
  return cores > 0 ? Math.max(1, Math.floor(cores)) : Number.POSITIVE_INFINITY;
}

function readOr(otherwise: string, file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return otherwise;
  }
}
