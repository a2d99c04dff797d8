/**
 * A connection that has left HTTP: after the handshake of a WebSocket (101), bytes of either direction. Its frames are
 * for who reads them; who carries it knows bytes alone.
 */
export interface Tunnel {
  /**
   * What comes from the other side, as fast as it is taken, to be read once. It ends where the other side has ended its
   * direction, and fails where the connection is lost. To return from it early is `abort`.
   */
  readonly incoming: AsyncIterable<Uint8Array>
  /** Bytes are the tunnel's from then on. Resolves when there is room for more; fails where the connection is lost. */
  write(bytes: Uint8Array): Promise<void>
  /** Nothing more will be written; what has been is still sent, and what comes still read. */
  end(): void
  /** Ends both directions at once, and loses what is on its way. Nothing happens where it is over. */
  abort(): void
}
