import { FileSource } from '../model/files.ts'
import { translate } from '../roles/ingress/translate.ts'
import { explainRequest } from './explanation.ts'
import { explanationJson } from './explain-json.ts'
import { explanationText } from './explain-text.ts'
import { findingsOf } from './findings.ts'
import type { ExplainOptions } from './options.ts'
import { policyNames } from './policy-names.ts'

/** `portcullis explain`: 0 when a route takes the request, else 1. */
export function explain(options: ExplainOptions): Promise<number> {
  const load = new FileSource(options.paths).load()
  const { addresses } = options
  const translation = translate(load.resources, { addresses, nowMs: Date.now() })
  const { parts, conditions } = translation
  const explanation = explainRequest(parts, options)
  const json = () => `${JSON.stringify(explanationJson(explanation, parts), null, 2)}\n`
  const text = () => explanationText(explanation, parts, policyNames(conditions, load.resources))
  process.stdout.write(options.output === 'json' ? json() : text())
  // What is missing because it is wrong is the likeliest reason for a surprise.
  const { errors, warnings } = findingsOf([...load.problems, ...translation.problems], conditions)
  for (const line of new Set([...errors, ...warnings])) process.stderr.write(`${line}\n`)
  return Promise.resolve(explanation.outcome === 'routed' ? 0 : 1)
}
