/**
 * One ordered, two-way stream of messages between one incarnation of a peer and the main thread. All that
 * a peer says goes over its one link, so what the outside has seen is always a prefix of the peer's
 * history: a reply that got out implies that the save before it got out (design: a faithful crash).
 *
 * Seen from the main thread, `Out` is what it says to the peer and `In` what the peer says.
 */
export interface Link<Out, In> {
  /** Says one message. Messages arrive in the order said, each once. After `close` it does nothing. */
  post(message: Out): void;
  /** Sets who hears the other side. Set once, before the first turn of the event loop ends. */
  onMessage(hear: (message: In) => void): void;
  /** Cuts the stream here: nothing said later, and nothing still under way, is heard any more. */
  close(): void;
}
