import { createContext, runInContext } from "node:vm";
import test from "ava";
import { MemoryPersister } from "../src/persister/memory-persister.js";

const bytes = (...values: number[]) => Uint8Array.from(values);
const EMPTY = bytes();

test("a new persister is empty, and reads are never null", (t) => {
  const persister = new MemoryPersister();
  t.deepEqual(persister.readRaftState(), EMPTY);
  t.deepEqual(persister.readSnapshot(), EMPTY);
  t.is(persister.raftStateSize(), 0);
  t.is(persister.snapshotSize(), 0);
});

for (const method of ["save", "saveStateAndSnapshot"] as const) {
  test(`${method} replaces both`, (t) => {
    const persister = new MemoryPersister(bytes(1), bytes(2));
    persister[method](bytes(3, 4), bytes(5, 6, 7));
    t.deepEqual(persister.readRaftState(), bytes(3, 4));
    t.deepEqual(persister.readSnapshot(), bytes(5, 6, 7));
    t.is(persister.raftStateSize(), 2);
    t.is(persister.snapshotSize(), 3);
    persister[method](EMPTY, EMPTY);
    t.is(persister.raftStateSize() + persister.snapshotSize(), 0);
  });
}

test("saveRaftState leaves the snapshot as it is", (t) => {
  const persister = new MemoryPersister();
  persister.save(bytes(1), bytes(2));
  persister.saveRaftState(bytes(3));
  t.deepEqual(persister.readRaftState(), bytes(3));
  t.deepEqual(persister.readSnapshot(), bytes(2));
});

test("adopt takes the arrays themselves, of any realm, and what is read is a copy in this one", (t) => {
  const saves: (Uint8Array | null)[] = [];
  const persister = new MemoryPersister(EMPTY, bytes(9), (state, snapshot) => saves.push(state, snapshot));
  const foreign = runInContext("Uint8Array.from([1, 2])", createContext()) as Uint8Array;
  persister.adopt(foreign, null);
  t.is(saves[0], foreign);
  t.is(saves[1], null);
  const read = persister.readRaftState();
  t.deepEqual(read, bytes(1, 2));
  read.fill(0);
  t.deepEqual(persister.copy().readRaftState(), bytes(1, 2));
  t.deepEqual(persister.readSnapshot(), bytes(9));
  persister.adopt(bytes(3), bytes(4));
  t.deepEqual([persister.readRaftState(), persister.readSnapshot()], [bytes(3), bytes(4)]);
});

test("bytes are copied in and out", (t) => {
  const [bornWith, state, snapshot] = [bytes(1), bytes(2), bytes(3)];
  const persister = new MemoryPersister(bornWith, bornWith);
  bornWith.fill(0);
  t.deepEqual(persister.readRaftState(), bytes(1));
  persister.save(state, snapshot);
  state.fill(0);
  snapshot.fill(0);
  persister.readRaftState().fill(0);
  persister.readSnapshot().fill(0);
  t.deepEqual(persister.readRaftState(), bytes(2));
  t.deepEqual(persister.readSnapshot(), bytes(3));
});

test("a view is saved as what it shows, in an array of exactly its size", (t) => {
  const persister = new MemoryPersister();
  persister.saveRaftState(bytes(9, 1, 2, 9).subarray(1, 3));
  t.deepEqual(persister.readRaftState(), bytes(1, 2));
  t.is(persister.readRaftState().buffer.byteLength, 2);
});

test("a copy has the same contents and goes its own way", (t) => {
  const heard: Uint8Array[] = [];
  const persister = new MemoryPersister(bytes(1), bytes(2), (state) => heard.push(state));
  const copy = persister.copy();
  copy.save(bytes(3), bytes(4));
  t.deepEqual(persister.readRaftState(), bytes(1));
  persister.saveRaftState(bytes(5));
  t.deepEqual(copy.readRaftState(), bytes(3));
  t.deepEqual(copy.readSnapshot(), bytes(4));
  t.deepEqual(heard, [bytes(5)]);
});

