import { readFileSync } from 'node:fs'
import { attempt } from '../../model/scan.ts'

const RESOLV_CONF = '/etc/resolv.conf'
const USUAL = 'cluster.local'

/** The domain of names in the cluster, as the resolver of a Pod knows it; the usual one where it does not. */
export function clusterDomain(): string {
  const text = attempt(() => readFileSync(RESOLV_CONF, 'utf8'))
  return text instanceof Error ? USUAL : domainOf(text)
}

/** Of resolv.conf(5): a kubelet has `search shop.svc.example svc.example example` there. */
export function domainOf(text: string): string {
  const lines = text.split('\n').map(line => line.trim().split(/\s+/))
  // The last of several counts.
  const searched = lines.findLast(([word]) => word === 'search')?.slice(1) ?? []
  const domain = searched
    .find(name => name.startsWith('svc.'))
    ?.slice('svc.'.length)
    .replace(/\.$/, '')
  return domain !== undefined && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(domain) ? domain : USUAL
}
