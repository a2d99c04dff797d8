import { Type } from 'typebox'
import type { InForce } from '../../control/controller.ts'
import type { Traffic } from '../figures/rates.ts'
import type { Api } from '../../api/api.ts'
import type { ApiKit } from '../kit.ts'
import type { Seen } from '../seen.ts'
import { Figures, History } from '../shapes/figures.ts'
import { Events } from '../../api/shapes/events.ts'
import { fields } from '../../api/shapes/shape.ts'
import { frameOf } from '../../api/sse.ts'
import { countsOf, findingsInForce } from '../views/findings.ts'

/** GET /v1/figures, /v1/figures/stream and /v1/figures/history. */
export function figureRoutes(app: Api, { seen, streams }: ApiKit): void {
  const { figures } = seen
  const told = new Teller(seen)
  const tags = ['figures']
  app.get(
    '/v1/figures',
    {
      config: { permission: 'platform:read' },
      schema: { summary: 'What goes on, in numbers', tags, response: { 200: Figures } },
    },
    () => told.figures(figures.now()),
  )
  app.get(
    '/v1/figures/stream',
    {
      config: { permission: 'platform:read' },
      schema: {
        summary: 'The same once a second, as events of the name figures',
        tags,
        produces: 'text/event-stream',
        response: { 200: Events },
      },
    },
    (_, reply) => {
      streams.start(reply, stream =>
        figures.watch(now => {
          if (!stream.isBehind) stream.write(told.frame(now))
        }),
      )
    },
  )
  app.get(
    '/v1/figures/history',
    {
      config: { permission: 'platform:read' },
      schema: {
        summary: 'The last hour or day',
        tags,
        querystring: fields({
          range: Type.Union([Type.Literal('hour'), Type.Literal('day')], { default: 'hour' }),
          route: Type.Optional(Type.String({ description: 'Id of a rule; absent: all traffic.' })),
          cluster: Type.Optional(Type.String({ description: 'Name of a cluster.' })),
        }),
        response: { 200: History },
      },
    },
    ({ query: { range, ...asked } }) => figures.history(range, asked),
  )
}

/** Says with the figures what is in force and what is wrong with it, once for all who look on. */
class Teller {
  private readonly seen: Seen
  private status: object | null = null
  private state: Pick<Figures, 'snapshot' | 'problems' | 'held'> = noState
  private last: { readonly traffic: Traffic; readonly frame: string } | null = null

  constructor(seen: Seen) {
    this.seen = seen
  }

  figures(traffic: Traffic): Figures {
    const inForce = this.seen.inForce()
    if (inForce !== null && inForce.status !== this.status) {
      this.status = inForce.status
      this.state = stateOf(inForce)
    }
    return { ...traffic, ...this.state }
  }

  frame(traffic: Traffic): string {
    if (this.last?.traffic !== traffic)
      this.last = { traffic, frame: frameOf('figures', this.figures(traffic)) }
    return this.last.frame
  }
}

const noState = { snapshot: 0, problems: { errors: 0, warnings: 0, notes: 0 }, held: 0 }

function stateOf(inForce: InForce): Pick<Figures, 'snapshot' | 'problems' | 'held'> {
  return {
    snapshot: inForce.snapshot.version,
    problems: countsOf(findingsInForce(inForce)),
    held: inForce.held.length,
  }
}
