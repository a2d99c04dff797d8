import type { Termination } from '../../snapshot/tls.ts'

/** Where the certificates of a listener come from. */
export function certificatesText({ certificates, wanted = [] }: Termination): string {
  const there = certificates.map(name => name.replace('/', ' '))
  return [...there, ...wanted.map(name => `${name.replace('/', ' ')}, obtained while it runs`)].join('; ')
}
