import type { LoggedFields } from './logged-fields.ts'
import type { FailureName } from '../http/failures.ts'
import type { Story } from './recent/story.ts'

/**
 * What the access log tells of one exchange. The proxy keeps one with every
 * exchange (or connection), fills it as things become known and may use it
 * again after `reset`; nothing here outlives `write`. "" and 0 mean unknown
 * unless said otherwise, and are left out of the line where the OTel
 * conventions allow that.
 */
export class AccessRecord {
  /** Names in the line: `http.request.method`. */
  method = ''
  /** Canonical, `url.path`. */
  path = ''
  /** With or without its "?", `url.query`; "" is left out. */
  query = ''
  /** 0 when the client was gone before there was one. */
  status = 0
  /** As in RequestHead: 10, 11, 20; 0 where no request was read, and is left out. */
  version = 0
  /** After trusted hops, `client.address`. */
  clientAddress = ''
  /** Of a balancer that has told of the client by a PROXY header, `network.peer.address`. */
  peerAddress = ''
  /** Host as the client named it, without port, `server.address`. */
  serverAddress = ''
  /** Port of the listener, `server.port`. */
  serverPort = 0
  /** Id of the rule, `http.route`. */
  route = ''
  userAgent = ''
  /** Bytes of bodies that were moved, without framing. Always written. */
  requestBodyBytes = 0
  responseBodyBytes = 0
  /** From the request's first byte to the response's last; written in seconds. */
  durationMs = 0
  exchangeId = ''
  listener = ''
  cluster = ''
  /** `127.0.0.1:9000` */
  endpoint = ''
  /** 0 when no upstream was tried. */
  attempts = 0
  /** The last attempt; below 0 when there was none. Written in seconds. */
  upstreamMs = -1
  failure: FailureName | '' = ''
  /** What else is known of the failure: a rule that the response broke, what was wrong with a certificate, the system's code. */
  failureReason = ''
  /** Rule of the codec's Rejection. */
  rejection = ''
  /** `rpc.grpc.status_code`; below 0 where it was no gRPC call, or nobody knows how it ended. */
  grpcStatus = -1
  /** Of the exchange's own span, where there is a collector; else of the W3C trace context that came with the request. */
  traceId = ''
  spanId = ''
  /** What filters have to say. */
  notes: readonly LoggedFields[] | null = null

  // For what is kept of recent requests; the log has no line for it.
  /** By TLS. */
  secure = false
  /** It took longer than is usual on its route. */
  slow = false
  /** Version of the snapshot that it met. */
  snapshot = 0
  /** When the last attempt was sent, counted from the beginning; below 0 where none was. */
  sentAfterMs = -1
  story: Story | null = null

  reset(): void {
    this.method = ''
    this.path = ''
    this.query = ''
    this.status = 0
    this.version = 0
    this.clientAddress = ''
    this.peerAddress = ''
    this.serverAddress = ''
    this.serverPort = 0
    this.route = ''
    this.userAgent = ''
    this.requestBodyBytes = 0
    this.responseBodyBytes = 0
    this.durationMs = 0
    this.exchangeId = ''
    this.listener = ''
    this.cluster = ''
    this.endpoint = ''
    this.attempts = 0
    this.upstreamMs = -1
    this.failure = ''
    this.failureReason = ''
    this.rejection = ''
    this.grpcStatus = -1
    this.traceId = ''
    this.spanId = ''
    this.notes = null
    this.secure = false
    this.slow = false
    this.snapshot = 0
    this.sentAfterMs = -1
    this.story = null
  }
}
