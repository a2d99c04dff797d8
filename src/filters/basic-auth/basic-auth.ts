import { shareKey } from '../../http/share-key.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'
import { compileExceptions, type Exception } from '../exceptions.ts'
import type { Exchange, Failure, FilterType, Verdict } from '../filter.ts'
import { passes } from '../inspect.ts'
import type { Kit } from '../kit.ts'
import { Note } from '../notes.ts'
import { removeSpellings } from '../spellings.ts'
import { noteTaken, noteTold, takenFrom } from '../taken.ts'
import { challenge, readCredentials, type Credentials } from './credentials.ts'
import type { Hashed } from './hasher.ts'
import { verifierOf, type Verifier } from './verifier.ts'

/** Who may pass says so by name and password (RFC 7617). */
export interface BasicAuthConfig extends FilterConfig {
  readonly type: 'basic-auth'
  /** `default/office`, for the log. */
  readonly policy: string
  /** The table that has a hash of htpasswd for each user, from a Secret. */
  readonly users: string
  readonly realm: string
  /** The field that tells the backend who it is, in lower case; null: none. What clients send under this name is removed. */
  readonly userHeader: string | null
  /** Whether the backend gets Authorization as well. */
  readonly forwardCredentials: boolean
  readonly except: readonly Exception[]
}

/** The row that has a hash of the slowest kind that users have: no user can have this name. */
export const LIKE = ':like'

/** Who asks, by basic authentication. */
export const authenticatedUser = new Note<string>('user', 'user.name')

const PLACE = 'header authorization'

export const basicAuth: FilterType<BasicAuthConfig> = {
  type: 'basic-auth',
  role: 'ingress',
  phase: 'authentication',
  describe: ({ users, realm }) =>
    `users of ${users.replace(/^basic-auth /, '')}, realm ${JSON.stringify(realm)}`,
  except: ({ except }) => except,
  /** To hash a password for whoever asks would be a way to try them, and to keep the hasher busy. */
  inspect({ policy }, x) {
    const value = takenFrom(x, PLACE) ?? x.request.fields.combined('authorization')
    const credentials = value === undefined ? null : readCredentials(value)
    const facts = [{ name: 'user', value: credentials?.user ?? null }]
    if (credentials !== null) return { ...passes, facts, unknown: 'the password is not tried' }
    const failure = value === undefined ? 'authentication_required' : 'authentication_failed'
    return { ...passes, facts, refusal: { failure, detail: policy } }
  },
  compile(config, kit) {
    const door = new Door(config, kit)
    const isExcepted = compileExceptions(config.except) ?? (() => false)
    const { userHeader } = config
    return {
      request(x) {
        if (userHeader !== null) {
          x.request.fields.remove(userHeader)
          removeSpellings(x.request.fields, [userHeader])
          x.withholdTrailers([userHeader])
        }
        return isExcepted(x) ? undefined : door.ask(x)
      },
    }
  },
}

class Door {
  private readonly config: BasicAuthConfig
  private readonly users: { get(user: string): string | undefined }
  private readonly verifier: Verifier
  private readonly fields: readonly string[]

  constructor(config: BasicAuthConfig, kit: Kit) {
    this.config = config
    this.users = kit.table<string>(config.users)
    this.verifier = verifierOf(kit)
    this.fields = ['WWW-Authenticate', challenge(config.realm)]
  }

  ask(x: Exchange): Verdict | Promise<Verdict> {
    const value = takenFrom(x, PLACE) ?? x.request.fields.combined('authorization')
    if (value === undefined) return this.refusal('authentication_required', '')
    const credentials = readCredentials(value)
    if (credentials === null) return this.refusal('authentication_failed', 'no Basic credentials')
    const hash = this.users.get(credentials.user)
    const right = this.verifier.verify(
      credentials,
      hash,
      this.users.get(LIKE) ?? null,
      shareKey(x.clientAddress),
    )
    return right instanceof Promise
      ? right.then(late => this.judge(late, x, credentials))
      : this.judge(right, x, credentials)
  }

  private judge(right: Hashed, x: Exchange, { user }: Credentials): Verdict {
    if (right === 'failed')
      return { failure: 'authorization_unavailable', detail: 'passwords cannot be hashed' }
    if (right === 'busy')
      return { failure: 'proxy_overloaded', detail: 'too many passwords wait to be hashed' }
    if (!right) return this.refusal('authentication_failed', 'wrong user or password')
    x.notes.set(authenticatedUser, user)
    const { userHeader, forwardCredentials } = this.config
    // Bytes of UTF-8: a field's value is written as Latin-1.
    if (userHeader !== null) {
      x.request.fields.set(userHeader, Buffer.from(user).toString('latin1'))
      noteTold(x, user)
    }
    if (!forwardCredentials) this.takeOut(x)
    return undefined
  }

  private takeOut(x: Exchange): void {
    const value = x.request.fields.combined('authorization')
    if (value !== undefined) noteTaken(x, PLACE, value)
    x.request.fields.remove('authorization')
  }

  private refusal(failure: 'authentication_required' | 'authentication_failed', detail: string): Failure {
    const { policy } = this.config
    return { failure, detail: detail === '' ? policy : `${policy}: ${detail}`, fields: this.fields }
  }
}
