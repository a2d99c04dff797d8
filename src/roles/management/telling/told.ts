import type { AskedApi, Identity, Subscribed } from '../../../filters/identity.ts'
import { flat } from '../../../http/flat.ts'
import type { Signer } from './signer.ts'

/** For how long a token is sent, and for how long it is good when it is sent last: clocks differ, and work waits. */
const SENT_MS = 60_000
const GOOD_MS = 60_000
/** Combinations of API and plan that are kept for one identity. */
const KEPT = 8

/** What is told of one request, beside the identity. */
export interface Asking {
  readonly api: AskedApi | undefined
  readonly subscribed: Subscribed | undefined
  /** Whom the token is for: `default/petstore`, or the route where no API is asked. */
  readonly audience: string
}

/** Fields that say who asks: name, value, name, value …, and as they read on the wire. */
export interface Told {
  readonly list: readonly string[]
  readonly text: string
}

interface Kept extends Told {
  readonly asking: Asking
  readonly untilMs: number
  /** What it was signed by; null where it has no token. */
  readonly key: object | null
}

/** What backends are told of one identity, kept for a minute. */
export class Telling {
  private readonly identity: Identity
  private readonly signer: Signer
  private kept: Kept[] = []

  constructor(identity: Identity, signer: Signer) {
    this.identity = identity
    this.signer = signer
  }

  of(asking: Asking, nowMs: number): Told {
    const { key } = this.signer
    const known = this.kept.find(one => isSame(one.asking, asking))
    if (known !== undefined && nowMs < known.untilMs && known.key === key) return known
    const made = this.make(asking, nowMs, key)
    this.kept = [made, ...this.kept.filter(one => one !== known)].slice(0, KEPT)
    return made
  }

  private make(asking: Asking, nowMs: number, key: object | null): Kept {
    const list = fieldsOf(this.identity, asking)
    const token = this.signer.sign(claimsOf(this.identity, asking, nowMs))
    if (token !== '') list.push('X-Portcullis-Identity', flat(token))
    let text = ''
    for (let i = 0; i < list.length; i += 2) text += `${list[i]!}: ${list[i + 1]!}\r\n`
    return { asking, list, text: flat(text), untilMs: nowMs + SENT_MS, key }
  }
}

function isSame(a: Asking, b: Asking): boolean {
  return (
    a.audience === b.audience &&
    a.api?.version === b.api?.version &&
    a.subscribed?.product === b.subscribed?.product &&
    a.subscribed?.plan === b.subscribed?.plan &&
    a.subscribed?.subscription === b.subscribed?.subscription
  )
}

/** What is null or empty is not sent. */
function fieldsOf(identity: Identity, { api, subscribed }: Asking): string[] {
  const all: readonly (readonly [name: string, value: string | null | undefined])[] = [
    ['Principal', identity.principal],
    ['Credential', identity.credential],
    ['Application', identity.application],
    ['Account', identity.account],
    ['Scopes', identity.scopes.join(' ')],
    ['Api', api?.api],
    ['Api-Version', api?.version],
    ['Product', subscribed?.product],
    ['Plan', subscribed?.plan],
    ['Subscription', subscribed?.subscription],
  ]
  return all.flatMap(([name, value]) => (value ? [`X-Portcullis-${name}`, fieldText(value)] : []))
}

/**
 * As a value of a field: visible ASCII and single blanks stay, all else and "%" is percent-encoded UTF-8, so that
 * decodeURIComponent has the text back. A subject may be whatever its issuer likes, a line break too.
 */
export function fieldText(value: string): string {
  if (/^[\x21-\x24\x26-\x7e]+(?: [\x21-\x24\x26-\x7e]+)*$/.test(value)) return value
  return value
    .toWellFormed()
    .replace(/[^\x20-\x24\x26-\x7e]/gu, encodeURIComponent)
    .replace(/^ | $|(?<= ) /g, '%20')
}

function claimsOf(
  { principal, kind, credential, application, account, scopes }: Identity,
  { api, subscribed, audience }: Asking,
  nowMs: number,
): Readonly<Record<string, unknown>> {
  const iat = Math.floor(nowMs / 1000)
  return {
    iss: 'portcullis',
    sub: principal,
    aud: audience,
    iat,
    exp: iat + (SENT_MS + GOOD_MS) / 1000,
    kind,
    // What is undefined is left out.
    credential: credential ?? undefined,
    application: application ?? undefined,
    account: account ?? undefined,
    scope: scopes.length === 0 ? undefined : scopes.join(' '),
    version: api?.version,
    product: subscribed?.product,
    plan: subscribed?.plan,
    subscription: subscribed?.subscription ?? undefined,
  }
}
