import type { Program } from "../peer/program.js";

/** What a peer's thread needs of a program, beside what it was started with. */
type Hosted = Pick<Program, "raftPath" | "raftText" | "raftMap" | "raftCode" | "preludeText" | "preludeCode">;

/** The same in shared memory, the texts as UTF-8. To copy it for each thread takes a fiftieth of a peer's boot. */
export type SharedProgram = {
  readonly [Key in keyof Hosted]: Key extends "raftPath"
    ? string
    : Uint8Array | Extract<Hosted[Key], undefined>;
};

const shared = new WeakMap<Program, SharedProgram>();

/** Made once for each program. */
export function sharedProgram(program: Program): SharedProgram {
  let made = shared.get(program);
  if (!made) {
    const { raftPath, raftText, raftMap, raftCode, preludeText, preludeCode } = program;
    made = {
      raftPath,
      raftText: inSharedMemory(Buffer.from(raftText)),
      raftMap: inSharedMemory(Buffer.from(raftMap)),
      raftCode: raftCode && inSharedMemory(raftCode),
      preludeText: inSharedMemory(Buffer.from(preludeText)),
      preludeCode: inSharedMemory(preludeCode),
    };
    shared.set(program, made);
  }
  return made;
}

/** The thread's side. The map is read when it is asked for: only a stack needs it. */
export function readProgram({
  raftPath,
  raftText,
  raftMap,
  raftCode,
  preludeText,
  preludeCode,
}: SharedProgram): Hosted {
  return {
    raftPath,
    raftText: textOf(raftText),
    get raftMap() {
      return textOf(raftMap);
    },
    raftCode,
    preludeText: textOf(preludeText),
    preludeCode,
  };
}

function inSharedMemory(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}
