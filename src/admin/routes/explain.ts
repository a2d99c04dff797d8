import { isIP } from 'node:net'
import { AdminError } from '../../api/errors.ts'
import type { InspectKit } from '../../filters/filter.ts'
import { askedMethod, urlFault, type AskedRequest } from '../explain/asked.ts'
import { decide } from '../explain/decision.ts'
import { explainRequest } from '../explain/explanation.ts'
import { clusterNames, explanationJson } from '../explain/json.ts'
import { policyNames } from '../explain/policy-names.ts'
import { explanationText } from '../explain/text.ts'
import type { Api } from '../../api/api.ts'
import type { ApiKit } from '../kit.ts'
import { ExplainRequest, Explanation } from '../shapes/explain.ts'
import { nowOf } from '../views/health.ts'
import type { Views } from '../views/views.ts'

export function explainRoutes(app: Api, { seen, views }: ApiKit): void {
  app.post(
    '/v1/explain',
    {
      config: { isReadOnly: true, permission: 'platform:read' },
      schema: {
        summary: 'What a request would meet',
        description:
          'Nothing is sent anywhere, and nothing is counted. Credentials in `headers` are looked up, and never shown.',
        tags: ['explain'],
        body: ExplainRequest,
        response: { 200: Explanation },
      },
    },
    ({ body }) => explained(views, askedOf(body), seen.inspectKit, body.others ?? Infinity),
  )
}

function askedOf({ method: typed, url, headers = [], client }: ExplainRequest): AskedRequest {
  const method = askedMethod(typed)
  if (method === null) throw new AdminError(422, 'body: method is none, expected one such as GET')
  // What is wrong is told without the URL: it may have a password in it.
  if (urlFault(url) !== null)
    throw new AdminError(422, 'body: url is none, expected http://HOST[:PORT]/PATH or HOST/PATH')
  if (client !== undefined && isIP(client) === 0) throw new AdminError(422, 'body: client is no IP address')
  return {
    method,
    url,
    headers: headers.map(({ name, value }) => [name, value] as const),
    ...(client !== undefined && { client }),
  }
}

async function explained(
  { source, health }: Views,
  asked: AskedRequest,
  kit: InspectKit,
  mostOthers: number,
): Promise<Explanation> {
  const { snapshot: parts, status, resources, types, kinds, wants } = source
  const explanation = explainRequest(parts, asked)
  const decision = await decide(explanation, types, kit, asked.client ?? '')
  const policies = policyNames(status.conditions, resources, kinds)
  const { entries, hit } = 'route' in explanation ? explanation.route : { entries: [], hit: null }
  const names = hit === null ? [] : clusterNames(hit.entry.rule)
  const asOf = names.length === 0 ? null : await health.of(names)
  const now = new Map(
    names.flatMap(name =>
      asOf === null ? [] : [[name, nowOf(name, parts.endpoints[name] ?? [], asOf)] as const],
    ),
  )
  return {
    ...explanationJson(explanation, { parts, types, decision, now, wants }, mostOthers),
    othersCount: entries.length - (hit === null ? 0 : 1),
    text: explanationText(explanation, { parts, types, policies, decision, now, wants }),
  }
}
