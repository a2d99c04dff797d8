import type { FilterConfig } from '../../snapshot/rule.ts'
import type { Exchange, FilterType } from '../filter.ts'
import type { Kit } from '../kit.ts'
import { Note } from '../notes.ts'
import { CompressedBody } from './compressed-body.ts'
import { confirm, encodeHeadOnly, forbidsTransform, isCompressible, lengthOfGet, vary } from './heads.ts'
import { EncoderMemory } from './memory.ts'
import { essence, typeMatcher } from './media-types.ts'
import { Meters } from './meters.ts'
import { negotiator, type Choice, type Encoding } from './negotiate.ts'

/** ClientPolicy spec.compression. */
export interface CompressionConfig extends FilterConfig {
  readonly type: 'compression'
  /** At least one, the preferred first. */
  readonly algorithms: readonly Encoding[]
  readonly minBytes: number
  /** `text/html`, `text/*`, `application/*+json`. */
  readonly contentTypes: readonly string[]
}

/** What the client takes best, before filters of the route change what the backend is told. */
const asked = new Note<Choice>('compression.asked')

/**
 * Compresses responses by what the client accepts (RFC 9110 §8.4, §12.5.3). What
 * a backend has encoded, signed or marked `no-transform` stays as it is.
 */
export const compression: FilterType<CompressionConfig> = {
  type: 'compression',
  role: 'ingress',
  phase: 'encoding',
  compile({ algorithms, minBytes, contentTypes }, kit) {
    const negotiate = negotiator(algorithms)
    const takes = typeMatcher(contentTypes)
    const memory = memoryOf(kit)
    const meters = new Meters(kit.metrics)
    return {
      request(x) {
        const { fields } = x.request
        const choice = negotiate(fields.combined('accept-encoding'))
        if (choice !== null && !forbidsTransform(fields)) x.notes.set(asked, choice)
        return undefined
      },
      response(x) {
        const { response } = x
        if (response.status === 304) return confirm(x.request, response)
        if (!isCompressible(response, takes)) return undefined
        vary(response.fields)
        const choice = x.notes.get(asked)
        if (choice === undefined) return undefined
        if (x.asked.method === 'HEAD') return answerHead(x, choice, minBytes)
        if (isTooSmall(response.length, choice, minBytes)) return undefined
        const window = isEventStream(response.fields.get('content-type')) ? 'small' : 'whole'
        const plan = { choice, response, minBytes, window, meters, client: x.clientAddress, memory } as const
        return { transform: next => new CompressedBody(plan, next) }
      },
    }
  },
  describe: ({ algorithms, minBytes }) => `compression ${algorithms.join(', ')}; from ${minBytes} bytes`,
}

/** One for all listeners and ports of a worker, which have its memory in common. */
function memoryOf(kit: Kit): EncoderMemory {
  return kit.keep('compression.memory', () => new EncoderMemory())
}

/** A length that is not known is not too small: what is there will tell. */
function isTooSmall(length: number | undefined, { always }: Choice, minBytes: number): boolean {
  return length !== undefined && length >= 0 && length < minBytes && !(always && length > 0)
}

function answerHead({ response }: Exchange, choice: Choice, minBytes: number): undefined {
  if (!isTooSmall(lengthOfGet(response), choice, minBytes)) encodeHeadOnly(response, choice.encoding)
}

function isEventStream(contentType: string | undefined): boolean {
  return contentType !== undefined && essence(contentType) === 'text/event-stream'
}
