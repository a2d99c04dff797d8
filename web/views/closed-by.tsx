import type { Rule } from '../../src/admin/shapes/rule.ts'
import { Mark } from '../parts/mark.tsx'
import { routesTexts as t } from '../texts/routes.ts'

/** Where nobody is let in, for what is to protect it is not in force. */
export function ClosedMark({ rule: { closed, closedOn } }: { readonly rule: Rule }) {
  if (!closed && closedOn.length === 0) return null
  return <Mark tone="bad">{closed ? t.closed : t.closedOn(closedOn.join(', '))}</Mark>
}

/** What that is, and why. */
export function ClosedReasons({ rule: { closedBy } }: { readonly rule: Rule }) {
  if (closedBy.length === 0) return null
  return (
    <ul className="tight bad">
      {closedBy.map(reason => (
        <li key={reason}>{reason}</li>
      ))}
    </ul>
  )
}
