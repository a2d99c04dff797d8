import { failures, type FailureName } from '../../../http/failures.ts'
import { Fields } from '../../../http/fields.ts'
import { NO_BODY, type RequestHead, type ResponseHead } from '../../../http/head.ts'
import { canonicalHostname } from '../../../http/hostname.ts'
import type { Cluster } from '../../../snapshot/cluster.ts'
import type { HealthChecks } from '../../../snapshot/health.ts'
import type { Cancel, Clock } from '../../../upstream/clock.ts'
import type { Endpoint } from '../../../upstream/endpoint.ts'
import type { UpstreamPool } from '../../../upstream/pool.ts'
import type { UpstreamHandler, UpstreamStream } from '../../../upstream/upstream-stream.ts'
import { askedService, verdictOfGrpc } from './grpc-health.ts'

/** What is told of a check: "" is good, otherwise why it is not. */
type Tell = (reason: string) => void

const MOST_BODY = 64 * 1024

/** Asks an endpoint once, within the time that its checks have; cancelled, nothing is told. */
export function probe(
  endpoint: Endpoint<UpstreamPool>,
  cluster: Cluster,
  checks: HealthChecks,
  clock: Clock,
  tell: Tell,
): Cancel {
  let cancel: Cancel = () => {}
  let isOver = false
  const cancelTimer = clock.after(checks.timeoutMs, () => end('no answer in time'))
  const end = (reason: string | null): void => {
    if (isOver) return
    isOver = true
    cancelTimer()
    cancel()
    if (reason !== null) tell(reason)
  }
  const { type } = checks
  const begun =
    type === 'TCP' || type === 'TLS'
      ? connect(endpoint.pool, type, cluster, end)
      : new Question(endpoint, cluster, checks, end).begin()
  // It may be over by now: then nobody has cancelled what was begun.
  if (isOver) begun()
  else cancel = begun
  return () => end(null)
}

function connect(pool: UpstreamPool, type: 'TCP' | 'TLS', { tls }: Cluster, tell: Tell): Cancel {
  if (type === 'TLS' && tls === undefined) {
    tell('its connections are not secured, expected type TCP')
    return () => {}
  }
  const connection = pool.splice({
    onConnected: () => tell(''),
    onFailure: (failure, reason) => tell(textOf(failure, reason)),
    onClosed: () => tell('the connection was closed'),
  })
  if (connection === null) tell('no connection could be had')
  return () => connection?.abort()
}

/** One request, and whether its answer is good. */
class Question implements UpstreamHandler {
  private readonly pool: UpstreamPool
  private readonly checks: HealthChecks
  private readonly head: RequestHead
  private readonly body: Buffer
  private readonly tell: Tell
  private readonly pieces: Buffer[] = []
  private bytes = 0
  private answer: ResponseHead | null = null
  private stream: UpstreamStream | null = null

  constructor(endpoint: Endpoint<UpstreamPool>, cluster: Cluster, checks: HealthChecks, tell: Tell) {
    this.pool = endpoint.pool
    this.checks = checks
    this.tell = tell
    this.body = checks.type === 'GRPC' ? askedService(checks.grpcService) : Buffer.alloc(0)
    this.head = headOf(checks, authorityOf(endpoint, cluster, checks), cluster.tls !== undefined, this.body)
  }

  begin(): Cancel {
    this.send(0)
    return () => {
      this.stream?.abort()
      this.stream = null
    }
  }

  private send(lookAfterMs: number): void {
    const stream = this.pool.acquire(lookAfterMs)
    if (stream === null) return this.tell('no connection could be had')
    this.stream = stream
    // What a codec makes of the head must not be sent again.
    stream.send({ ...this.head, fields: new Fields([...this.head.fields.list]) }, this)
    if (this.body.length > 0) {
      stream.write(Buffer.from(this.body), 0, this.body.length)
      stream.end(null)
    }
    stream.flush()
  }

  onHead(head: ResponseHead): void {
    this.answer = head
    const { status } = head
    if (this.checks.type === 'GRPC') {
      if (status !== 200) this.tell(`status ${status} in place of an answer of gRPC`)
    } else if (!this.checks.http.statuses.includes(status))
      this.tell(`status ${status}, expected ${this.checks.http.statuses.join(' or ')}`)
  }

  onData(chunk: Buffer, start: number, end: number): void {
    this.bytes += end - start
    const mayBeKept = this.bytes <= MOST_BODY
    if (mayBeKept) this.pieces.push(Buffer.from(chunk.subarray(start, end)))
    else this.judge(null)
  }

  onEnd(trailers: Fields | null): void {
    this.stream = null
    this.judge(trailers)
  }

  private judge(trailers: Fields | null): void {
    const body = Buffer.concat(this.pieces)
    const { type, http } = this.checks
    if (type === 'GRPC') return this.tell(verdictOfGrpc(this.answer!.fields, trailers, body))
    if (http.body === '' || body.includes(http.body)) return this.tell('')
    this.tell(`the body does not have ${JSON.stringify(http.body)}`)
  }

  onFailure(failure: FailureName, detail: string): void {
    const { fresh = true } = this.stream ?? {}
    this.stream = null
    // A kept connection may just have been closed: another one tells.
    if (!fresh && failure === 'connection_terminated' && this.answer === null) this.send(0)
    else this.tell(textOf(failure, detail))
  }

  onUpgrade(): void {
    this.tell('it switches protocols')
  }

  onInformational(): void {}
  onWritable(): void {}

  onFlush(): boolean {
    return true
  }
}

function textOf(failure: FailureName, detail: string): string {
  return `${failure}${detail === '' ? '' : ` (${detail})`}: ${failures[failure].title.toLowerCase()}`
}

function authorityOf({ key }: Endpoint<UpstreamPool>, { tls }: Cluster, { http }: HealthChecks): string {
  return http.host ?? (tls?.serverName || key)
}

function headOf(checks: HealthChecks, authority: string, isSecure: boolean, body: Buffer): RequestHead {
  const isGrpc = checks.type === 'GRPC'
  const target = isGrpc ? '/grpc.health.v1.Health/Check' : checks.http.path
  const [path = '/'] = target.split('?', 1)
  const fields = isGrpc ? ['Content-Type', 'application/grpc'] : ['Accept', '*/*']
  return {
    method: isGrpc ? 'POST' : checks.http.method,
    scheme: isSecure ? 'https' : 'http',
    authority,
    hostname: canonicalHostname(authority.replace(/:\d*$/, '')),
    path,
    query: target.slice(path.length),
    version: 11,
    fields: new Fields(['User-Agent', 'portcullis-health', ...fields]),
    length: body.length === 0 ? NO_BODY : body.length,
    hasLength: body.length > 0,
    keepAlive: true,
    upgrade: '',
    expectContinue: false,
    acceptsTrailers: isGrpc,
    trailer: '',
    hints: 0,
  }
}
