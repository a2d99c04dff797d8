import type { Fields } from '../../http/fields.ts'
import { isSecretParameter, REDACTED, redactQuery } from '../redact.ts'
import type { Attribute, Span } from './span.ts'
import type { TracingSettings } from './tracing.ts'

/** What the spans of some requests are to be. */
export interface SpanSettings extends TracingSettings {
  /** Who exports them, by the name that threads tell their batches with; "": the collector of the process. */
  readonly to: string
  /** Of the span of an exchange; "": as the conventions have it. */
  readonly name: string
  /** That each span has beside those of the conventions. */
  readonly attributes: readonly SpanAttribute[]
}

export interface SpanAttribute {
  readonly name: string
  /** `literal`: the value itself. `header`: of the request as the client sent it, else of the answer. `attribute`: one that the span has by the conventions. */
  readonly source: 'literal' | 'header' | 'attribute'
  /** The value, or whose value it is, of a header in lower case. */
  readonly value: string
}

/** Where spans of a request go that are made elsewhere for it, and what they are to have; `to` null: nowhere. */
export interface SpanHome {
  readonly to: string | null
  readonly attributes: Span['attributes']
}

/** Nobody is to be told of a request. */
export const UNTOLD: SpanHome = { to: null, attributes: {} }

/** OpenTelemetry bounds values of attributes where it is told to; what clients send is not to fill a collector. */
const MOST_CHARACTERS = 1024

/** Made once for what is the same for all requests. */
export class OwnAttributes {
  private readonly literals: Readonly<Record<string, Attribute>>
  private readonly headers: readonly SpanAttribute[]
  private readonly others: readonly SpanAttribute[]

  constructor(attributes: readonly SpanAttribute[]) {
    const of = (source: SpanAttribute['source']): readonly SpanAttribute[] =>
      attributes.filter(one => one.source === source)
    this.literals = Object.fromEntries(of('literal').map(({ name, value }) => [name, value]))
    this.headers = of('header')
    this.others = of('attribute')
  }

  /** What is known when a request is here. */
  ofRequest(fields: Fields): Span['attributes'] {
    return this.headers.length === 0 ? this.literals : { ...this.literals, ...this.read(fields, {}) }
  }

  /** Those that the request had not, where the answer has them; null where there is nothing to ask. */
  ofAnswer(fields: Fields | null, known: Span['attributes']): Span['attributes'] | null {
    return this.headers.length === 0 || fields === null ? null : this.read(fields, known)
  }

  /** Under names of their own what the span has anyway. */
  ofSpan(attributes: Span['attributes']): Span['attributes'] | null {
    if (this.others.length === 0) return null
    return Object.fromEntries(this.others.map(({ name, value }) => [name, attributes[value]]))
  }

  private read(fields: Fields, known: Span['attributes']): Span['attributes'] {
    const found: Record<string, Attribute> = {}
    for (const { name, value: header } of this.headers) {
      if (known[name] !== undefined) continue
      const value = fields.combined(header)
      if (value !== undefined) found[name] = shown(header, value)
    }
    return found
  }
}

/** As logs have it: what carries a credential by its name, or is declared to, is nobody's to read. */
function shown(header: string, value: string): string {
  return isSecretParameter(header) ? REDACTED : redactQuery(value.slice(0, MOST_CHARACTERS))
}
