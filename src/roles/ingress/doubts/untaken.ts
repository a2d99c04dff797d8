import { canonicalPath } from '../../../http/target.ts'
import { compileMethods, type TakenMethods } from '../../../proxy/methods.ts'
import type { ClientSettings } from '../../../snapshot/client-settings.ts'
import type { Match, Rule } from '../../../snapshot/rule.ts'
import type { Port } from '../../../snapshot/snapshot.ts'
import type { Report } from '../../../translation/report.ts'
import { tallyOf } from '../routes/entry-tally.ts'
import { fieldOf, hostsOf, type RuleField } from './rule-fields.ts'

/** Matches for requests that are answered before any route is looked at, by the ClientPolicies of all their ports. */
export function doubtUntaken(ports: readonly Port[], report: Report): void {
  // By rule, what it asks for, and whether that can be met on any port that has the rule.
  const wishes = new Map<RuleField, Map<string, boolean>>()
  for (const port of ports) {
    const methods = compileMethods(port.client.methods)
    for (const { entries } of hostsOf([port])) {
      if (tallyOf(entries).asking === 0) continue
      for (const { match, rule } of entries) {
        for (const [wish, possible] of wishesOf(match, rule, methods, port.client)) {
          const field = fieldOf(rule)
          if (field === undefined) continue
          const own = wishes.get(field) ?? new Map<string, boolean>()
          wishes.set(field, own.set(wish, possible || own.get(wish) === true))
        }
      }
    }
  }
  for (const [{ route, path }, own] of wishes)
    for (const [wish, possible] of own)
      if (!possible)
        report.doubt(route, {
          severity: 'warning',
          reason: 'NotTaken',
          path,
          message: `no request can have ${wish}`,
        })
}

/** What a match asks for that a ClientPolicy may rule out, and whether it does not. */
function* wishesOf(
  { method, path }: Match,
  { action }: Rule,
  methods: TakenMethods,
  client: ClientSettings,
): Generator<readonly [wish: string, possible: boolean]> {
  const wanted = action.type === 'forward' && action.grpc === true ? 'POST' : method
  if (wanted === 'CONNECT') yield ['method CONNECT, which is not served', false]
  else if (wanted !== '')
    yield [`method ${wanted}: no ClientPolicy here takes it (spec.methods)`, methods.takes(wanted)]
  // The standard refuses "%2F" and "//" in paths of routes.
  if (path.type !== 'regex' && path.value.includes('%5C'))
    yield [
      `path ${path.value}: the ClientPolicy here refuses it (spec.paths)`,
      canonicalPath(path.value, client) === path.value,
    ]
}
