import type { HostServices } from "../host-services.js";
import type { WriteLog } from "./console.js";
import type { ReportError } from "./errors.js";

/** What the globals of a realm stand on. */
export interface GlobalsOptions {
  readonly time: "real" | "virtual";
  /** Functions of the main realm. */
  readonly host: HostServices;
  /** Virtual time only: what `Date.now()` reads at virtual time 0. */
  readonly epochMs: number;
  /** Hears each text that the peer writes to its console. */
  readonly console: WriteLog;
  /** Hears what nobody caught, what would have ended the thread, and every call that is forbidden. */
  readonly onError: ReportError;
}
