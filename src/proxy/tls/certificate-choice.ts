import type { Leaf } from '../../snapshot/tls.ts'
import type { ClientHello } from './client-hello.ts'
import { KeySupport } from './key-support.ts'
import type { ContextSpec } from './server-contexts.ts'

interface Candidate {
  readonly spec: ContextSpec
  readonly leaf: Leaf
  readonly support: KeySupport
}

/**
 * The certificates of one listener, as they are chosen for a client: those that have the server name it asks for, else
 * those with a wildcard over it, else all that are `lenient`; of these the first that it can use. Where it can use none,
 * the first is shown, and OpenSSL refuses it with the right alert.
 */
export class CertificateChoice {
  /** One for each certificate, in the order of the references. */
  readonly contexts: readonly [ContextSpec, ...ContextSpec[]]
  /** By name, `a.example` or `*.example`, in the order of preference. Null where there is nothing to choose. */
  private readonly byName: ReadonlyMap<string, readonly Candidate[]> | null
  private readonly lenient: readonly Candidate[]

  constructor(contexts: readonly [ContextSpec, ...ContextSpec[]]) {
    this.contexts = contexts
    const { lenient = contexts.length } = contexts[0].termination
    const choice = contexts.length > 1 || lenient < contexts.length
    const candidates = choice ? contexts.flatMap(candidateOf) : []
    this.lenient = choice ? contexts.slice(0, lenient).flatMap(candidateOf) : []
    this.byName = candidates.length === 0 ? null : indexOf(candidates)
  }

  /** What all of them have in common can be read from this one. */
  get first(): ContextSpec {
    return this.contexts[0]
  }

  /** Null where nothing that is here may be shown to somebody who asks for this name. */
  choose(hello: ClientHello): ContextSpec | null {
    const { byName, first } = this
    if (byName === null) return first
    const named = byName.get(hello.serverName) ?? byName.get(wildcardOver(hello.serverName))
    const candidates = named ?? this.lenient
    const usable = candidates.find(({ support }) => support.takenBy(hello)) ?? candidates[0]
    return usable?.spec ?? null
  }

  /** The same with other settings of the port. */
  with(client: ContextSpec['client']): CertificateChoice {
    const [first, ...rest] = this.contexts
    return new CertificateChoice([{ ...first, client }, ...rest.map(spec => ({ ...spec, client }))])
  }
}

function candidateOf(spec: ContextSpec): Candidate[] {
  const leaf = spec.certificates[spec.certificate]?.leaf ?? null
  return leaf === null ? [] : [{ spec, leaf, support: new KeySupport(leaf.keyType, spec.client) }]
}

function indexOf(candidates: readonly Candidate[]): ReadonlyMap<string, readonly Candidate[]> {
  // A signature with a curve costs a fraction of one with RSA, and is what OpenSSL prefers of two.
  const preferred = candidates.toSorted((a, b) => Number(isRsa(a)) - Number(isRsa(b)))
  const index = new Map<string, Candidate[]>()
  for (const one of preferred)
    for (const name of new Set(one.leaf.names)) index.set(name, [...(index.get(name) ?? []), one])
  // Who can use none of those with the exact name may be able to use one with a wildcard.
  for (const [name, exact] of index)
    if (!name.startsWith('*.')) exact.push(...(index.get(wildcardOver(name)) ?? []))
  return index
}

function isRsa({ leaf }: Candidate): boolean {
  return leaf.keyType.startsWith('rsa')
}

/** The name that takes it in a certificate, where an asterisk is one label (RFC 9525 §6.3). */
function wildcardOver(name: string): string {
  return `*${name.slice(name.indexOf('.'))}`
}
