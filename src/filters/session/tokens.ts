import { hash, timingSafeEqual } from 'node:crypto'

/** 96 bits, 16 characters of base64url: nobody finds one by trying. */
const TAG_BYTES = 12
/** Clocks of replicas differ. */
const AHEAD_S = 60

const shape = /^([\w-]{16})(?:\.([0-9a-z]{1,9})\.([\w-]{16}))?$/

/**
 * What a client is told of the endpoint that its session is on, and brings back. An endpoint is told by a tag, an HMAC
 * of its name under a key of the gateway: it says nothing of addresses, differs for each rule, and leads nowhere but to
 * an endpoint that the rule has. Where sessions end by time, a token also has when it was made, under an HMAC.
 *
 * Every worker, and every gateway that has the key, makes the same of it.
 */
export class SessionTokens {
  private readonly mac: (text: string) => Buffer
  private readonly scope: string
  private readonly absoluteMs: number

  /** `scope` keeps the sessions of one rule from those of another; `absoluteMs` is how long one lasts, 0 for ever. */
  constructor(key: string, scope: string, absoluteMs: number) {
    this.mac = hmacOf(Buffer.from(key))
    this.scope = scope
    this.absoluteMs = absoluteMs
  }

  /** Of an endpoint, by the name of its cluster and its own. */
  tagOf(cluster: string, endpoint: string): string {
    return this.tag('endpoint', cluster, endpoint).toString('base64url')
  }

  /** Of a session that begins. */
  tokenOf(tag: string, wallMs: number): string {
    if (this.absoluteMs === 0) return tag
    const made = Math.floor(wallMs / 1000).toString(36)
    return `${tag}.${made}.${this.tag('token', tag, made).toString('base64url')}`
  }

  /** The tag in it; "" where it is none of ours, or its time is over. */
  read(token: string, wallMs: number): string {
    const [, tag = '', made = '', mac = ''] = shape.exec(token) ?? []
    if (this.absoluteMs === 0 || tag === '') return made === '' ? tag : ''
    if (made === '' || !timingSafeEqual(Buffer.from(mac, 'base64url'), this.tag('token', tag, made)))
      return ''
    const ageMs = wallMs - Number.parseInt(made, 36) * 1000
    return ageMs > this.absoluteMs || ageMs < -AHEAD_S * 1000 ? '' : tag
  }

  private tag(...parts: readonly string[]): Buffer {
    // No part has a line break in it, so that no two lists of them make one text.
    return this.mac([this.scope, ...parts].join('\n')).subarray(0, TAG_BYTES)
  }
}

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32

/** HMAC-SHA256 (RFC 2104) of text, of two hashes made at once: a sixth of what createHmac costs, which makes objects for each. */
function hmacOf(key: Buffer): (text: string) => Buffer {
  const short = key.length > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key
  const padded = (byte: number): Buffer => {
    const block = Buffer.alloc(BLOCK_BYTES, byte)
    for (const [i, own] of short.entries()) block[i]! ^= own
    return block
  }
  const inner = padded(0x36)
  const outer = Buffer.concat([padded(0x5c), Buffer.alloc(DIGEST_BYTES)])
  return text => {
    hash('sha256', Buffer.concat([inner, Buffer.from(text)]), 'buffer').copy(outer, BLOCK_BYTES)
    return hash('sha256', outer, 'buffer')
  }
}
