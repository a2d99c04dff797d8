import type { PlanLine } from '../../../src/api/shapes/catalog.ts'
import { words } from '../../words.ts'
import { limitText } from '../limit-text.ts'

/** How much a plan allows, and whether it has to be approved. */
export function PlanHint({ plan: { limits, approval } }: { readonly plan: PlanLine }) {
  const allows = limits.length === 0 ? words.apis.noLimits : limits.map(limitText).join('; ')
  const { needsApproval, atOnce } = words.consumers
  return <>{`${allows}. ${approval === 'Manual' ? needsApproval : atOnce}`}</>
}
