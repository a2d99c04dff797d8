import type { Asked, FilterType } from '../../../filters/filter.ts'
import { shareKey } from '../../../http/share-key.ts'
import { askOn } from '../../../shared/questions.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'

/** What stands on listeners where an authority may look (RFC 8555 §8.3). */
export interface ChallengeConfig extends FilterConfig {
  readonly type: 'acme-challenge'
  /** Where the main thread is asked; "" where nobody answers. */
  readonly channel: string
  /** Host names that are validated. */
  readonly names: readonly string[]
}

const PREFIX = '/.well-known/acme-challenge/'

/** Answers requests that validate a name, before anything else looks at them. What is not ours goes on: another program may have asked. */
export const acmeChallenge: FilterType<ChallengeConfig> = {
  type: 'acme-challenge',
  role: 'ingress',
  phase: 'challenge',
  describe: ({ names }) =>
    `answers ${PREFIX}… for ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}`,
  compile({ channel, names }) {
    if (channel === '') return {}
    const ours = new Set(names)
    const isOurs = ({ method, path, hostname }: Asked): boolean =>
      path.startsWith(PREFIX) && ours.has(hostname) && (method === 'GET' || method === 'HEAD')
    return {
      request({ asked, clientAddress }) {
        if (!isOurs(asked)) return undefined
        return answer(channel, asked.path.slice(PREFIX.length), shareKey(clientAddress))
      },
      // Whoever floods us would have our certificates lapse.
      urgent: ({ asked }) => isOurs(asked),
    }
  },
}

async function answer(channel: string, token: string, client: string) {
  const found = await askOn(channel, { token }, client)
  if (typeof found !== 'string') return undefined
  const fields = ['content-type', 'application/octet-stream', 'cache-control', 'no-store']
  return { status: 200, fields, body: found }
}
