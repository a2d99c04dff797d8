import type { Exchange, Failure, Filter, FilterType } from '../filter.ts'
import type { Kit } from '../kit.ts'
import { Note } from '../notes.ts'
import type { AuthorizationConfig } from './config.ts'
import { inspectScope } from './inspect.ts'
import { compileScope, named, refusalOf } from './refusal.ts'
import type { Judgement, Matched, Scope } from './scope.ts'

/**
 * Who may do what, judged scope by scope: a rule that denies is enough at any scope, and at each that has rules which
 * allow, one of them must match. One filter is one scope whole.
 */
export const authorization: FilterType<AuthorizationConfig> = {
  type: 'authorization',
  role: 'management',
  phase: 'authorization',
  describe: ({ scope, policies }) =>
    `${scope}: ${policies.map(({ policy, dryRun, rules }) => `${policy} ${dryRun ? '(dry run) ' : ''}${shown(rules)}`).join('; ')}`,
  compile: (config, kit) => new Authorization(config, kit),
  inspect: inspectScope,
}

const SHOWN = 6

function shown(rules: AuthorizationConfig['policies'][number]['rules']): string {
  const names = rules
    .slice(0, SHOWN)
    .map(({ action, name }) => `${action === 'deny' ? 'denies' : 'allows'} ${name}`)
  const more = rules.length - SHOWN
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** What policies that are only tried would have denied: policy and rule, several with commas between. */
export const dryRunNote = new Note<string>('authorization.dry-run', 'portcullis.authorization.dry_run')

type Outcome = 'allowed' | 'denied' | 'dry_run_allowed' | 'dry_run_denied'

class Authorization implements Filter {
  private readonly name: string
  private readonly scope: Scope
  private readonly count: (matched: Matched, outcome: Outcome) => void

  constructor(config: AuthorizationConfig, kit: Kit) {
    this.name = config.scope
    this.scope = compileScope(config, kit)
    this.count = counters(config, kit)
  }

  request(x: Exchange): Failure | undefined {
    this.try(x)
    const judgement = this.scope.judge(x)
    this.tally(judgement)
    return refusalOf(judgement, this.name)
  }

  private try(x: Exchange): void {
    const { denied, allowed } = this.scope.try(x)
    if (allowed !== null) this.count(allowed, 'dry_run_allowed')
    if (denied.length === 0) return
    for (const one of denied) this.count(one, 'dry_run_denied')
    const before = x.notes.get(dryRunNote)
    const all = denied.map(named)
    x.notes.set(dryRunNote, (before === undefined ? all : [before, ...all]).join(', '))
  }

  private tally(judgement: Judgement): void {
    if (judgement.verdict === 'not-allowed')
      for (const policy of judgement.policies) this.count({ policy, rule: '' }, 'denied')
    else if (judgement.by !== null) this.count(judgement.by, judgement.verdict)
  }
}

/** Every series from the beginning: one that is not there yet looks as though nothing had been denied. */
function counters({ policies }: AuthorizationConfig, kit: Kit): (matched: Matched, outcome: Outcome) => void {
  const all = new Map<string, { add(n: number): void }>()
  const keyOf = (policy: string, rule: string, outcome: Outcome): string => `${policy} ${rule} ${outcome}`
  for (const { policy, dryRun, rules } of policies) {
    const make = (rule: string, outcome: 'allowed' | 'denied'): void => {
      const whole: Outcome = dryRun ? `dry_run_${outcome}` : outcome
      const labels = { policy, rule, outcome: whole }
      all.set(keyOf(policy, rule, whole), kit.metrics.counter('portcullis_authorization_total', labels))
    }
    for (const { name, action } of rules) make(name, action === 'deny' ? 'denied' : 'allowed')
    if (rules.some(({ action }) => action === 'allow')) make('', 'denied')
  }
  return ({ policy, rule }, outcome) => all.get(keyOf(policy, rule, outcome))?.add(1)
}
