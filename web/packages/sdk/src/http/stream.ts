/** One ordered byte stream each way: what a request and its response travel on. */
export interface ByteStream {
  /** The next bytes, or nothing at the end. Rejects when it was reset. One read at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Resolves when the next write may begin. Rejects when nobody listens any more. */
  write(bytes: Uint8Array): Promise<void>;
  closeWrite(): Promise<void>;
  /**
   * The reader can go on from where it was on another stream: rather than keep much unread, this one may be cut.
   * Of use where the transport knows no back-pressure.
   */
  mayBeCut?(): void;
  /** Ends both directions at once. Idempotent. */
  abort(reason: Error): void;
}
