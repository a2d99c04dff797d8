import type { ConditionConfig } from '../../../filters/authorization/condition-table.ts'
import type {
  FromConfig,
  PathConfig,
  PolicyConfig,
  RuleConfig,
  ToConfig,
} from '../../../filters/authorization/config.ts'
import { canonicalHostname } from '../../../http/hostname.ts'
import { canonicalPath, writtenPaths } from '../../../http/target.ts'
import type { Exceptions } from '../../../model/kinds/exceptions.ts'
import type { Resource } from '../../../model/resource.ts'
import { exceptionsOf } from '../../../translation/exceptions.ts'
import { originFor } from '../../../translation/origin.ts'
import { policyName } from '../../../translation/policies.ts'

/** What an AuthorizationPolicy says, by its schema. */
export interface AuthorizationSpec {
  readonly rules: readonly RuleSpec[]
  readonly dryRun?: boolean | undefined
  readonly except?: Exceptions | undefined
}

export interface RuleSpec {
  readonly name: string
  readonly action: 'Allow' | 'Deny'
  readonly from?: FromSpec | undefined
  readonly to?: ToSpec | undefined
  readonly when?: readonly ConditionSpec[] | undefined
}

type Names = readonly string[] | undefined

interface FromSpec {
  readonly principals?: Names
  readonly applications?: Names
  readonly accounts?: Names
  readonly plans?: Names
  readonly products?: Names
  readonly scopes?: Names
  readonly claims?: readonly { readonly name: string; readonly values: readonly string[] }[] | undefined
  readonly addresses?: Names
  readonly anonymous?: boolean | undefined
}

interface ToSpec {
  readonly operations?: Names
  readonly methods?: Names
  readonly paths?: Names
  readonly hosts?: Names
}

interface ConditionSpec extends Pick<ConditionConfig, 'attribute' | 'operator'> {
  readonly name?: string | undefined
  readonly values?: Names
  readonly timeZone?: string | undefined
}

/** Of a spec that is valid: what is to be enforced. */
export function policyConfig(policy: Resource<{ readonly spec: AuthorizationSpec }>): PolicyConfig {
  const { rules, dryRun = false, except } = policy.body.spec
  const { namespace } = policy.metadata
  return {
    policy: policyName(policy),
    origin: originFor('management', policy, ['spec', 'rules']),
    dryRun,
    except: exceptionsOf(except, namespace),
    rules: rules.map(rule => ruleConfig(rule, namespace)),
  }
}

function ruleConfig(
  { name, action, from = {}, to = {}, when = [] }: RuleSpec,
  namespace: string,
): RuleConfig {
  return {
    name,
    action: action === 'Deny' ? 'deny' : 'allow',
    from: fromConfig(from, namespace),
    to: toConfig(to),
    when: when.map(conditionConfig),
  }
}

function fromConfig(from: FromSpec, namespace: string): FromConfig {
  const named = (names: Names) =>
    names?.map(name => (name.includes('/') ? name : `${namespace}/${name}`)) ?? null
  return {
    principals: from.principals ?? null,
    applications: from.applications ?? null,
    accounts: from.accounts ?? null,
    plans: named(from.plans),
    products: named(from.products),
    scopes: from.scopes?.map(set => set.split(' ')) ?? null,
    claims: from.claims ?? null,
    addresses: from.addresses ?? null,
    anonymous: from.anonymous ?? null,
  }
}

function toConfig({ operations, methods, paths, hosts }: ToSpec): ToConfig {
  return {
    operations: operations ?? null,
    methods: methods ?? null,
    paths: paths?.map(pathConfig) ?? null,
    hosts: hosts?.map(canonicalHostname) ?? null,
  }
}

/** In the same spelling as requests have. */
function pathConfig(written: string): PathConfig {
  const isPrefix = written.endsWith('/*')
  const path = isPrefix ? written.slice(0, -1) : written
  const found = canonicalPath(path, writtenPaths)
  const value = typeof found === 'string' ? found : path
  return isPrefix ? { type: 'prefix', value: value.slice(0, -1) } : { type: 'exact', value }
}

function conditionConfig(condition: ConditionSpec): ConditionConfig {
  const { attribute, name = '', operator, values = [], timeZone = '' } = condition
  return { attribute, name: attribute === 'Header' ? name.toLowerCase() : name, operator, values, timeZone }
}
