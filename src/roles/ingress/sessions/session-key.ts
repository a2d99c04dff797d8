import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { SESSION_KEY, SESSION_KEYS } from '../../../filters/session/session.ts'
import { isOpenToOthers, makeSecretFile, readSecretFile } from '../../../translation/secret-file.ts'
import type { RoleService, ServiceKit, Wants } from '../../../translation/service.ts'
import { SESSIONS } from './settings.ts'

const BYTES = 32
const EXPECTED = `expected ${BYTES} bytes or more, as base64`

/**
 * The key by which clients are told of endpoints: `session-key` in --secrets, made when the first rule keeps sessions.
 * Gateways that serve the same clients bring the same file. Without one sessions last as long as the process.
 */
export class SessionKey implements RoleService {
  readonly name = 'sessions'
  private readonly kit: ServiceKit
  private readonly file: string
  private key = randomBytes(BYTES).toString('base64')
  /** It is that of the file, or has been told not to be. */
  private settled = false

  constructor(kit: ServiceKit) {
    this.kit = kit
    this.file = join(kit.settings.secretsDir, 'session-key')
  }

  start(): void {
    this.attempt(() => this.read())
    this.kit.tables.replace(SESSION_KEYS, new Map([[SESSION_KEY, this.key]]))
  }

  applied(wants: Wants): void {
    if (this.settled || wants[SESSIONS] === undefined) return
    this.settled = true
    this.attempt(() => this.make())
  }

  stop(): void {}

  private read(): void {
    const text = readSecretFile(this.file)
    if (text === null) return
    this.settled = true
    const key = text.trim()
    if (Buffer.from(key, 'base64').length < BYTES) throw new Error(`cannot be used, ${EXPECTED}`)
    this.key = key
    if (isOpenToOthers(this.file))
      this.kit.log.warn('sessions.key_open', {
        file: this.file,
        message: 'can be read by others, expected mode 0600',
      })
  }

  /** Of several processes that begin together one makes it, and the others take that. */
  private make(): void {
    const { secretsDir, dataDir, hasData } = this.kit.settings
    if (!hasData && secretsDir.startsWith(dataDir)) throw new Error('there is no folder for it')
    if (makeSecretFile(this.file, `${this.key}\n`))
      return this.kit.log.info('sessions.key_made', { file: this.file })
    this.read()
    this.kit.tables.replace(SESSION_KEYS, new Map([[SESSION_KEY, this.key]]))
  }

  private attempt(what: () => void): void {
    try {
      what()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const message = `${this.file}: ${reason}; sessions of clients end when this process does`
      this.kit.log.warn('sessions.key_not_kept', { file: this.file, message })
    }
  }
}
