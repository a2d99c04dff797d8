import type { PlanLine } from '../../../src/api/shapes/catalog.ts'
import { apisTexts } from '../../texts/apis.ts'
import { consumersTexts } from '../../texts/consumers.ts'
import { limitText } from '../limit-text.ts'

/** How much a plan allows, and whether it has to be approved. */
export function PlanHint({ plan: { limits, approval } }: { readonly plan: PlanLine }) {
  const allows = limits.length === 0 ? apisTexts.noLimits : limits.map(limitText).join('; ')
  const { needsApproval, atOnce } = consumersTexts
  return <>{`${allows}. ${approval === 'Manual' ? needsApproval : atOnce}`}</>
}
