import { askedApiNote } from '../identity.ts'
import type { PathConfig, ToConfig } from './config.ts'
import { hasDoubtfulStep, otherReading } from './readings.ts'
import { truth, type Predicate, type Truth } from './truth.ts'

/** What a request is for, always as the client asked for it. */
export function compileTo({ operations, methods, paths, hosts }: ToConfig): Predicate[] {
  return [
    ...(methods === null ? [] : [ofMethods(methods)]),
    ...(hosts === null ? [] : [ofHosts(hosts)]),
    ...(paths === null ? [] : [ofPaths(paths)]),
    ...(operations === null ? [] : [ofOperations(operations)]),
  ]
}

function ofMethods(methods: readonly string[]): Predicate {
  const known = new Set(methods)
  return ({ asked }) => truth(known.has(asked.method))
}

function ofHosts(hosts: readonly string[]): Predicate {
  const exact = new Set(hosts.filter(host => !host.startsWith('*.')))
  const below = hosts.filter(host => host.startsWith('*.')).map(host => host.slice(1))
  return ({ asked: { hostname } }) =>
    truth(exact.has(hostname) || below.some(end => hostname.length > end.length && hostname.endsWith(end)))
}

function ofPaths(paths: readonly PathConfig[]): Predicate {
  const fits = (path: string): boolean => paths.some(one => matches(one, path))
  return ({ asked: { path } }): Truth => {
    const holds = fits(path)
    const other = otherReading(path)
    return other === null || fits(other) === holds ? truth(holds) : 'unknown'
  }
}

function matches({ type, value }: PathConfig, path: string): boolean {
  // Of the root: also "*", of OPTIONS.
  if (type === 'prefix' && value === '') return true
  if (type === 'exact' || path.length === value.length) return path === value
  return path.startsWith(value) && path.charCodeAt(value.length) === 47
}

/** A path that a backend may read as another one may be any operation to it; one of this list it is only without steps. */
function ofOperations(operations: readonly string[]): Predicate {
  const known = new Set(operations)
  return ({ asked: { path }, notes }): Truth => {
    const operation = notes.get(askedApiNote)?.operation ?? ''
    if (operation !== '' && known.has(operation)) return hasDoubtfulStep(path) ? 'unknown' : 'yes'
    return otherReading(path) === null ? 'no' : 'unknown'
  }
}
