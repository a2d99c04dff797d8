import type {
  AuthorizationConfig,
  FromConfig,
  PolicyConfig,
  RuleConfig,
  ToConfig,
} from '../../src/filters/authorization/config.ts'
import type { Identity } from '../../src/filters/identity.ts'
import { origin } from './exchange.ts'

const anyone: FromConfig = {
  principals: null,
  applications: null,
  accounts: null,
  plans: null,
  products: null,
  scopes: null,
  claims: null,
  addresses: null,
  anonymous: null,
}

const anything: ToConfig = { operations: null, methods: null, paths: null, hosts: null }

/** What a test is about of a rule. */
export interface RuleParts {
  readonly name?: string
  readonly from?: Partial<FromConfig>
  readonly to?: Partial<ToConfig>
  readonly when?: RuleConfig['when']
}

export function rule(
  action: RuleConfig['action'],
  { name = action, from, to, when = [] }: RuleParts,
): RuleConfig {
  return { name, action, from: { ...anyone, ...from }, to: { ...anything, ...to }, when }
}

export function policy(rules: readonly RuleConfig[], more: Partial<PolicyConfig> = {}): PolicyConfig {
  return { policy: 'default/p', origin, dryRun: false, except: [], rules, ...more }
}

export function authorizationConfig(
  policies: readonly PolicyConfig[],
  more: Partial<AuthorizationConfig> = {},
): AuthorizationConfig {
  return {
    type: 'authorization',
    origin,
    scope: 'API default/petstore',
    policies,
    applications: null,
    ...more,
  }
}

/** Somebody known by a token, unless a test says otherwise. */
export function identity(more: Partial<Identity> = {}): Identity {
  return {
    kind: 'jwt',
    principal: 'jwt:https://issuer.example#mary',
    credential: null,
    application: null,
    account: null,
    scopes: [],
    claims: {},
    ...more,
  }
}
