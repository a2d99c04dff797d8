import { FRAME_BYTES } from './codes.ts'
import type { Allowance } from './budget.ts'

/**
 * What one HTTP/2 connection may cost us. Sizes in bytes.
 *
 * Memory of a connection is bounded by the sum of
 * - `connectionWindowBytes` and `growthBytes`: bodies that arrived and whose consumer is paused;
 * - per stream, of which there are at most `streams`: what the writer has
 *   queued (it is told to stop above LOW_WATER, so that and one piece of its
 *   own), and a head (FieldLimits: 64 KiB and 100 fields by default);
 * - `headBlockBytes` for one head on its way, and a frame of 16 KiB;
 * - `outputBytes` of frames that wait for a slow peer: above, nothing is read;
 * - `tableBytes` for each direction of compression.
 */
export interface Http2Limits {
  /** Streams open at once (SETTINGS_MAX_CONCURRENT_STREAMS). */
  readonly streams: number
  /** Streams beyond that which are refused and no error, until the peer has taken our settings and knows the limit. */
  readonly earlyStreams: number
  /** Receive window of a stream at its begin, and what it may grow to. */
  readonly windowBytes: number
  readonly windowMaxBytes: number
  /** Receive window of the connection, at least 65,535: how far streams that are not read can fill it before others stall. */
  readonly connectionWindowBytes: number
  /** By how much the windows of its streams may have grown together; it grows with them. */
  readonly growthBytes: number
  /** Our dynamic table for the peer's fields. */
  readonly tableBytes: number
  /** A head on the wire, compressed; above, the connection ends, since its compression state is lost. */
  readonly headBlockBytes: number
  /** CONTINUATION frames of one head. */
  readonly continuations: number
  /** Streams that the peer resets before their end: each has cost us a request (rapid reset, CVE-2023-44487). */
  readonly resets: Allowance
  /** Streams that we have to reset because of what the peer sent ("made you reset", CVE-2025-8671). */
  readonly errors: Allowance
  readonly settings: Allowance
  readonly pings: Allowance
  /** PRIORITY; two more with every stream that is opened. */
  readonly priorities: Allowance
  /** WINDOW_UPDATE; more are earned by every DATA frame of ours. */
  readonly windowUpdates: Allowance
  /** DATA frames without data that do not end their stream. */
  readonly emptyData: Allowance
  /** Frames of unknown types (§5.5); two more with every stream. */
  readonly extensions: Allowance
  /** Acknowledgements and resets that wait for a peer that does not read. */
  readonly queuedAnswers: number
  /** Frames that wait for a peer that does not read; above, we do not read either. */
  readonly outputBytes: number
  /** A stream that could not send anything of what it has for this long is reset; 0 is never. */
  readonly stallMs: number
  /** Of a request that was answered before its end: how much more is let in and dropped, and how long before it is reset. */
  readonly discardBytes: number
  readonly discardMs: number
  /** A peer that has not read what was written for this long is gone. */
  readonly writeTimeoutMs: number
  /** A head, or a frame other than DATA, that is not complete after this long ends the connection. */
  readonly headTimeoutMs: number
  readonly settingsTimeoutMs: number
}

export const http2Limits: Http2Limits = {
  streams: 100,
  earlyStreams: 10_000,
  windowBytes: 65_535,
  windowMaxBytes: 4 * 1024 * 1024,
  connectionWindowBytes: 1024 * 1024,
  growthBytes: 7 * 1024 * 1024,
  tableBytes: 4096,
  headBlockBytes: 128 * 1024,
  continuations: 8,
  resets: { burst: 200, perSecond: 50 },
  errors: { burst: 100, perSecond: 10 },
  settings: { burst: 20, perSecond: 1 },
  pings: { burst: 100, perSecond: 10 },
  priorities: { burst: 200, perSecond: 20 },
  windowUpdates: { burst: 1000, perSecond: 200 },
  emptyData: { burst: 100, perSecond: 10 },
  extensions: { burst: 100, perSecond: 10 },
  queuedAnswers: 1000,
  outputBytes: 64 * 1024,
  stallMs: 10_000,
  discardBytes: 1024 * 1024,
  discardMs: 2_000,
  writeTimeoutMs: 30_000,
  headTimeoutMs: 10_000,
  settingsTimeoutMs: 10_000,
}

/**
 * For connections to upstreams, which are not attackers by default but are
 * shared by many clients: the connection's window is what all its streams
 * together can fill, so that clients who do not read never stall those who do.
 */
export const http2UpstreamLimits: Http2Limits = {
  ...http2Limits,
  connectionWindowBytes: http2Limits.streams * http2Limits.windowBytes,
  growthBytes: 4 * 1024 * 1024,
  resets: { burst: 1000, perSecond: 200 },
  // A backend may take its time with a body: who sends it is held back, and how long an exchange may be silent is not
  // for its connection to say.
  stallMs: 0,
}

/** Above this a stream's writer is told to wait. */
export const LOW_WATER = FRAME_BYTES
/** What is written in one turn before a slow peer could show; the rest goes round robin. */
export const TURN_BYTES = 64 * 1024
