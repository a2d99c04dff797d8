import type { OwnZone } from '../../upstream/choice/place.ts'
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'

import type { IgnoredKind } from '../../translation/role.ts'
import { CommandFailure, UsageError } from './flag.ts'

/** One of a fixed set of words. */
export function oneOf<const T extends string>(...words: readonly T[]): (text: string) => T {
  return text => {
    const word = words.find(known => known === text)
    if (word === undefined) throw new UsageError(`"${text}" is not known, expected ${words.join(', ')}`)
    return word
  }
}

/** A comma-separated list whose members `parse` reads. Empty text is an empty list. */
export function listOf<T>(parse: (text: string) => T): (text: string) => readonly T[] {
  return text =>
    text
      .split(',')
      .map(member => member.trim())
      .filter(member => member !== '')
      .map(member => parse(member))
}

/** `auto`, or a number of worker threads from 1 to 256. */
export function workerCount(text: string): number | 'auto' {
  if (text === 'auto') return 'auto'
  const count = Number(text)
  if (!/^\d{1,3}$/.test(text) || count < 1 || count > 256)
    throw new UsageError(`"${text}" is no number of workers, expected "auto" or 1 to 256`)
  return count
}

/** A port to listen on; 0 is whichever is free. */
export function portNumber(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new UsageError(`"${text}" is no port, expected 0 to 65535`)
  return port
}

/** `a`, or `a=40` where 40 % of all requests come in by its gateways; "" is not said. */
export function ownZone(text: string): OwnZone | null {
  if (text === '') return null
  const [, name = '', percent] = /^([^=,\s]{1,253})(?:=(\d{1,3}(?:\.\d+)?)%?)?$/.exec(text) ?? []
  const share = percent === undefined ? null : Number(percent) / 100
  if (name === '' || (share !== null && (share <= 0 || share > 1)))
    throw new UsageError(`"${text}" is no zone, expected its name, or name=percent with a number up to 100`)
  return { name, share }
}

export interface HostPort {
  /** IP address without brackets, or a name such as `localhost`. */
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
}

/** `HOST:PORT`, `[::1]:PORT`, or `off`. */
export function hostPort(text: string): HostPort | null {
  if (text === 'off') return null
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6))
    throw new UsageError(`"${text}" is no address, expected HOST:PORT (IPv6 as [::1]:PORT), or "off"`)
  return { host, port }
}

/** `https://gateway.example/admin`, or `HOST:PORT` for http; null where it is empty. */
export function gatewayUrl(text: string): URL | null {
  if (text === '') return null
  const whole = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(whole) ? new URL(whole) : null
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== ''
  )
    throw new UsageError(`"${text}" is no address of an admin listener, expected http://HOST:PORT`)
  return url
}

/** `@FILE` is what that file has, without the end of its line. */
export function textOrFile(text: string): string {
  if (!text.startsWith('@')) return text
  try {
    return readFileSync(text.slice(1), 'utf8').trim()
  } catch (error) {
    throw new UsageError(
      `cannot read ${text.slice(1)}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
}

/** `SecurityPolicy`, of any group, or `SecurityPolicy.gateway.envoyproxy.io`. */
export function ignoredKind(text: string): IgnoredKind {
  const [, kind, group] = /^([A-Za-z][A-Za-z0-9]*)(?:\.([a-z0-9.-]+))?$/.exec(text) ?? []
  if (kind === undefined) throw new UsageError(`"${text}" is no kind, expected KIND or KIND.GROUP`)
  return { kind, group: group ?? null }
}

/** `nginx.ingress.kubernetes.io/auth-url`, or `konghq.com/*` for all of one. */
export function annotationName(text: string): string {
  if (/^[a-z0-9.-]+\/(\*|[A-Za-z0-9._-]+)$/.test(text)) return text
  throw new UsageError(`"${text}" is no annotation, expected PREFIX/NAME, or PREFIX/* for all of one`)
}

/** An IP address of this machine. */
export function ipAddress(text: string): string {
  if (isIP(text) === 0) throw new UsageError(`"${text}" is no IP address`)
  return text
}

export type AccessLogTarget =
  | { readonly type: 'off' | 'stdout' }
  | { readonly type: 'file'; readonly path: string }

export function accessLogTarget(text: string): AccessLogTarget {
  if (text === 'off' || text === 'stdout') return { type: text }
  // As everywhere; a file of this name is ./-
  if (text === '-') return { type: 'stdout' }
  if (text === '') throw new UsageError('is empty, expected "stdout", "off" or a file name')
  return { type: 'file', path: text }
}

/** `name: value` lines as [name, value] pairs; names as typed. */
export function headerLines(text: string): readonly (readonly [name: string, value: string])[] {
  if (text === '') return []
  return text.split('\n').map(line => {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (name === undefined || value === undefined)
      throw new UsageError(`"${line}" is no header, expected "Name: value"`)
    return [name, value] as const
  })
}

/** What to read: what was named, else the folder that `portcullis init` makes. Throws CommandFailure where it is not there. */
export function pathsOr(named: readonly string[]): readonly string[] {
  if (named.length > 0) return named
  if (!existsSync('./portcullis'))
    throw new CommandFailure(
      'there is no folder ./portcullis here; name the files or folders to read, or make it: portcullis init',
    )
  return ['./portcullis']
}
