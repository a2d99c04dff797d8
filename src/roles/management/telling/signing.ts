import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { ServiceKit } from '../../../translation/service.ts'
import type { Cancel } from '../../../upstream/clock.ts'
import {
  isOpenToOthers,
  makeSecretFile,
  readSecretFile,
  replaceSecretFile,
  stampOf,
} from '../../../translation/secret-file.ts'
import type { Part } from '../part.ts'
import { SIGNING_KEYS } from '../rows.ts'
import type { Store } from '../store/store.ts'
import { dueMs, firstKeys, nextKeys, parseKeys, publicSet, type SigningKeys } from './signing-keys.ts'

/** A timer runs for 24 days at most. */
const LOOK_MS = 6 * 3_600_000
/** How long who verifies may keep the set: far shorter than the next key is known. */
const CACHE = 'public, max-age=3600'

/**
 * The keys by which backends are told who asks: `identity-keys.json` in --secrets, in workers as rows, and for who
 * verifies at `/.well-known/jwks.json` of the admin listener, open as health is. With an embedded store they are made at
 * the first start and changed every 30 days; nodes that share a database are given the same file, and whoever gives it
 * changes it.
 */
export class Signing implements Part {
  readonly name = 'signing'
  private readonly kit: ServiceKit
  private readonly file: string
  private keys: SigningKeys | null = null
  private stamp = ''
  private isOurs = false
  private look: Cancel = () => {}

  constructor(kit: ServiceKit) {
    this.kit = kit
    this.file = join(kit.settings.secretsDir, 'identity-keys.json')
    kit.serve('/.well-known/jwks.json', (request, response) => this.answer(request, response), true)
  }

  opened({ engine }: Store): void {
    this.isOurs = engine === 'sqlite'
    this.refresh()
  }

  lastKnown(): void {
    this.refresh()
  }

  /** Another file may be there. */
  applied(): void {
    if (this.stamp !== '' && stampOf(this.file) !== this.stamp) this.refresh()
  }

  stop(): void {
    this.look()
  }

  /** Without keys backends are told by fields alone, and who wants a token believes nobody. */
  private refresh(): void {
    const { log, calendar } = this.kit
    this.look()
    try {
      this.use(this.read(calendar.now()))
      if (isOpenToOthers(this.file))
        log.warn('signing.open', { message: `${this.file} can be read by others, expected mode 0600` })
    } catch (error) {
      log.error('signing.failed', { message: error instanceof Error ? error.message : String(error) })
    }
    this.look = calendar.after(LOOK_MS, () => this.refresh())
  }

  private read(nowMs: number): SigningKeys {
    const { file, isOurs } = this
    if (isOurs && stampOf(file) === '' && makeSecretFile(file, textOf(firstKeys(nowMs))))
      this.kit.log.info('signing.made', { file })
    this.stamp = stampOf(file) || 'none'
    const text = readSecretFile(file)
    if (text === null)
      throw new Error(
        `there is no ${file}, by which backends are told who asks: bring that of the other gateways`,
      )
    const keys = parseKeys(text)
    if (keys === null) throw new Error(`${file} cannot be used, expected what a gateway has made, whole`)
    return isOurs && nowMs >= dueMs(keys) ? this.change(keys, nowMs) : keys
  }

  private change(keys: SigningKeys, nowMs: number): SigningKeys {
    const changed = nextKeys(keys, nowMs)
    replaceSecretFile(this.file, textOf(changed))
    this.stamp = stampOf(this.file)
    this.kit.log.info('signing.changed', { kid: changed.current.kid })
    return changed
  }

  private use(keys: SigningKeys): void {
    this.keys = keys
    const { kid, jwk } = keys.current
    this.kit.tables.replace(SIGNING_KEYS, new Map([['current', { kid, jwk: { ...jwk } }]]))
  }

  private answer({ method }: IncomingMessage, response: ServerResponse): void {
    if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end()
      return
    }
    const body = this.keys === null ? '{"keys":[]}\n' : publicSet(this.keys)
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Cache-Control': this.keys === null ? 'no-store' : CACHE,
      'Content-Length': Buffer.byteLength(body),
    })
    response.end(body)
  }
}

function textOf(keys: SigningKeys): string {
  return `${JSON.stringify(keys, null, 2)}\n`
}
