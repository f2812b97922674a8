import { decode } from "../labgob/labgob.js";

/** Arguments of RequestVote, as far as the rules need them (Figure 2). Indexes count from 1. */
export interface RequestVote {
  readonly term: number;
  readonly lastLogIndex: number;
  readonly lastLogTerm: number;
}

export interface Entry {
  readonly term: number;
  readonly command: unknown;
}

/** Arguments of AppendEntries (Figure 2). Indexes count from 1; term 0 stands at index 0. */
export interface AppendEntries {
  readonly term: number;
  readonly prevLogIndex: number;
  readonly prevLogTerm: number;
  readonly entries: readonly Entry[];
  readonly leaderCommit: number;
  /** Of the last entry; `prevLogIndex` where there is none. */
  readonly lastIndex: number;
}

/** A reply to either: `voteGranted` of the one and `success` of the other are `ok`. */
export interface Reply {
  /** 0 where the replier did not say. */
  readonly term: number;
  readonly ok: boolean;
}

export type Method = "requestVote" | "appendEntries";

/** The term of the entry that `args` has at `index`, from `prevLogIndex` to `lastIndex`. */
export function termIn(args: AppendEntries, index: number): number | undefined {
  if (index === args.prevLogIndex) return args.prevLogTerm;
  return args.entries[index - args.prevLogIndex - 1]?.term;
}

/** Higher terms and indexes than this are nothing that a run reaches, but something misread. */
const LARGEST = 1e9;

/** Methods that are warned of one by one; a peer that makes up names must not flood the console. */
const WARNINGS_MAX = 8;

const METHODS: ReadonlyMap<string, Method> = new Map([
  ["Raft.requestVote", "requestVote"],
  ["Raft.RequestVote", "requestVote"],
  ["Raft.appendEntries", "appendEntries"],
  ["Raft.AppendEntries", "appendEntries"],
]);

/** What a message decodes to, before it is known to be one. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the messages of any raft.ts that names their fields as Figure 2 does, in camelCase or with a capital
 * as in Go. Of what it cannot read it warns once, naming the fields it missed. It never throws.
 */
export class MessageReader {
  readonly #onWarning: (text: string) => void;
  readonly #warned = new Set<string>();
  /** What to add to an index on the wire: 1 for a log that counts from 0. Known from the first index read. */
  #indexShift: 0 | 1 | undefined;
  /** Likewise for `leaderCommit`, which such a log may still count from 1. */
  #commitShift: 0 | 1 | undefined;
  #isConfused = false;

  constructor(onWarning: (text: string) => void) {
    this.#onWarning = onWarning;
  }

  /** Which of the two RPCs this is; `undefined` for any other, and for all where indexes make no sense. */
  method(svcMeth: string): Method | undefined {
    if (this.#isConfused) return undefined;
    const method = METHODS.get(svcMeth);
    if (method === undefined) {
      this.#warn(svcMeth, `cannot read ${svcMeth}: they know Raft.requestVote and Raft.appendEntries`);
    }
    return method;
  }

  /** @returns `pre-vote` for an inquiry before an election (Ongaro's thesis, §9.6), which promises nothing */
  requestVote(bytes: Uint8Array): RequestVote | "pre-vote" | undefined {
    const args = fieldsIn(bytes);
    const flags = Object.keys(args).filter((name) => args[name] === true);
    if (flags.some(isPreVote)) return "pre-vote";
    if (flags.length > 0) return this.#missMeaning(flags);
    const term = whole(args.term ?? args.Term);
    const lastLogTerm = whole(args.lastLogTerm ?? args.LastLogTerm);
    const lastLogIndex = this.#index(whole(args.lastLogIndex ?? args.LastLogIndex), lastLogTerm);
    if (term === undefined || lastLogIndex === undefined || lastLogTerm === undefined) {
      return this.#miss("the arguments of Raft.requestVote", { term, lastLogIndex, lastLogTerm });
    }
    return { term, lastLogIndex, lastLogTerm: lastLogIndex === 0 ? 0 : lastLogTerm };
  }

  appendEntries(bytes: Uint8Array): AppendEntries | undefined {
    const args = fieldsIn(bytes);
    const term = whole(args.term ?? args.Term);
    const prevLogTerm = whole(args.prevLogTerm ?? args.PrevLogTerm);
    const prevLogIndex = this.#index(whole(args.prevLogIndex ?? args.PrevLogIndex), prevLogTerm);
    const entries = this.#entries(args);
    const leaderCommit = this.#commit(whole(args.leaderCommit ?? args.LeaderCommit));
    if (
      term === undefined ||
      prevLogIndex === undefined ||
      prevLogTerm === undefined ||
      entries === undefined ||
      leaderCommit === undefined
    ) {
      const fields = { term, prevLogIndex, prevLogTerm, "entries[].term": entries, leaderCommit };
      return this.#miss("the arguments of Raft.appendEntries", fields);
    }
    return {
      term,
      prevLogIndex,
      prevLogTerm: prevLogIndex === 0 ? 0 : prevLogTerm,
      entries,
      leaderCommit,
      lastIndex: prevLogIndex + entries.length,
    };
  }

  voteReply(bytes: Uint8Array): Reply | undefined {
    const { term, Term, voteGranted, VoteGranted } = fieldsIn(bytes);
    return this.#reply("requestVote", "voteGranted", whole(term ?? Term), voteGranted ?? VoteGranted);
  }

  appendReply(bytes: Uint8Array): Reply | undefined {
    const { term, Term, success, Success } = fieldsIn(bytes);
    return this.#reply("appendEntries", "success", whole(term ?? Term), success ?? Success);
  }

  #reply(method: Method, okName: string, term: number | undefined, ok: unknown): Reply | undefined {
    if (term !== undefined && typeof ok === "boolean") return { term, ok };
    const fields = { term, [okName]: typeof ok === "boolean" ? ok : undefined };
    return this.#miss(`the reply of Raft.${method}`, fields);
  }

