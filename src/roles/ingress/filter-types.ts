import { cors } from '../../filters/cors.ts'
import { externalAuth } from '../../filters/external-auth/external-auth.ts'
import type { FilterType } from '../../filters/filter.ts'
import { requestHeaders, responseHeaders } from '../../filters/header-modifier.ts'
import { urlRewrite } from '../../filters/url-rewrite.ts'

/** The filters of ingress. Apart from the role itself: workers need them, and nothing of its translation. */
export const ingressFilters: readonly FilterType[] = [
  cors,
  externalAuth,
  requestHeaders,
  responseHeaders,
  urlRewrite,
]
