import type { Condition } from '../../../src/api/shapes/condition.ts'
import { ObjectLink } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { policyTexts as t } from '../../texts/policy.ts'

type Target = NonNullable<Condition['parent']>
type OfTarget = Condition & { readonly parent: Target }

/** Conditions that speak of one target each. */
export function targetsOf(conditions: readonly Condition[]): readonly OfTarget[] {
  return conditions.filter((one): one is OfTarget => one.parent !== null)
}

export function targetText({ kind, name, sectionName }: Target): string {
  return `${kind}/${name}${sectionName === null ? '' : `/${sectionName}`}`
}

/** Each target of a policy: whether it is in force there, and if not, why. */
export function Targets({ conditions }: { readonly conditions: readonly Condition[] }) {
  const targets = [...Map.groupBy(targetsOf(conditions), ({ parent }) => targetText(parent))]
  return (
    <ul className="conditions">
      {targets.map(([name, of]) => {
        const bad = of.filter(({ good }) => !good)
        const { parent } = of[0]!
        return (
          <li key={name}>
            <Mark tone={bad.length === 0 ? 'good' : 'bad'}>
              {bad.length === 0 ? t.attached : t.notAttached}
            </Mark>
            <div>
              <ObjectLink object={parent} />
              {parent.sectionName === null ? null : <code> {parent.sectionName}</code>}
              {bad.map(({ type, message }) => (
                <p key={type}>{message}</p>
              ))}
            </div>
          </li>
        )
      })}
    </ul>
  )
}
