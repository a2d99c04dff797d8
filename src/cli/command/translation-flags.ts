import { ingressDefaults } from '../../model/defaults.ts'
import type { IgnoredKind, IngressPorts, TranslateSettings } from '../../translation/role.ts'
import { UsageError, type Flag, type Given } from './flag.ts'
import { annotationName, ignoredKind, ipAddress, listOf } from './values.ts'

// What `run`, `check` and `explain` make of the same objects must be the same.

const addresses: Flag<readonly string[]> = {
  name: 'address',
  placeholder: 'IP,…',
  env: 'PORTCULLIS_ADDRESS',
  fallback: '',
  help: 'Where Gateways without spec.addresses listen, in place of every address of the machine.',
  parse: listOf(ipAddress),
}

const ignoredKinds: Flag<readonly IgnoredKind[]> = {
  name: 'ignore-kind',
  placeholder: 'KIND[.GROUP],…',
  env: 'PORTCULLIS_IGNORE_KIND',
  many: true,
  fallback: '',
  help: 'Serve without objects of these kinds, which are not known here, although they may protect what they target.',
  parse: text => listOf(ignoredKind)(text.replaceAll('\n', ',')),
}

const ignoredAnnotations: Flag<readonly string[]> = {
  name: 'ignore-annotation',
  placeholder: 'NAME,…',
  env: 'PORTCULLIS_IGNORE_ANNOTATION',
  many: true,
  fallback: '',
  help: 'Serve routes, Ingresses and Services without these annotations of other controllers, although they may protect them: nginx.ingress.kubernetes.io/limit-rps, or konghq.com/* for all of one.',
  parse: text => listOf(annotationName)(text.replaceAll('\n', ',')),
}

const ingressPorts: Flag<IngressPorts> = {
  name: 'ingress-ports',
  placeholder: 'HTTP,HTTPS',
  env: 'PORTCULLIS_INGRESS_PORTS',
  fallback: `${ingressDefaults.http},${ingressDefaults.https}`,
  help: 'Where Ingresses are served, without and with TLS: at the addresses of Gateways that have the same port, or else as --address says.',
  parse: text => {
    const [http = 0, https = 0, ...more] = text.split(',').map(Number)
    const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65_536
    if (isPort(http) && isPort(https) && http !== https && more.length === 0) return { http, https }
    throw new UsageError(`"${text}" is no pair of ports, expected two different ones, as 80,443`)
  },
}

export const translationFlags = [addresses, ignoredKinds, ignoredAnnotations, ingressPorts]

export function settingsOf(given: Given): TranslateSettings {
  return {
    addresses: given.get(addresses),
    ignoredKinds: given.get(ignoredKinds),
    ignoredAnnotations: given.get(ignoredAnnotations),
    ingressPorts: given.get(ingressPorts),
  }
}