  /**
   * A log that counts from 0 begins with -1, for "no entry"; one that counts from 1 never has that. Its "no entry"
   * is index 0 of term 0, and a first entry at index 0 has a higher one.
   * @param term of the entry at `index`
   */
  #index(index: number | undefined, term: number | undefined): number | undefined {
    if (index === undefined) return undefined;
    this.#indexShift ??= index === -1 ? 1 : 0;
    const isNoTerm = term === 0 || term === -1;
    const isOtherNoEntry = this.#indexShift === 0 ? index === -1 : index === 0 && isNoTerm;
    if (!isOtherNoEntry) return index + this.#indexShift;
    this.#isConfused = true;
    this.#warn("indexes", "find indexes that count from 1 and others that count from 0");
    return undefined;
  }

  /** Nothing is committed yet when the first is read: it shows how "nothing" is written. */
  #commit(leaderCommit: number | undefined): number | undefined {
    if (leaderCommit === undefined) return undefined;
    this.#commitShift ??= this.#indexShift === 1 && leaderCommit === -1 ? 1 : 0;
    return Math.max(0, leaderCommit + this.#commitShift);
  }

  #entries(args: Fields): readonly Entry[] | undefined {
    const entries = args.entries ?? args.Entries;
    if (Array.isArray(entries)) return this.#checked(entries);
    // A heartbeat may leave them out. Not so where something else might be the entries under another name.
    const isBare = Object.values(args).every((value) => typeof value !== "object" || value === null);
    return (entries === undefined || entries === null) && isBare ? NO_ENTRIES : undefined;
  }

  /** The array itself where it holds entries as we write them; a copy where they are written as in Go. */
  #checked(entries: readonly unknown[]): readonly Entry[] | undefined {
    let isPlain = true;
    for (const entry of entries) {
      if (typeof entry !== "object" || entry === null) return undefined;
      const { term, Term, command } = entry as Fields;
      if (!isTerm(term ?? Term)) return undefined;
      if (term === undefined || command === undefined) isPlain = false;
    }
    return isPlain ? (entries as readonly Entry[]) : entries.map((entry) => this.#entry(entry as Fields));
  }

  #entry(entry: Fields): Entry {
    if (!("command" in entry || "Command" in entry)) {
      this.#warn("entries[].command", 'miss "command" in the entries of Raft.appendEntries');
    }
    return { term: Number(entry.term ?? entry.Term), command: entry.command ?? entry.Command };
  }

  /** Figure 2 has no flags: with one, a request may ask for something else than a vote, such as for a pre-vote. */
  #missMeaning(flags: readonly string[]): undefined {
    const names = flags.map((name) => `"${name}"`).join(", ");
    const what = `do not know ${names} in the arguments of Raft.requestVote`;
    this.#warn("flags", `${what}, and so whether that asks for a vote; they know "preVote"`);
    return undefined;
  }

  #miss(what: string, fields: Fields): undefined {
    if (this.#isConfused) return undefined; // that is said already, and it is not the names
    const missed = Object.keys(fields).filter((name) => fields[name] === undefined);
    this.#warn(what, `miss ${missed.map((name) => `"${name}"`).join(", ")} in ${what}`);
    return undefined;
  }

  #warn(what: string, text: string): void {
    if (this.#warned.has(what) || this.#warned.size === WARNINGS_MAX) return;
    this.#warned.add(what);
    this.#onWarning(
      `The checkers of Raft's rules ${text}. Rules that need it are not checked. ` +
        "Names are those of the paper's Figure 2, in camelCase.",
    );
  }
}

const NO_ENTRIES: readonly Entry[] = [];
const NO_FIELDS: Fields = {};

/** The fields of the object that `bytes` hold; none where they hold something else. */
function fieldsIn(bytes: Uint8Array): Fields {
  try {
    const value = decode<unknown>(bytes);
    return typeof value === "object" && value !== null ? (value as Fields) : NO_FIELDS;
  } catch {
    return NO_FIELDS; // bytes that labgob cannot read have no fields that we could
  }
}

/** `preVote`, `is_pre_vote` and the like. */
function isPreVote(name: string): boolean {
  return /^(is)?prevote$/.test(name.toLowerCase().replaceAll("_", ""));
}

/** A term or index; -1 is how some write that there is none. */
function whole(value: unknown): number | undefined {
  return Number.isInteger(value) && (value as number) >= -1 && (value as number) <= LARGEST
    ? (value as number)
    : undefined;
}

function isTerm(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LARGEST;
}
