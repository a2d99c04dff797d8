import { cookieValue } from '../../http/request-values.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'
import type { Exchange, Filter, FilterType } from '../filter.ts'
import type { Kit } from '../kit.ts'
import { Note } from '../notes.ts'
import { SessionTokens } from './tokens.ts'

/** The table that has the key of tokens, and its only row; a service of the main thread fills it before anything is served. */
export const SESSION_KEYS = 'session-keys'
export const SESSION_KEY = 'current'

/** Gateway API SessionPersistence (GEP-1619) of one rule, or of a backend. */
export interface SessionConfig extends FilterConfig {
  readonly type: 'session'
  /** Whose sessions these are: Rule.id, or the name of a backend, whose sessions all rules share. */
  readonly scope: string
  readonly by: 'cookie' | 'header'
  /** As it is sent. */
  readonly name: string
  /** How long a session lasts; 0: for ever. */
  readonly absoluteMs: number
  /** The cookie is to outlive the browser, for as long as the session lasts. */
  readonly permanent: boolean
  /** Of the cookie. */
  readonly path: string
}

/** The session of an exchange: where it is, and who has answered. */
export class Session {
  readonly tokens: SessionTokens
  /** Of the endpoint that the client brings; "" where it brings none. */
  readonly tag: string
  /** Of the endpoint that has answered. */
  answered = ''

  constructor(tokens: SessionTokens, tag: string) {
    this.tokens = tokens
    this.tag = tag
  }
}

/** From the filter, which knows what clients bring and are told, to the action, which knows endpoints. */
export const sessionNote = new Note<Session>('session')

/** Keeps the requests of a session on one endpoint: the client is told which, in words that only we understand, and says it again. */
export const session: FilterType<SessionConfig> = {
  type: 'session',
  role: 'ingress',
  phase: 'session',
  describe: ({ by, name, absoluteMs, permanent }) => {
    const lasts = absoluteMs === 0 ? '' : `, for ${absoluteMs / 1000} s`
    return `by ${by} ${name}${lasts}${permanent ? ', beyond the browser session' : ''}`
  },
  compile: (config, kit) => new SessionFilter(config, kit),
}

class SessionFilter implements Filter {
  private readonly config: SessionConfig
  private readonly kit: Kit
  private readonly lower: string
  private tokens: SessionTokens | null = null

  constructor(config: SessionConfig, kit: Kit) {
    this.config = config
    this.kit = kit
    this.lower = config.name.toLowerCase()
  }

  request(x: Exchange): undefined {
    const tokens = (this.tokens ??= this.ready())
    if (tokens === null) return undefined
    const token = this.brought(x)
    const tag = token === undefined ? '' : tokens.read(token, this.kit.clock.wallMs())
    x.notes.set(sessionNote, new Session(tokens, tag))
    return undefined
  }

  /** An answer of another endpoint than the session was on, or of the first one. */
  response({ notes, response, failure, request }: Exchange): void {
    const found = notes.get(sessionNote)
    if (found === undefined || failure !== null) return
    const { tokens, tag, answered } = found
    if (answered === '' || answered === tag) return
    const token = tokens.tokenOf(answered, this.kit.clock.wallMs())
    const { by, name } = this.config
    if (by === 'header') response.fields.set(name, token, this.lower)
    else response.fields.add('Set-Cookie', `${name}=${token}${this.attributes(request.scheme)}`)
  }

  private ready(): SessionTokens | null {
    const { scope, absoluteMs } = this.config
    const key = this.kit.table<string>(SESSION_KEYS).get(SESSION_KEY)
    return key === undefined ? null : new SessionTokens(key, scope, absoluteMs)
  }

  private brought({ request }: Exchange): string | undefined {
    const { by, name } = this.config
    if (by === 'header') return request.fields.get(this.lower)
    return cookieValue(request.fields.combined('cookie') ?? '', name)
  }

  /** Scripts have no use for it, and no other site (GEP-1619: Secure, HttpOnly and SameSite=Strict by default). */
  private attributes(scheme: string): string {
    const { path, permanent, absoluteMs } = this.config
    const lasts = permanent ? `; Max-Age=${Math.floor(absoluteMs / 1000)}` : ''
    // A browser takes no Secure cookie from a connection without TLS.
    const secure = scheme === 'https' ? '; Secure' : ''
    return `; Path=${path}${lasts}; HttpOnly; SameSite=Strict${secure}`
  }
}
