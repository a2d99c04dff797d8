import { addressList } from '../../filters/address-list.ts'
import { bulkhead } from '../../filters/bulkhead/bulkhead.ts'
import { basicAuth } from '../../filters/basic-auth/basic-auth.ts'
import { cache } from '../../filters/cache/cache.ts'
import { compression } from '../../filters/compression/compression.ts'
import { cors } from '../../filters/cors.ts'
import { externalAuth } from '../../filters/external-auth/external-auth.ts'
import { extension } from '../../filters/extension/extension.ts'
import { fallback } from '../../filters/fallback/fallback.ts'
import type { FilterType } from '../../filters/filter.ts'
import { requestHeaders, responseHeaders } from '../../filters/header-modifier.ts'
import { localReplies } from '../../filters/local-replies/local-replies.ts'
import { priority } from '../../filters/priority.ts'
import { rateLimit } from '../../filters/rate-limit/rate-limit.ts'
import { session } from '../../filters/session/session.ts'
import { urlRewrite } from '../../filters/url-rewrite.ts'
import { acmeChallenge } from './acme/challenge-filter.ts'

/** The filters of ingress. Apart from the role itself: workers need them, and nothing of its translation. */
export const ingressFilters: readonly FilterType[] = [
  priority,
  acmeChallenge,
  compression,
  cors,
  addressList,
  rateLimit,
  basicAuth,
  externalAuth,
  localReplies,
  extension,
  fallback,
  cache,
  bulkhead,
  session,
  requestHeaders,
  responseHeaders,
  urlRewrite,
]
