import type { CompressionConfig } from '../../../filters/compression/compression.ts'
import { clientDefaults, compressionTypes } from '../../../model/defaults.ts'
import type { ClientPolicy } from '../../../model/kinds/client-policy.ts'
import { quantityBytes } from '../../../model/quantity.ts'
import type { Attachment } from '../../../snapshot/contribution.ts'
import { originOf } from '../origin.ts'
import { isSet } from '../../../translation/listener-name.ts'
import type { GatewayState } from './gateway-state.ts'

/**
 * ClientPolicy spec.compression, for each listener that takes requests: what its own policy says goes before that of the
 * Gateway, field by field. Unlike the settings of a port it is not shared by listeners, since by then the host is known.
 */
export function compressionOf(
  { listeners }: GatewayState,
  whole: ClientPolicy | undefined,
  ownOf: (listener: string) => ClientPolicy | undefined,
): readonly Attachment[] {
  return listeners
    .filter(({ spec }) => spec.protocol === 'HTTP' || spec.protocol === 'HTTPS')
    .flatMap(({ spec, name, owner }): Attachment[] => {
      const filter = configOf(whole, isSet(owner) ? undefined : ownOf(spec.name))
      return filter === null ? [] : [{ at: { listener: name }, filter }]
    })
}

/** Null where nothing is compressed. */
function configOf(whole: ClientPolicy | undefined, own: ClientPolicy | undefined): CompressionConfig | null {
  const nearer = [own, whole].find(policy => policy?.body.spec.compression !== undefined)
  if (nearer === undefined) return null
  const {
    algorithms = clientDefaults.compressionAlgorithms,
    minBytes = clientDefaults.compressionMinBytes,
    contentTypes = compressionTypes,
  } = { ...whole?.body.spec.compression, ...own?.body.spec.compression }
  if (algorithms.length === 0) return null
  const origin = originOf(nearer, ['spec', 'compression'])
  return { type: 'compression', origin, algorithms, minBytes: quantityBytes(minBytes) ?? 0, contentTypes }
}
