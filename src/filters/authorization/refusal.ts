import type { Failure } from '../filter.ts'
import type { Kit } from '../kit.ts'
import type { AuthorizationConfig } from './config.ts'
import { Scope, type Judgement, type Matched } from './scope.ts'

export function compileScope(config: AuthorizationConfig, kit: Pick<Kit, 'table' | 'clock'>): Scope {
  return new Scope(config, {
    names: config.applications === null ? null : kit.table(config.applications),
    wallMs: () => kit.clock.wallMs(),
  })
}

/** What the client is answered; undefined where it may go on. */
export function refusalOf(judgement: Judgement, scope: string): Failure | undefined {
  switch (judgement.verdict) {
    case 'allowed':
      return undefined
    case 'denied':
      return { failure: 'access_denied', detail: `${scope}: ${named(judgement.by)}` }
    case 'not-allowed': {
      const { policies, missingScopes } = judgement
      const detail = `${scope}: nothing of ${policies.join(', ')} allows it`
      if (missingScopes === null) return { failure: 'access_denied', detail }
      const fields = ['WWW-Authenticate', `Bearer error="insufficient_scope", scope="${missingScopes}"`]
      return { failure: 'insufficient_scope', detail: `${detail} without ${missingScopes}`, fields }
    }
  }
}

/** `default/writers: admins` */
export function named({ policy, rule }: Matched): string {
  return rule === '' ? `${policy}: no rule allows it` : `${policy}: ${rule}`
}
