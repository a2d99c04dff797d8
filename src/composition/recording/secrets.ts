/** Fields that are in no fixture, whatever is asked for. */
const ALWAYS = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key']

/** Of this exchange, and not of what it says. */
const PASSING = ['date', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'age']

/** What stands for a text that is hidden. */
const HIDDEN = 'hidden'

/** Takes out of what is recorded what nobody is to read in a repository. */
export class Secrets {
  /** Names of fields, parameters and members of JSON, in lower case. */
  readonly names: readonly string[]
  private readonly hidden: ReadonlySet<string>
  private readonly dropped: ReadonlySet<string>

  constructor(names: readonly string[]) {
    this.names = [...new Set(names.map(name => name.toLowerCase()))].sort()
    this.hidden = new Set(this.names)
    this.dropped = new Set([...ALWAYS, ...PASSING, ...this.names])
  }

  fields(headers: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(headers).filter(([name]) => !this.dropped.has(name)))
  }

  /** Of the same type, so that it still fits its contract. */
  json(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(one => this.json(one))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        name,
        this.hidden.has(name.toLowerCase()) ? standIn(member) : this.json(member),
      ]),
    )
  }

  /** Path and query, with the values of its parameters. */
  target(target: string): string {
    const at = target.indexOf('?')
    return at === -1 ? target : `${target.slice(0, at)}?${this.parameters(target.slice(at + 1))}`
  }

  /** `a=1&b=2`, of a query or a form. */
  parameters(text: string): string {
    return text
      .split('&')
      .map(pair => {
        const [name = ''] = pair.split('=', 1)
        return this.hidden.has(decoded(name).toLowerCase()) ? `${name}=${HIDDEN}` : pair
      })
      .join('&')
  }
}

function standIn(value: unknown): unknown {
  if (typeof value === 'string') return HIDDEN
  if (typeof value === 'number') return 0
  if (typeof value === 'boolean') return false
  if (Array.isArray(value)) return []
  return typeof value === 'object' && value !== null ? {} : value
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
