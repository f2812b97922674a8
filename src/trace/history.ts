import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { encode } from "../labgob/labgob.js";
import type { Name } from "../labrpc/wire.js";
import type { ApplyMsg } from "../peer/raft-peer.js";
import type { TraceEvent, TraceRecord } from "./event.js";

/** Bytes gathered until they are hashed: a call of the hash costs more than a small event. */
const BUFFER_BYTES = 65_536;
/**
 * Bytes of which more than so many count as their length and checksum, which takes half the time: peers save their
 * whole log, again and again. By accident one change in 4 billion would go unnoticed there.
 */
const MAX_WHOLE_BYTES = 1024;

/**
 * The hash of a run's history: time, kind, who, and what, of each event in order (design 6). Two runs with
 * one hash went the same way; `sim` and `lockstep` give the same one for the same raft.ts, case, seed and
 * schedule.
 */
export class History {
  readonly #hash = createHash("sha1"); // no secret is kept by it; the fastest that no accident gets past
  readonly #bytes = new Uint8Array(BUFFER_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Takes the next event. */
  readonly see = ({ atUs, event }: TraceRecord): void => {
    this.#number(atUs);
    this.#text(event.kind);
    this.#event(event);
  };

  /** The hash of all events so far, in 16 hex digits. To be called once, at the end. */
  digest(): string {
    this.#flush();
    return this.#hash.digest("hex").slice(0, 16);
  }

  #event(event: TraceEvent): void {
    switch (event.kind) {
      case "boot":
      case "ready":
      case "crash":
        this.#put(event.peer, event.incarnation);
        break;
      case "connect":
      case "disconnect":
        this.#put(event.peer);
        break;
      case "send":
        this.#put(event.rpc);
        this.#name(event.from);
        this.#name(event.to);
        this.#put(event.svcMeth, event.args);
        break;
      case "deliver":
        this.#put(event.rpc);
        break;
      case "handled":
        this.#put(event.rpc, event.reply);
        break;
      case "outcome":
        this.#put(event.rpc, event.lost ?? "");
        break;
      case "save":
        this.#put(event.peer, event.state, event.snapshot ? "new" : "kept", event.snapshot ?? NO_BYTES);
        break;
      case "apply":
        this.#put(event.peer);
        this.#applyMsg(event.message);
        break;
      case "start":
        this.#put(event.peer);
        this.#command(event.command);
        this.#put(event.index, event.term, Number(event.isLeader));
        break;
      case "state":
        this.#put(event.peer, event.term, Number(event.isLeader));
        break;
      default:
        this.#put(JSON.stringify(event));
    }
  }

  #put(...parts: readonly (number | string | Uint8Array)[]): void {
    for (const part of parts) {
      if (typeof part === "number") this.#number(part);
      else if (typeof part === "string") this.#text(part);
      else this.#bytesOf(part);
    }
  }

  #applyMsg(message: ApplyMsg): void {
    this.#put(message.commandValid ? message.commandIndex : -1);
    this.#command(message.commandValid ? message.command : message);
  }

  /** Commands are numbers or texts as a rule, and need no encoding then. */
  #command(command: unknown): void {
    const isPlain = typeof command === "number" || typeof command === "string";
    this.#put(typeof command, isPlain ? command : encode(command));
  }

  /** The number 99 and the text "99" are two names. */
  #name(name: Name | undefined): void {
    this.#put(typeof name === "string" ? 1 : 0, name ?? -1);
  }

  #number(value: number): void {
    if (this.#length + 8 > BUFFER_BYTES) this.#flush();
    this.#view.setFloat64(this.#length, value);
    this.#length += 8;
  }

  /** Code units, and how many: no two texts are written alike. */
  #text(text: string): void {
    this.#number(text.length);
    for (let i = 0; i < text.length; i += 1) {
      if (this.#length + 2 > BUFFER_BYTES) this.#flush();
      this.#view.setUint16(this.#length, text.charCodeAt(i));
      this.#length += 2;
    }
  }

  #bytesOf(bytes: Uint8Array): void {
    this.#number(bytes.length);
    if (bytes.length > MAX_WHOLE_BYTES) {
      this.#number(crc32(bytes));
      return;
    }
    if (this.#length + bytes.length > BUFFER_BYTES) this.#flush();
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #flush(): void {
    this.#hash.update(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
  }
}

const NO_BYTES = new Uint8Array(0);
