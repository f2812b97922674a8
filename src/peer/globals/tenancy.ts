/** Brings back the states of one tenant. */
export type Enter = () => void;

/**
 * What stands behind the globals of a realm: every incarnation that lives there has its own of each part, so
 * that none can tell who lives there besides, or lived there before.
 */
export class Tenancy {
  /** Of whoever's turn it is, by the parts' numbers. */
  #states: object[] = [];
  #seed = 0;
  #parts = 0;

  /**
   * Adds a part, such as the clock; `make` makes it for a tenant when it is first asked for.
   * @returns gives the one of whoever's turn it is
   */
  part<State extends object>(make: (seed: number) => State): () => State {
    const part = this.#parts;
    this.#parts += 1;
    return () => {
      this.#states[part] ??= make(this.#seed);
      return this.#states[part] as State;
    };
  }

  /**
   * Adds properties to `target` of which each tenant has its own, made when it is first read: most peers use few
   * of their globals, and a realm may be made at every restart. They can be overwritten, as in Node.
   */
  defineEach(target: object, makers: Readonly<Record<string, () => unknown>>): void {
    const properties: PropertyDescriptorMap = {};
    for (const [name, make] of Object.entries(makers)) {
      const held = this.part(() => ({ value: make() }));
      properties[name] = {
        configurable: true,
        get: () => held().value,
        set: (value: unknown) => {
          held().value = value;
        },
      };
    }
    Object.defineProperties(target, properties);
  }

  /**
   * A tenant moves in, and it is its turn.
   * @param seed of its chance
   * @returns makes it its turn again, after that of another
   */
  moveIn(seed: number): Enter {
    const states: object[] = [];
    const enter = (): void => {
      this.#states = states;
      this.#seed = seed;
    };
    enter();
    return enter;
  }
}
