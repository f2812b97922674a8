/** A Link over a MessagePort, both ends in this thread. */
import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import test, { type ExecutionContext } from "ava";
import { FrameReader, type WireMessage } from "../src/labrpc/frames.js";
import type { MainToPeer, PeerToMain } from "../src/labrpc/wire.js";
import { FrameRing, newLinkMemory } from "../src/runtime/frame-ring.js";
import { type LinkRings, PortLink } from "../src/runtime/port-link.js";
import { seededRandom } from "../src/runtime/random.js";

const NOTHING = new Uint8Array(0);

/** Messages that a number tells apart, in each direction. */
const toMain = (number: number): PeerToMain => ({ kind: "reply", rpcId: number, reply: NOTHING });
const toPeer = (number: number): MainToPeer => ({ kind: "outcome", rpcId: number, reply: null });
const numberOf = (message: WireMessage): number => ("rpcId" in message ? message.rpcId : -1);

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}

/** Ports and memory of one link. */
function newLink() {
  const { toPeer, toMain } = newLinkMemory();
  const ofMain: LinkRings = { out: new FrameRing(toPeer), in: new FrameRing(toMain) };
  const ofPeer: LinkRings = { out: new FrameRing(toMain), in: new FrameRing(toPeer) };
  return { ...new MessageChannel(), ofMain, ofPeer };
}

/** The main thread's end of a link, of which the test itself is the other end. */
function openMain(t: ExecutionContext) {
  const { port1, port2, ofMain, ofPeer } = newLink();
  const link = new PortLink<MainToPeer, PeerToMain>(port1, ofMain);
  t.teardown(() => link.close());
  const reader = new FrameReader();
  /** The numbers of the messages of the next post; `undefined` if there is none. */
  const nextPost = (): number[] | undefined => {
    const post = receiveMessageOnPort(port2)?.message;
    if (post === undefined) return undefined;
    return reader.read(typeof post === "number" ? ofPeer.in.take(post) : post).map(numberOf);
  };
  return { link, nextPost };
}

/** Both ends of one link. */
function openLink(t: ExecutionContext) {
  const { port1, port2, ofMain, ofPeer } = newLink();
  const main = new PortLink<MainToPeer, PeerToMain>(port1, ofMain);
  const peer = new PortLink<PeerToMain, MainToPeer>(port2, ofPeer);
  t.teardown(() => {
    main.close();
    peer.close();
  });
  return { main, peer };
}

/** The numbers heard at one end, and a wait for the first `count` of them. */
function listenTo(link: PortLink<MainToPeer, PeerToMain> | PortLink<PeerToMain, MainToPeer>) {
  const heard: number[] = [];
  link.onMessage((message) => heard.push(numberOf(message)));
  const hear = async (count: number): Promise<number[]> => {
    while (heard.length < count) await nextTurn();
    return heard;
  };
  return { heard, hear };
}

