import type { FilterConfig, PathRewrite } from '../snapshot/rule.ts'
import { authoritySetter } from './authority.ts'
import type { FilterType } from './filter.ts'
import { compilePathRewrite, describeRewrite } from './path-rewrite.ts'

export interface UrlRewriteConfig extends FilterConfig {
  readonly type: 'url-rewrite'
  readonly hostname: string | null
  readonly path: PathRewrite | null
}

/** Gateway API HTTPURLRewriteFilter: another Host, another path towards the upstream; the query is kept. */
export const urlRewrite: FilterType<UrlRewriteConfig> = {
  type: 'url-rewrite',
  role: 'ingress',
  phase: 'headers',
  describe({ hostname, path }) {
    const changes = [
      ...(hostname === null ? [] : [`host ${hostname}`]),
      ...(path === null ? [] : [describeRewrite(path)]),
    ]
    return `url-rewrite ${changes.join(', ')}`
  },
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
