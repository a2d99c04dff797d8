import { compileExceptions } from '../exceptions.ts'
import type { AuthorizationConfig, PolicyConfig } from './config.ts'
import { CompiledRule, type RuleSurroundings } from './rules.ts'
import type { Judged } from './truth.ts'

/** A policy of the scope, as rules. */
export interface CompiledPolicy {
  readonly name: string
  readonly dryRun: boolean
  readonly isExcepted: (x: Judged) => boolean
  readonly deny: readonly CompiledRule[]
  readonly allow: readonly CompiledRule[]
}

/** A rule that has matched, and whose it is. */
export interface Matched {
  readonly policy: string
  readonly rule: string
}

export interface MatchingRule extends Matched {
  readonly action: 'allow' | 'deny'
  readonly dryRun: boolean
}

/** What a scope says of a request. */
export type Judgement =
  /** `by` is the rule that allows, null where none is asked for. */
  | { readonly verdict: 'allowed'; readonly by: Matched | null }
  | { readonly verdict: 'denied'; readonly by: Matched }
  /** No rule allows, of the policies that have such; where only scopes are missing, which. */
  | {
      readonly verdict: 'not-allowed'
      readonly policies: readonly string[]
      readonly missingScopes: string | null
    }

/** What policies that are tried would have said. */
export interface Trial {
  /** "" as the rule: none of the policy's has allowed it. */
  readonly denied: readonly Matched[]
  readonly allowed: Matched | null
}

const allowedByDefault: Judgement = { verdict: 'allowed', by: null }
const nothingTried: Trial = { denied: [], allowed: null }

/** The policies of one scope, which are judged together: one that denies is enough, and so is one that allows. */
export class Scope {
  private readonly enforced: readonly CompiledPolicy[]
  private readonly tried: readonly CompiledPolicy[]

  constructor({ policies }: AuthorizationConfig, around: RuleSurroundings) {
    const compiled = policies.map(policy => compilePolicy(policy, around))
    this.enforced = compiled.filter(({ dryRun }) => !dryRun)
    this.tried = compiled.filter(({ dryRun }) => dryRun)
  }

  judge(x: Judged): Judgement {
    const policies = meant(this.enforced, x)
    const denied = firstMatch(policies, 'deny', x)
    if (denied !== null) return { verdict: 'denied', by: denied }
    const allowing = policies.filter(({ allow }) => allow.length > 0)
    if (allowing.length === 0) return allowedByDefault
    const by = firstMatch(allowing, 'allow', x)
    if (by !== null) return { verdict: 'allowed', by }
    return {
      verdict: 'not-allowed',
      policies: allowing.map(({ name }) => name),
      missingScopes: firstMissing(allowing, x),
    }
  }

  /** All rules that match, also those that decide nothing since another one does. */
  matching(x: Judged): readonly MatchingRule[] {
    return [...this.enforced, ...this.tried].flatMap(({ name, dryRun, isExcepted, deny, allow }) => {
      if (isExcepted(x)) return []
      const of = (action: 'allow' | 'deny', rules: readonly CompiledRule[]) =>
        rules.filter(rule => rule.matches(x)).map(rule => ({ policy: name, rule: rule.name, action, dryRun }))
      return [...of('deny', deny), ...of('allow', allow)]
    })
  }

  /** As though the policies that are tried were in force beside the others. */
  try(x: Judged): Trial {
    if (this.tried.length === 0) return nothingTried
    const policies = meant(this.tried, x)
    const denied = policies.flatMap(policy => firstMatch([policy], 'deny', x) ?? [])
    const allowing = policies.filter(({ allow }) => allow.length > 0)
    const allowed = firstMatch(allowing, 'allow', x)
    // Where others of the scope allow, one more that does not takes nothing away.
    const isDecided = allowed !== null || meant(this.enforced, x).some(({ allow }) => allow.length > 0)
    const missing = isDecided ? [] : allowing.map(({ name }) => ({ policy: name, rule: '' }))
    return { denied: [...denied, ...missing], allowed }
  }
}

function compilePolicy(
  { policy, dryRun, except, rules }: PolicyConfig,
  around: RuleSurroundings,
): CompiledPolicy {
  const of = (action: 'allow' | 'deny'): CompiledRule[] =>
    rules.filter(rule => rule.action === action).map(rule => new CompiledRule(rule, around))
  return {
    name: policy,
    dryRun,
    isExcepted: compileExceptions(except) ?? (() => false),
    deny: of('deny'),
    allow: of('allow'),
  }
}

/** Those that do not leave the request out: the others are as if they were not there. */
function meant(policies: readonly CompiledPolicy[], x: Judged): readonly CompiledPolicy[] {
  return policies.some(one => one.isExcepted(x)) ? policies.filter(one => !one.isExcepted(x)) : policies
}

function firstMatch(
  policies: readonly CompiledPolicy[],
  action: 'allow' | 'deny',
  x: Judged,
): Matched | null {
  for (const policy of policies)
    for (const rule of policy[action]) if (rule.matches(x)) return { policy: policy.name, rule: rule.name }
  return null
}

function firstMissing(policies: readonly CompiledPolicy[], x: Judged): string | null {
  for (const { allow } of policies)
    for (const rule of allow) {
      const missing = rule.missingScopes(x)
      if (missing !== null) return missing
    }
  return null
}