/** Long enough for all that is on its way to arrive: what is posted to a port arrives in a turn or two. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}

test("a state that was saved is left alone by saves that come after the link was closed", async (t) => {
  const { main, peer } = openLink(t);
  const heard: Uint8Array[] = [];
  main.onMessage((message) => {
    if (message.kind !== "save") return;
    heard.push(message.state);
    if (heard.length === 2) main.close();
  });
  for (const byte of [1, 2, 3, 4]) {
    peer.post({ kind: "save", state: new Uint8Array(100).fill(byte), snapshot: null });
    if (byte === 3) await nextTurn(); // the third comes in the same batch as the second, the fourth by itself
  }
  await turns(20);
  t.is(heard.length, 2);
  t.deepEqual(heard[1], new Uint8Array(100).fill(2));
});

test("messages arrive in the order said, both ways at once, however they are spread over turns", async (t) => {
  const { main, peer } = openLink(t);
  const [atMain, atPeer] = [listenTo(main), listenTo(peer)];
  const random = seededRandom(1);
  for (const number of upTo(2000)) {
    peer.post(toMain(number));
    main.post(toPeer(number));
    if (random.percent(10)) peer.flush();
    if (random.percent(10)) await turns(random.int(1, 3));
  }
  t.deepEqual(await atMain.hear(2000), upTo(2000));
  t.deepEqual(await atPeer.hear(2000), upTo(2000));
});

test("what is said in one go is one post, and the next go's another", async (t) => {
  const { link, nextPost } = openMain(t);
  for (const number of [1, 2, 3]) link.post(toPeer(number));
  t.is(nextPost(), undefined);
  await Promise.resolve();
  t.deepEqual(nextPost(), [1, 2, 3], "it does not wait for the end of the turn");
  for (const number of [4, 5]) link.post(toPeer(number));
  t.is(nextPost(), undefined);
  await Promise.resolve();
  t.deepEqual(nextPost(), [4, 5]);
  t.is(nextPost(), undefined);
});

test("what several say at once, each in a microtask of its own, is one post", async (t) => {
  const { link, nextPost } = openMain(t);
  const speak = async (number: number): Promise<void> => {
    await undefined;
    link.post(toPeer(number));
  };
  for (const number of upTo(30)) void speak(number);
  await nextTurn();
  t.deepEqual(nextPost(), upTo(30));
  t.is(nextPost(), undefined);
});

test("who says much in one go is heard before it ends, 1000 messages at most", async (t) => {
  const { link, nextPost } = openMain(t);
  for (const number of upTo(2000)) link.post(toPeer(number));

  for (let end = 50; end <= 1000; end += 50) t.deepEqual(nextPost(), upTo(end).slice(-50));
  t.is(nextPost(), undefined);
  await nextTurn();
  t.deepEqual(nextPost(), upTo(2000).slice(1000));
});

test("after 1000 messages, what is said waits until the event loop comes round, so that an endless loop is noticed", async (t) => {
  const { link, nextPost } = openMain(t);
  for (const number of upTo(1200)) {
    link.post(toPeer(number));
    await Promise.resolve();
  }
  for (const number of upTo(1000)) t.deepEqual(nextPost(), [number]);
  t.is(nextPost(), undefined);
  await nextTurn();
  t.deepEqual(nextPost(), upTo(1200).slice(1000));
  link.post(toPeer(1201));
  await Promise.resolve();
  t.deepEqual(nextPost(), [1201], "and from then on it does not wait");
});

test("flush posts what was said so far, within the go; the rest of the go is a post of its own", async (t) => {
  const { link, nextPost } = openMain(t);
  link.flush(); // nothing was said: nothing is posted
  t.is(nextPost(), undefined);
  for (const number of [1, 2]) link.post(toPeer(number));
  link.flush();
  link.flush();
  link.post(toPeer(3));
  t.deepEqual(nextPost(), [1, 2]);
  t.is(nextPost(), undefined);
  await nextTurn();
  t.deepEqual(nextPost(), [3]);
});

test("what the shared memory has no room for comes as well, and in its order", async (t) => {
  const { main, peer } = openLink(t);
  const heard: Uint8Array[] = [];
  const random = seededRandom(2);
  const sizes = Array.from({ length: 500 }, () => random.int(0, random.percent(10) ? 100_000 : 3000));
  const replies = sizes.map((size, i) => new Uint8Array(size).fill(i % 251));
  main.onMessage((message) => message.kind === "reply" && heard.push(message.reply));
  for (const [i, reply] of replies.entries()) {
    peer.post({ kind: "reply", rpcId: i, reply });
    peer.flush(); // far more than the memory holds, before any of it is heard
    if (i === 250) await turns(3);
  }
  while (heard.length < replies.length) await nextTurn();
  t.deepEqual(heard, replies);
});

test("what is said before the other end listens waits for it", async (t) => {
  const { main, peer } = openLink(t);
  for (const number of upTo(10)) main.post(toPeer(number));
  await turns(10);
  const { hear } = listenTo(peer);
  t.deepEqual(await hear(10), upTo(10));
});

for (const last of [1, 1234, 2000]) {
  test(`closed on hearing message ${last}, with thousands under way, it hears no other, of that batch or later`, async (t) => {
    const { main, peer } = openLink(t);
    const heard: number[] = [];
    main.onMessage((message) => {
      heard.push(numberOf(message));
      if (numberOf(message) === last) main.close();
    });
    for (const number of upTo(10_000)) {
      peer.post(toMain(number));
      if (number % 1000 === 0) peer.flush();
    }
    while (heard.length < last) await nextTurn();
    await turns(50);
    t.deepEqual(heard, upTo(last));
  });
}

test("closed between two turns, it hears nothing of the thousands that have arrived already", async (t) => {
  const { main, peer } = openLink(t);
  const { heard, hear } = listenTo(main);
  peer.post(toMain(1));
  await hear(1);
  for (const number of upTo(5000)) {
    peer.post(toMain(number + 1));
    if (number % 10 === 0) peer.flush();
  }
  main.close();
  await turns(50);
  t.deepEqual(heard, [1]);
});

test("who closes says no more: neither what it said in that turn, nor what it says afterwards", async (t) => {
  const { main, peer } = openLink(t);
  const { heard, hear } = listenTo(peer);
  main.post(toPeer(1));
  main.flush();
  main.post(toPeer(2));
  main.close();
  main.post(toPeer(3));
  main.flush();
  await hear(1);
  await turns(50);
  t.deepEqual(heard, [1]);
});

test("to close twice, or to speak to an end that has closed, does no harm", async (t) => {
  const { port1, port2, ofMain, ofPeer } = newLink();
  const main = new PortLink<MainToPeer, PeerToMain>(port1, ofMain);
  const peer = new PortLink<PeerToMain, MainToPeer>(port2, ofPeer);
  const closed = once(port1, "close");
  peer.close();
  peer.close();
  await closed;
  t.notThrows(() => {
    main.post(toPeer(1));
    main.flush();
    main.close();
  });
});
