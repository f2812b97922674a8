/**
 * Events of a realm in virtual time. Node's own would show the real time in `timeStamp`, and end the whole
 * process when a listener throws.
 */
export class Event {
  readonly type: string;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly isTrusted = false;
  /** Virtual milliseconds, on the scale of `performance.now()`. */
  readonly timeStamp = performance.now();
  #target: EventTarget | null = null;
  #isDispatched = false;
  #isDefaultPrevented = false;
  #isStopped = false;

  constructor(type: string, options: EventInit = {}) {
    this.type = String(type);
    this.bubbles = Boolean(options?.bubbles);
    this.cancelable = Boolean(options?.cancelable);
    this.composed = Boolean(options?.composed);
  }

  get target(): EventTarget | null {
    return this.#target;
  }

  get currentTarget(): EventTarget | null {
    return this.#isDispatched ? this.#target : null;
  }

  get srcElement(): EventTarget | null {
    return this.#target;
  }

  get defaultPrevented(): boolean {
    return this.#isDefaultPrevented;
  }

  get returnValue(): boolean {
    return !this.#isDefaultPrevented;
  }

  /** 2, "at the target", while it is dispatched; there is no tree of targets. */
  get eventPhase(): number {
    return this.#isDispatched ? 2 : 0;
  }

  composedPath(): EventTarget[] {
    return this.#isDispatched && this.#target ? [this.#target] : [];
  }

  preventDefault(): void {
    if (this.cancelable) this.#isDefaultPrevented = true;
  }

  /** Without a tree of targets there is nowhere to stop it from going. */
  stopPropagation(): void {}

  stopImmediatePropagation(): void {
    this.#isStopped = true;
  }

  /** For `EventTarget`: hands the event of `target` to each of `listeners`, until one stops it. */
  static dispatch(
    event: Event,
    target: EventTarget,
    listeners: readonly ((event: Event) => void)[],
  ): boolean {
    if (event.#isDispatched) throw new Error("The event is already being dispatched");
    event.#target = target;
    event.#isDispatched = true;
    event.#isStopped = false;
    for (const hear of listeners) {
      if (event.#isStopped) break;
      hear(event);
    }
    event.#isDispatched = false;
    return !event.#isDefaultPrevented;
  }
}

/** An event that carries a value. */
export class CustomEvent extends Event {
  readonly detail: unknown;

  constructor(type: string, options: EventInit & { detail?: unknown } = {}) {
    super(type, options);
    this.detail = options?.detail ?? null;
  }
}

export interface EventInit {
  readonly bubbles?: boolean;
  readonly cancelable?: boolean;
  readonly composed?: boolean;
}

export type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

export interface ListenerOptions {
  readonly once?: boolean;
  readonly signal?: EventTarget & { readonly aborted: boolean };
}

interface Registration {
  readonly listener: Listener;
  readonly isOnce: boolean;
  isRemoved: boolean;
}

/** What events are dispatched on. Listeners hear in the order added. */
export class EventTarget {
  readonly #registrations = new Map<string, Registration[]>();

  addEventListener(type: string, listener: Listener | null, options?: ListenerOptions | boolean): void {
    if (!listener) return;
    const { once = false, signal } = typeof options === "object" && options !== null ? options : {};
    if (signal?.aborted) return;
    const known = this.#registrations.get(type) ?? [];
    if (known.some((registration) => registration.listener === listener)) return;
    this.#registrations.set(type, [...known, { listener, isOnce: once, isRemoved: false }]);
    signal?.addEventListener("abort", () => this.removeEventListener(type, listener), { once: true });
  }

  removeEventListener(type: string, listener: Listener | null): void {
    const known = this.#registrations.get(type) ?? [];
    const found = known.find((registration) => registration.listener === listener);
    if (!found) return;
    found.isRemoved = true;
    this.#registrations.set(
      type,
      known.filter((registration) => registration !== found),
    );
  }

  /** @returns false if a listener prevented what would follow by default */
  dispatchEvent(event: Event): boolean {
    if (!(event instanceof Event)) throw new TypeError("dispatchEvent takes an Event");
    // The list of this moment counts: a listener added by a listener hears the next event.
    const hears = (this.#registrations.get(event.type) ?? []).map((registration) => (heard: Event) => {
      if (registration.isRemoved) return;
      if (registration.isOnce) this.removeEventListener(heard.type, registration.listener);
      this.#call(registration.listener, heard);
    });
    return Event.dispatch(event, this, hears);
  }

  /** A listener that throws does not keep the others from hearing: its error goes where a microtask's goes. */
  #call(listener: Listener, event: Event): void {
    try {
      if (typeof listener === "function") listener.call(this, event);
      else listener.handleEvent(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
