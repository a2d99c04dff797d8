import type { Origin } from '../../snapshot/origin.ts'
import type { Rule, StreamRule } from '../../snapshot/rule.ts'
import type { Listener } from '../../snapshot/snapshot.ts'
import type { RecentRecord } from '../../telemetry/recent/slot-reader.ts'
import type { StoryFilter, StoryStep } from '../shapes/requests.ts'
import { failureText, layerOf } from './failure-layer.ts'

const placeOf = ({ resource: object, file, line }: Origin): StoryStep['at'] => ({ object, file, line })

/** The layers that it met, in their order, and which of them decided the answer. */
export function stepsOf(
  record: RecentRecord,
  listener: Listener | null,
  rule: Rule | StreamRule | null,
  filters: readonly StoryFilter[],
): StoryStep[] {
  const { failure, rejection, cluster, endpoint, method } = record
  const by = filters.find(({ did }) => did === 'answered' || did === 'failed')
  const decider =
    by !== undefined
      ? 'filter'
      : failure !== ''
        ? layerOf(failure)
        : rejection !== ''
          ? 'connection'
          : cluster !== ''
            ? 'backend'
            : 'action'
  const why = failure === '' ? '' : failureText(failure, record.reason)
  const steps: StoryStep[] = []
  const add = (layer: StoryStep['layer'], says: string, origin: Origin | null): void => {
    const decided = layer === decider
    steps.push({
      layer,
      role: origin?.role ?? null,
      says: decided && why !== '' && !says.includes(why) ? `${says}; ${why}` : says,
      at: origin === null ? null : placeOf(origin),
      decided,
    })
  }
  add('connection', connectionText(record), null)
  if (method !== '' || decider === 'request') add('request', requestText(record), null)
  if (decider === 'port') add('port', `port ${record.serverPort}, with the limits of its clients`, null)
  if (record.listener !== '') add('listener', record.listener, listener?.origin ?? null)
  else if (decider === 'listener') add('listener', 'no listener of this connection takes the host', null)
  if (record.route !== '') add('route', record.route, rule?.origin ?? null)
  else if (decider === 'route') add('route', 'no rule takes the request', null)
  for (const one of filters.filter(({ did }) => did !== 'passed' && did !== 'not-met'))
    steps.push({
      layer: 'filter',
      role: one.role,
      says: filterText(one) + (one === by && why !== '' ? `; ${why}` : ''),
      at: one.at,
      decided: one === by,
    })
  if (rule !== null && 'action' in rule && (cluster === '' || decider === 'action') && by === undefined)
    add('action', actionText(rule), rule.origin)
  if (cluster !== '')
    add('backend', `cluster ${cluster}${endpoint === '' ? '' : `, endpoint ${endpoint}`}`, null)
  steps.push({
    layer: 'answer',
    role: null,
    says: answerText(record) + (decider === 'answer' && why !== '' ? `; ${why}` : ''),
    at: null,
    decided: decider === 'answer',
  })
  return steps
}

function connectionText({
  client,
  peer,
  serverPort,
  secure,
  rejection,
  method,
  reason,
  failure,
}: RecentRecord): string {
  const through = peer === '' ? '' : ` through ${peer}`
  const refused =
    rejection !== '' && method === '' && failure === ''
      ? `; ended before a request: ${rejection}${reason === '' ? '' : ` (${reason})`}`
      : ''
  return `from ${client}${through} to port ${serverPort}${secure ? ' by TLS' : ''}${refused}`
}

function requestText({ method, host, path, query, rejection }: RecentRecord): string {
  const broken = rejection === '' ? '' : ` breaks the rule ${rejection}`
  return method === ''
    ? `a request that${broken || ' cannot be read'}`
    : `${method} ${host}${path}${query}${broken}`
}

function filterText({ type, phase, did, side, ms }: StoryFilter): string {
  const what = {
    answered: 'answered',
    failed: 'failed',
    transformed: 'had the body pass through it',
    waited: `was waited for ${ms ?? 0} ms`,
    passed: 'let it pass',
    'not-met': 'was not met',
  }[did]
  return `${type} (${phase ?? 'unknown'}) ${what}${side === 'response' ? ', on the way back' : ''}`
}

function actionText({ action }: Rule): string {
  if (action.type === 'redirect') return `redirects, ${action.status}`
  if (action.type === 'respond') return `answers ${action.failure}`
  return action.type === 'handle' ? `is handled by ${action.handler}` : 'forwards'
}

function answerText({ status, grpcStatus, method, requestBytes, responseBytes }: RecentRecord): string {
  const grpc = grpcStatus < 0 ? '' : `, grpc-status ${grpcStatus}`
  const bytes = `${requestBytes} bytes in, ${responseBytes} out`
  if (status > 0) return `${status}${grpc}; ${bytes}`
  return method === '' ? bytes : `none: the client was gone; ${bytes}`
}
