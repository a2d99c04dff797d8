import { refKey } from '../../../model/resources.ts'
import { objectionTo, settingsName } from '../../../proxy/tls/server-contexts.ts'
import type { ClientSettings } from '../../../snapshot/client-settings.ts'
import type { Certificate, Termination } from '../../../snapshot/tls.ts'
import type { Certificates } from '../../../translation/certificates.ts'
import type { ClientSettingsOf } from './client-policy.ts'
import type { Flaw } from '../../../translation/report.ts'
import type { GatewayState } from './gateway-state.ts'
import type { ListenerState } from './listeners.ts'
import { digest } from '../../../translation/pem.ts'

/**
 * Makes the TLS contexts that the proxy would make for the listeners of a Gateway. A certificate that comes to none is
 * left out, and its listener says so: an error at the first handshake would be one too late.
 */
export function proveContexts(
  state: GatewayState,
  settingsOf: ClientSettingsOf,
  { used }: Certificates,
): void {
  for (const listener of state.listeners)
    if (listener.tls?.mode === 'terminate')
      prove(listener, listener.tls, settingsOf(state, listener.spec.port), used)
}

/** Whether any of its certificates comes to a context. */
export function isProvable(
  termination: Termination,
  client: ClientSettings,
  used: ReadonlyMap<string, Certificate>,
): boolean {
  return termination.certificates.some(name => objectionFor(name, termination, client, used) === null)
}

function prove(
  listener: ListenerState,
  termination: Termination,
  client: ClientSettings,
  used: ReadonlyMap<string, Certificate>,
): void {
  const objections = new Map<string, string>()
  for (const name of termination.certificates) {
    const objection = objectionFor(name, termination, client, used)
    if (objection !== null) objections.set(name, objection)
  }
  if (objections.size === 0) return
  const left = termination.certificates.filter(name => !objections.has(name))
  for (const [name, objection] of objections)
    listener.unresolved.push(flawOf(listener, name, objection, left.length > 0))
  const key = digest([termination.key, ...left].join('\n'))
  const { lenient = termination.certificates.length } = termination
  const still = termination.certificates.slice(0, lenient).filter(name => !objections.has(name)).length
  listener.tls =
    left.length === 0
      ? { mode: 'refuse' }
      : {
          ...termination,
          certificates: left,
          key,
          ...(termination.lenient === undefined ? {} : { lenient: still }),
        }
}

function flawOf(
  { spec, path, owner: { metadata } }: ListenerState,
  certificate: string,
  objection: string,
  others: boolean,
): Flaw {
  const refs = spec.tls?.certificateRefs ?? []
  const index = refs.findIndex(
    ref =>
      refKey({
        group: '',
        kind: 'Secret',
        namespace: ref.namespace ?? metadata.namespace,
        name: ref.name,
      }) === certificate,
  )
  return {
    reason: 'InvalidCertificateRef',
    path: index < 0 ? path : [...path, 'tls', 'certificateRefs', index],
    message: `${certificate.replace('/', ' ')}: ${objection}${others ? '; the listener is served with the others' : ''}`,
  }
}

/** Certificates stay the same object until they change: each is tried once with the same settings and authorities. */
const known = new WeakMap<Certificate, Map<string, string | null>>()

function objectionFor(
  name: string,
  termination: Termination,
  client: ClientSettings,
  used: ReadonlyMap<string, Certificate>,
): string | null {
  const { clients } = termination
  const certificate = used.get(name)!
  const settings = `${clients?.key ?? ''} ${settingsName(client)}`
  const before = known.get(certificate)?.get(settings)
  if (before !== undefined) return before
  const names = [name, ...(clients?.authorities ?? [])]
  const certificates = Object.fromEntries(names.map(one => [one, used.get(one)!]))
  const objection = objectionTo({ listener: '', certificate: name, termination, client, certificates })
  const tried = known.get(certificate) ?? new Map<string, string | null>()
  known.set(certificate, tried.set(settings, objection))
  return objection
}
