import type { TraceEvent } from "../trace/event.js";
import type { WireMessage } from "./frames.js";

/** The same, to be kept: a saved state is lent, so what says one gets a copy of its own. */
export function withOwnState<Said extends WireMessage | TraceEvent>(said: Said): Said {
  return said.kind === "save" ? { ...said, state: new Uint8Array(said.state) } : said;
}
