/**
 * Who asked for something, and is told once what came of it, by one of the two functions of a promise. There is no
 * promise: a call passes many stations, and one at each took a twentieth of an RPC's time between threads.
 */
export interface Asker<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}