test("onSave hears of each save when it is done; null where the snapshot stays", (t) => {
  const heard: unknown[] = [];
  const persister: MemoryPersister = new MemoryPersister(EMPTY, EMPTY, (state, snapshot) => {
    heard.push([state.slice(), snapshot, persister.raftStateSize()]);
  });
  const mine = bytes(1);
  persister.save(mine, EMPTY);
  mine.fill(0);
  persister.saveRaftState(bytes(2, 3));
  persister.saveStateAndSnapshot(EMPTY, bytes(4));
  t.deepEqual(heard, [
    [bytes(1), EMPTY, 1],
    [bytes(2, 3), null, 2],
    [EMPTY, bytes(4), 0],
  ]);
});

test("states of any length that are saved one after the other are read as they were saved, and not what was there before", (t) => {
  const persister = new MemoryPersister(bytes(9, 9, 9));
  for (const state of [bytes(1, 2), bytes(), bytes(3), bytes(4, 5, 6, 7), bytes(8)]) {
    persister.saveRaftState(state);
    t.deepEqual(persister.readRaftState(), state);
    t.is(persister.raftStateSize(), state.length);
  }
});

test("a copy keeps its bytes when the original saves again", (t) => {
  const persister = new MemoryPersister();
  persister.saveRaftState(bytes(1, 2, 3));
  const copy = persister.copy();
  const read = persister.readRaftState();
  persister.saveRaftState(bytes(7, 8, 9));
  t.deepEqual([copy.readRaftState(), read], [bytes(1, 2, 3), bytes(1, 2, 3)]);
});

test("a wrong snapshot leaves the state as it was", (t) => {
  const persister = new MemoryPersister();
  persister.saveRaftState(bytes(1, 2, 3));
  t.throws(() => persister.save(bytes(7, 8, 9), "none" as unknown as Uint8Array), { instanceOf: TypeError });
  t.deepEqual(persister.readRaftState(), bytes(1, 2, 3));
});

test("a Buffer and a Uint8Array of another realm are taken, and read as this realm's Uint8Array", (t) => {
  const persister = new MemoryPersister();
  const foreign = runInContext("Uint8Array.of(1, 2)", createContext()) as Uint8Array;
  t.false(foreign instanceof Uint8Array);
  persister.save(Buffer.from("ab"), foreign);
  t.deepEqual(persister.readRaftState(), bytes(97, 98));
  t.deepEqual(persister.readSnapshot(), bytes(1, 2));
});

for (const { name, call, message } of [
  {
    name: "a string",
    call: (p: MemoryPersister) => p.save("state" as never, EMPTY),
    message:
      /^persister\.save: state must be a Uint8Array; got a string\. Encode it first: .*new LabEncoder.*\.bytes\(\)/,
  },
  {
    name: "a plain object",
    call: (p: MemoryPersister) => p.saveRaftState({ term: 1 } as never),
    message: /^persister\.saveRaftState: state must be a Uint8Array; got an object\./,
  },
  {
    name: "an array",
    call: (p: MemoryPersister) => p.saveStateAndSnapshot([1, 2] as never, EMPTY),
    message: /^persister\.saveStateAndSnapshot: state must be a Uint8Array; got an object of type Array\./,
  },
  {
    name: "no snapshot",
    call: (p: MemoryPersister) => Reflect.apply(p.save, p, [bytes(9)]),
    message: /snapshot must be a Uint8Array; got undefined\..*new Uint8Array\(0\).*saveRaftState/,
  },
  {
    name: "another kind of array",
    call: (p: MemoryPersister) => p.save(bytes(9), new Uint16Array(1) as never),
    message: /^persister\.save: snapshot must be a Uint8Array; got an object of type Uint16Array\./,
  },
]) {
  test(`a wrong argument is a TypeError and changes nothing: ${name}`, (t) => {
    const persister = new MemoryPersister(bytes(1), bytes(2));
    t.throws(() => call(persister), { instanceOf: TypeError, message });
    t.deepEqual(persister.readRaftState(), bytes(1));
    t.deepEqual(persister.readSnapshot(), bytes(2));
  });
}
