import { HINT_FORWARDED, type RequestHead } from '../../http/head.ts'
import type { Exchange } from '../filter.ts'
import { identityNote } from '../identity.ts'
import { withHyphens } from '../spellings.ts'
import { allAsked, allTaken, allTold } from '../taken.ts'
import {
  COMMON,
  CONDITION,
  DIRECTIVE,
  FORWARDED,
  FORWARDED_URL,
  FORWARDING,
  kindOf,
  OWN_WORD,
  PLAIN,
  SHOWN,
  TURNING,
} from './field-kinds.ts'

/** By which answers are found and told apart. */
export interface Question {
  readonly url: string
  readonly places: Places
  /** The backend knows from us, or from a hop that we trust, who asks. */
  readonly isTold: boolean
  /** It has a condition or asks for a part: its answer is not that of others. */
  readonly isConditional: boolean
  /** It says something of caches. */
  readonly hasDirectives: boolean
}

/** Who else is given an answer: places of a URL. Each has in it what the backend is told beside the URL and what Vary may name. */
export interface Places {
  readonly all: string
  /** For who has asked with the same credentials. */
  readonly same: string
}

interface Usual {
  readonly ruleDigest: string
  readonly localPort: number
  readonly places: Places
}

/** What requests are asked by that are of one rule. */
export class Questions {
  private readonly keyHeaders: readonly string[]
  private readonly digest: (text: string) => string
  /** By Rule.id, of who shows nothing. */
  private readonly usual = new Map<string, Usual>()

  private readonly keysAll: boolean

  /** `keyHeaders` in lower case. `digest` stands for what is not to be kept as it is. `keysAll`: as CacheSettings has it. */
  constructor(keyHeaders: readonly string[], digest: (text: string) => string, keysAll = false) {
    this.keyHeaders = keyHeaders
    this.digest = digest
    this.keysAll = keysAll
  }

  /**
   * Null where it is not for a cache: a backend may take it for another request than its URL says, and its answer would
   * be given to who asks for that URL. Everything that we tell backends beside what the client may vary by Vary is in the
   * key: where hops are trusted, clients behind them may say what X-Forwarded-Host is.
   */
  of(x: Exchange): Question | null {
    const { list } = x.request.fields
    const isOurs = (x.request.hints & HINT_FORWARDED) === 0
    let told = ''
    let who = ''
    let isTold = false
    let isConditional = false
    let hasDirectives = false
    let ownText = ''
    for (let i = 0; i < list.length; i += 2) {
      const kind = kindOf(list[i]!)
      if (kind === PLAIN && this.keysAll) ownText += part(list[i]!, list[i + 1]!)
      if (kind === PLAIN || kind === COMMON || (kind === FORWARDED_URL && isOurs)) continue
      if (kind === TURNING) return null
      if (kind === CONDITION) isConditional = true
      else if (kind === DIRECTIVE) hasDirectives = true
      else if (kind === SHOWN) who += part(list[i]!, list[i + 1]!)
      else if (kind === FORWARDED) told += part(list[i]!, hostsOf(list[i + 1]!))
      else if (kind === FORWARDING || kind === FORWARDED_URL) told += part(list[i]!, list[i + 1]!)
      else if (kind === OWN_WORD) {
        isTold = true
        // A token that we sign is another each minute; who it is of is in the note.
        if (x.notes.get(identityNote) === undefined) who += part(list[i]!, list[i + 1]!)
      }
    }
    const telling = allTold(x)
    if (telling.length > 0) isTold = true
    who += this.foundOf(x, telling)
    if (ownText !== '') told += part('own', this.digest(ownText))
    for (const name of this.keyHeaders) told += part(name, this.digest(x.request.fields.combined(name) ?? ''))
    const places = this.placesOf(x, told, who)
    return { url: urlOf(x.request), places, isTold, isConditional, hasDirectives }
  }

  /** Who asks, by what filters and the listener have found. */
  private foundOf(x: Exchange, telling: readonly string[]): string {
    const { certificate } = x
    const asking = x.notes.get(identityNote)
    let who = ''
    if (asking !== undefined && asking.kind !== 'anonymous')
      who += part(asking.principal, [asking.credential, asking.application, asking.account].join(' '))
    for (const text of allTaken(x)) who += part('taken', text)
    for (const text of telling) who += part('told', text)
    for (const fields of allAsked(x)) who += askedWith(fields)
    if (certificate !== null) who += part(certificate.subject, certificate.names.join())
    return who
  }

  /** Of another rule that has the id now, nothing is given: the one that was stored by may have taken others only. */
  private placesOf({ route, ruleDigest, localPort }: Exchange, told: string, who: string): Places {
    if (told !== '' || who !== '')
      return placesOf(`${route} ${ruleDigest} ${localPort}${told}`, who === '' ? '' : this.digest(who))
    const usual = this.usual.get(route)
    if (usual?.localPort === localPort && usual.ruleDigest === ruleDigest) return usual.places
    const places = placesOf(`${route} ${ruleDigest} ${localPort}`, '')
    this.usual.set(route, { ruleDigest, localPort, places })
    return places
  }
}

/** What is of another kind is in the key by itself, or in none. */
function askedWith(fields: readonly string[]): string {
  let who = ''
  for (let i = 0; i < fields.length; i += 2) {
    const kind = kindOf(fields[i]!)
    if (kind === PLAIN || kind === SHOWN) who += part(fields[i]!, fields[i + 1]!)
  }
  return who
}

function placesOf(told: string, identity: string): Places {
  return { all: `* ${told}`, same: `= ${told} #${identity}` }
}

/** As it is at the place of a cache: what filters have taken out as a credential is not in it, and nothing is rewritten yet. */
export function urlOf({ scheme, authority, path, query }: RequestHead): string {
  return `${scheme}://${authority}${path}${query}`
}

/** Lengths go with texts, so that no two lists read alike; names as backends read them. */
function part(name: string, value: string): string {
  return ` ${name.length}:${withHyphens(name)} ${value.length}:${value}`
}

/** Of Forwarded what is said of hosts and schemes. */
function hostsOf(value: string): string {
  return (value.match(/(?:host|proto)=(?:"[^"]*"|[^;,]*)/gi) ?? []).join()
}
