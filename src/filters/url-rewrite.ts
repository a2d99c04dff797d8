import type { UrlRewriteConfig } from '../snapshot/snapshot.ts'
import { authoritySetter } from './authority.ts'
import type { FilterType } from './filter.ts'
import { compilePathRewrite } from './path-rewrite.ts'

/** Gateway API HTTPURLRewriteFilter: another Host, another path towards the upstream; the query is kept. */
export const urlRewrite: FilterType<UrlRewriteConfig> = {
  type: 'url-rewrite',
  role: 'ingress',
  compile({ hostname, path }) {
    const setAuthority = hostname === null ? null : authoritySetter(hostname)
    const rewrite = path === null ? null : compilePathRewrite(path)
    return {
      request({ request }) {
        setAuthority?.(request)
        if (rewrite !== null) request.path = rewrite(request.path)
        return undefined
      },
    }
  },
}
