import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { FakeClock } from './clock.ts'
import type { Pebble } from './pebble.ts'
import type { Folder, LogLine } from './process.ts'
import { Seen } from './until.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { systemClock } from '../../src/upstream/clock.ts'
import { findToken } from '../../src/roles/ingress/acme/challenges.ts'
import { FolderStore } from '../../src/roles/ingress/acme/folder-store.ts'
import type { CertificateState, IssuedCertificates } from '../../src/roles/ingress/acme/issued.ts'
import { AcmeService } from '../../src/roles/ingress/acme/service.ts'
import { certificateId, type WantedCertificate } from '../../src/roles/ingress/acme/wanted.ts'

/** A service with a clock of its own, in a folder that others may share. */
export class Replica {
  readonly log = new Seen<LogLine>()
  readonly changes = new Seen<IssuedCertificates>()
  readonly clock: FakeClock
  readonly store: FolderStore
  readonly service: AcmeService

  constructor(folder: Folder, nowMs = Date.now()) {
    this.clock = new FakeClock(nowMs)
    this.store = new FolderStore(join(folder.path, 'certificates'), systemClock, 2_000)
    this.service = new AcmeService({
      store: this.store,
      calendar: this.clock,
      log: new Logger({
        human: false,
        windowMs: 0,
        write: line => this.log.push(JSON.parse(line) as LogLine),
      }),
      changed: issued => this.changes.push(issued),
      random: () => 0,
    })
  }

  /** Lets time pass, once everything that waits for it has begun to. */
  async pass(ms: number, waiting = 1): Promise<void> {
    while (this.clock.waits.length < waiting) await new Promise(resolve => setTimeout(resolve, 5))
    this.clock.advance(ms)
  }

  /** The first state, seen since `after` changes, that the predicate takes. */
  async state(
    { id }: WantedCertificate,
    matches: (state: CertificateState) => boolean,
    after = 0,
  ): Promise<CertificateState> {
    let found: CertificateState | undefined
    await this.changes.first(all => {
      const state = all.get(id)
      if (this.changes.all.indexOf(all) < after || state === undefined || !matches(state)) return false
      found = state
      return true
    })
    return found!
  }

  issued(wanted: WantedCertificate, after = 0): Promise<CertificateState> {
    return this.state(wanted, ({ parsed }) => parsed !== null, after)
  }

  /** So often it has begun to obtain something. */
  get orders(): number {
    return this.log.all.filter(({ event }) => event === 'certificate.ordered').length
  }
}

export function wantedOf(
  pebble: Pebble,
  names: readonly string[],
  more: Partial<WantedCertificate> = {},
): WantedCertificate {
  return {
    id: certificateId(pebble.directoryUrl, names, more.keyType ?? 'ecdsa'),
    names,
    keyType: 'ecdsa',
    challenge: 'http-01',
    account: {
      directoryUrl: pebble.directoryUrl,
      email: '',
      externalAccount: null,
      authorities: pebble.authority,
    },
    ...more,
  }
}

/** Answers challenges on a port as a gateway does, from the store alone. */
export class Answering implements AsyncDisposable {
  private readonly server: Server

  private constructor(store: FolderStore) {
    this.server = createServer((request, response) => {
      const token = (request.url ?? '').replace('/.well-known/acme-challenge/', '')
      void findToken(store, token).then(found => {
        response.statusCode = found === null ? 404 : 200
        response.end(found ?? '')
      })
    })
  }

  static async start(port: number, store: FolderStore): Promise<Answering> {
    const answering = new Answering(store)
    answering.server.listen(port, '127.0.0.1')
    await once(answering.server, 'listening')
    return answering
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.server, 'close')
    this.server.close()
    this.server.closeAllConnections()
    await closed
  }
}
