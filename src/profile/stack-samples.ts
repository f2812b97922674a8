import { type Profiler, Session } from "node:inspector";

/** How often a stack is sampled. */
const SAMPLE_US = 1000;

/** Samples the stack of the thread that makes it: what a `.cpuprofile` holds. */
export class StackSamples {
  readonly #session = new Session();

  begin(): void {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.setSamplingInterval", { interval: SAMPLE_US });
    this.#session.post("Profiler.start");
  }

  /** The samples; `undefined` if they cannot be had. */
  end(): Promise<Profiler.Profile | undefined> {
    return new Promise((resolve) => {
      this.#session.post("Profiler.stop", (error, result) => {
        resolve(error ? undefined : result.profile);
        this.#session.disconnect();
      });
    });
  }
}
