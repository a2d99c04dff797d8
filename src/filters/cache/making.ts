import type { ResponseHead } from '../../http/head.ts'
import { Fields } from '../../http/fields.ts'
import type { CacheReader } from '../../shared/cache/reader.ts'
import type { Stored, StoredPolicy } from '../../shared/cache/stored.ts'
import type { CacheSettings } from './config.ts'
import { directivesOf, type Directives } from './directives.ts'
import { timesOf } from './freshness.ts'
import type { Question } from './question.ts'
import { audienceOf, refusal, type Reason } from './storable.ts'
import { valuesOf, varyNames } from './vary.ts'

/** Whose answer it is, and when it was asked for. */
export interface Origin {
  readonly question: Question
  /** As the backend was asked. */
  readonly request: Fields
  readonly askedMs: number
  readonly changePlace: number
  readonly changes: number
  readonly client: string
}

export type Made = { readonly stored: Stored } | { readonly reason: Reason }

/** What is not kept of an answer: it is of one exchange, or said anew with each. */
const dropped = ['age', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization']

/** Tags of Fastly and Varnish, and of Cloudflare; each in words, or with commas. */
const tagFields = ['surrogate-key', 'cache-tag', 'xkey']

/** At most so many tags of one answer are known. */
const MOST_TAGS = 256

/** An answer as it is to be stored, without its body, or why it is not. */
export function madeOf(
  { status, fields }: Pick<ResponseHead, 'status' | 'fields'>,
  { question, request, askedMs, changePlace, changes, client }: Origin,
  settings: CacheSettings,
  reader: Pick<CacheReader, 'digest'>,
  nowMs: number,
): Made {
  const directives = directivesOf(fields.combined('cache-control'))
  const times = timesOf(status, fields, directives, askedMs, nowMs, settings)
  const policy = policyOf(directives, settings)
  const isFresh = times.freshMs > times.initialAgeMs && !policy.asks
  const isAskable = fields.has('etag') || fields.has('last-modified')
  const lasts = times.isHeuristic ? 0 : Math.max(policy.staleWhileRevalidateMs, policy.staleIfErrorMs)
  const isUseful = isFresh || (status === 200 && (isAskable || lasts > 0))
  const reason = refusal({ status, fields, directives, isUseful })
  if (reason !== null) return { reason }
  const kept = new Fields([...fields.list])
  for (const name of dropped) kept.remove(name)
  const vary = varyNames(fields)
  return {
    stored: {
      id: 0,
      url: question.url,
      place: question.places[audienceOf(directives, question.isTold)],
      vary,
      values: valuesOf(vary, request, reader),
      status,
      fields: kept.list,
      body: null,
      times: { initialAgeMs: times.initialAgeMs, receivedMs: times.receivedMs, freshMs: times.freshMs },
      policy,
      tags: tagsOf(fields),
      changePlace,
      changes,
      client,
    },
  }
}

function policyOf(directives: Directives, settings: CacheSettings): StoredPolicy {
  const { noCache, mustRevalidate, sMaxAge, staleWhileRevalidate, staleIfError } = directives
  return {
    asks: noCache,
    // §5.2.2.10: s-maxage says what proxy-revalidate says.
    strict: mustRevalidate || sMaxAge >= 0,
    staleWhileRevalidateMs:
      staleWhileRevalidate >= 0 ? staleWhileRevalidate * 1000 : settings.staleWhileRevalidateMs,
    staleIfErrorMs: staleIfError >= 0 ? staleIfError * 1000 : settings.staleIfErrorMs,
  }
}

function tagsOf(fields: Fields): readonly string[] {
  const tags = new Set<string>()
  for (const name of tagFields)
    for (const tag of (fields.combined(name) ?? '').split(/[\s,]+/)) if (tag !== '') tags.add(tag)
  return [...tags].slice(0, MOST_TAGS)
}

/** What a 304 does not say anew of what is stored (RFC 9111 §3.2). */
const unchanged: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
  'etag',
  'transfer-encoding',
])

/** What is stored with what a 304 has said of it (RFC 9111 §4.3.4). */
export function renewedFields(stored: Stored, told: Fields): Fields {
  const fields = new Fields([...stored.fields])
  const names = new Set(
    told.list
      .filter((_, i) => i % 2 === 0)
      .map(name => name.toLowerCase())
      .filter(name => !unchanged.has(name)),
  )
  for (const name of names) fields.remove(name)
  for (let i = 0; i < told.list.length; i += 2)
    if (names.has(told.list[i]!.toLowerCase())) fields.add(told.list[i]!, told.list[i + 1]!)
  return fields
}
