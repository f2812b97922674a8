/** When each entry, told by its index and term, first came to one peer. */
export class FirstSeen {
  /** The entry that came last at each index: nearly always the one asked for. */
  readonly #terms: number[] = [];
  readonly #seqs: number[] = [];
  /** Those that another term has displaced there, by index and term. */
  readonly #displaced = new Map<number, Map<number, number>>();

  /** @returns `seq` of the event that brought the entry; `undefined` if none has */
  get(index: number, term: number): number | undefined {
    return this.#terms[index] === term ? this.#seqs[index] : this.#displaced.get(index)?.get(term);
  }

  /** An event brings an entry. @returns `seq` of the first that did */
  add(index: number, term: number, seq: number): number {
    const known = this.get(index, term);
    if (known !== undefined) return known;
    const [oldTerm, oldSeq] = [this.#terms[index], this.#seqs[index]];
    if (oldTerm !== undefined && oldSeq !== undefined) this.#displace(index, oldTerm, oldSeq);
    this.#terms[index] = term;
    this.#seqs[index] = seq;
    return seq;
  }

  #displace(index: number, term: number, seq: number): void {
    const atIndex = this.#displaced.get(index) ?? new Map<number, number>();
    this.#displaced.set(index, atIndex.set(term, seq));
  }
}
