import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * The text of a secret that this gateway has given out, in parts between "_":
 *
 * - `pc`, the environment ([a-z0-9]{1,16}), for API keys; `pcp` alone for personal access tokens;
 * - an id, by which its record is found: 16 of [0-9a-z], 82 bits;
 * - the secret: 32 of [0-9A-Za-z], 190 bits;
 * - a checksum: 6 of [0-9A-Za-z], the CRC-32 of all before its "_".
 *
 * Whoever searches repositories and mails for leaked secrets finds it by its beginning and proves it by its end, and
 * what a client has mistyped, or invented, is refused without a look-up.
 */
export interface KeyText {
  /** Of personal access tokens "". */
  readonly environment: string
  readonly id: string
  readonly secret: string
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SMALL = '0123456789abcdefghijklmnopqrstuvwxyz'

const ID_LENGTH = 16
const SECRET_LENGTH = 32
const CHECKSUM_LENGTH = 6
/** From the "_" before the id to the end. */
const TAIL_LENGTH = 3 + ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH

const KEY = /^pc_([a-z0-9]{1,16})_([a-z0-9]{16})_([A-Za-z0-9]{32})_[A-Za-z0-9]{6}$/
const TOKEN = /^pcp_([a-z0-9]{16})_([A-Za-z0-9]{32})_[A-Za-z0-9]{6}$/

/** Longest text that can be a key: beyond that nobody looks. */
const MOST_CHARACTERS = 'pc_'.length + 16 + TAIL_LENGTH

/** Whether somebody may have meant it as an API key, in whatever state it is. */
export function looksLikeKey(text: string): boolean {
  return text.startsWith('pc_')
}

function isEnvironment(text: string): boolean {
  return /^[a-z0-9]{1,16}$/.test(text)
}

/** A new API key; the text is shown once, and nobody keeps it. */
export function newKeyText(environment: string): KeyText & { readonly text: string } {
  if (!isEnvironment(environment)) throw new RangeError('an environment is 1 to 16 of a-z and 0-9')
  return make(environment, `pc_${environment}`)
}

/** A new personal access token. */
export function newTokenText(): KeyText & { readonly text: string } {
  return make('', 'pcp')
}

/** Null for what cannot be an API key of any gateway: another shape, or a wrong checksum. */
export function parseKeyText(text: string): KeyText | null {
  if (text.length > MOST_CHARACTERS) return null
  const [, environment = '', id = '', secret = ''] = KEY.exec(text) ?? []
  return secret !== '' && isSummed(text) ? { environment, id, secret } : null
}

export function parseTokenText(text: string): KeyText | null {
  if (text.length > MOST_CHARACTERS) return null
  const [, id = '', secret = ''] = TOKEN.exec(text) ?? []
  return secret !== '' && isSummed(text) ? { environment: '', id, secret } : null
}

/** What lists show of one: enough to know it by, and nothing of its secret. */
export function shownPrefix({ environment, id }: Pick<KeyText, 'environment' | 'id'>): string {
  return environment === '' ? `pcp_${id}` : `pc_${environment}_${id}`
}

function make(environment: string, head: string): KeyText & { readonly text: string } {
  const id = randomText(SMALL, ID_LENGTH)
  const secret = randomText(DIGITS, SECRET_LENGTH)
  const before = `${head}_${id}_${secret}`
  return { environment, id, secret, text: `${before}_${checksum(before)}` }
}

function isSummed(text: string): boolean {
  const end = text.length - CHECKSUM_LENGTH
  // Nothing of this is secret: whoever has the key can compute it.
  return text.slice(end) === checksum(text.slice(0, end - 1))
}

function checksum(text: string): string {
  let sum = crc32(text)
  let out = ''
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    out = DIGITS[sum % 62]! + out
    sum = Math.floor(sum / 62)
  }
  return out
}

/** Each letter as likely as any other: bytes that would favour the first ones are drawn again. */
function randomText(letters: string, length: number): string {
  const most = 256 - (256 % letters.length)
  let text = ''
  while (text.length < length)
    for (const byte of randomBytes(length))
      if (byte < most && text.length < length) text += letters[byte % letters.length]!
  return text
}
