import { routeDefaults } from '../../../model/defaults.ts'
import type { SpanAttribute, SpanSettings } from '../../../telemetry/spans/span-settings.ts'
import type { Fraction, Tracing } from '../kinds/x-telemetry-policy.ts'

/** What spans of a Gateway are to be, by its policy; `to`: who exports them. */
export function spanSettings(tracing: Tracing, to: string): SpanSettings {
  const { samplingRate, parentBasedSampling = {}, spanName = '', attributes = [] } = tracing
  return {
    to,
    share: shareOf(samplingRate),
    parents: parentBasedSampling.mode === 'Disabled' ? null : shareOf(parentBasedSampling.samplingRate),
    name: spanName,
    attributes: attributes.map(attributeOf),
  }
}

function shareOf(fraction: Fraction | undefined): number {
  if (fraction === undefined) return 1
  return fraction.numerator / (fraction.denominator ?? routeDefaults.mirrorDenominator)
}

/** The rules of the kind see to it that the field is there which its type wants. */
function attributeOf({
  name,
  headerName,
  literalValue,
  attributeKey = '',
}: NonNullable<Tracing['attributes']>[number]): SpanAttribute {
  if (headerName !== undefined) return { name, source: 'header', value: headerName.toLowerCase() }
  if (literalValue !== undefined) return { name, source: 'literal', value: literalValue }
  return { name, source: 'attribute', value: attributeKey }
}
