import { explainRequest } from '../../admin/explain/explanation.ts'
import { decide } from '../../admin/explain/decision.ts'
import { explanationJson } from '../../admin/explain/json.ts'
import { explanationText } from '../../admin/explain/text.ts'
import { declaredKit } from '../../filters/inspect.ts'
import { findingsOf } from '../../control/findings.ts'
import type { ExplainOptions } from '../command/options.ts'
import { painter, showsColour } from '../../telemetry/colour.ts'
import { policyNames } from '../../admin/explain/policy-names.ts'
import { discoverAll, translateAll } from '../../translation/role.ts'
import { choose } from '../roles.ts'
import { ruleTypes } from '../rule-types.ts'
import { sourceOf } from '../command/sources.ts'

/** `portcullis explain`: 0 when a route takes the request, else 1. */
export async function explain(options: ExplainOptions): Promise<number> {
  const { roles, kinds } = choose(options.roles)
  const load = (await sourceOf(options.paths, kinds)).load()
  const facts = await discoverAll(roles, load.resources)
  const translation = translateAll(roles, load.resources, {
    ...options.settings,
    nowMs: Date.now(),
    facts,
  })
  const { parts, conditions, wants } = translation
  const explanation = explainRequest(parts, options)
  const kit = declaredKit(translation.tables)
  const decision = await decide(explanation, ruleTypes, kit, options.client ?? '')
  const known = { parts, types: ruleTypes, decision, wants }
  const json = () => `${JSON.stringify(explanationJson(explanation, known), null, 2)}\n`
  const text = () =>
    explanationText(
      explanation,
      { ...known, policies: policyNames(conditions, load.resources, kinds) },
      painter(showsColour(1)),
    )
  process.stdout.write(options.output === 'json' ? json() : text())
  // What is missing because it is wrong is the likeliest reason for a surprise.
  for (const { line, severity } of findingsOf([...load.problems, ...translation.problems], conditions))
    process.stderr.write(`${line}${severity === 'error' ? '' : ` (${severity})`}\n`)
  return explanation.outcome === 'routed' ? 0 : 1
}
