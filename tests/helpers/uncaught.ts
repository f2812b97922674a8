import type { ExecutionContext } from "ava";

const EVENTS = ["unhandledRejection", "uncaughtException"] as const;

/**
 * Keeps AVA from hearing of errors that nobody catches until the test ends: a test that makes some on
 * purpose looks itself at what becomes of them. For serial tests only.
 */
export function muteAva(t: ExecutionContext): void {
  for (const event of EVENTS) {
    const listeners = process.rawListeners(event) as (() => void)[];
    for (const listener of listeners) process.off(event, listener);
    t.teardown(() => {
      for (const listener of listeners) process.on(event, listener);
    });
  }
}
