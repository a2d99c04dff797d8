import type { Exchange, Fact, Inspection, InspectKit } from '../filter.ts'
import { compilingKit, undecidedNote } from '../inspect.ts'
import type { AuthorizationConfig } from './config.ts'
import { compileScope, named, refusalOf } from './refusal.ts'
import type { Judgement, MatchingRule } from './scope.ts'

/** Which rules of the scope match, and what comes of it. Who asks is in the notes; where that is not known, nothing is. */
export function inspectScope(config: AuthorizationConfig, x: Exchange, kit: InspectKit): Inspection {
  const undecided = x.notes.get(undecidedNote)
  if (undecided !== undefined) return { facts: [], refusal: null, unknown: undecided }
  const scope = compileScope(config, compilingKit(kit))
  const judgement = scope.judge(x)
  const tried = scope.try(x).denied.map(named)
  const facts: Fact[] = [
    { name: 'matches', value: scope.matching(x).map(shown) },
    { name: 'verdict', value: verdictText(judgement) },
    ...(tried.length === 0 ? [] : [{ name: 'dry run would deny', value: tried }]),
  ]
  return { facts, refusal: refusalOf(judgement, config.scope) ?? null, unknown: null }
}

function shown({ action, dryRun, ...rule }: MatchingRule): string {
  return `${named(rule)} ${action === 'deny' ? 'denies' : 'allows'}${dryRun ? ' (dry run)' : ''}`
}

function verdictText(judgement: Judgement): string {
  switch (judgement.verdict) {
    case 'allowed':
      return judgement.by === null ? 'nothing denies it' : `allowed by ${named(judgement.by)}`
    case 'denied':
      return `denied by ${named(judgement.by)}`
    case 'not-allowed':
      return `no rule of ${judgement.policies.join(', ')} allows it`
  }
}
