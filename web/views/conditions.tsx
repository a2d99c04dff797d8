import type { Condition } from '../../src/api/shapes/condition.ts'
import { Place } from '../parts/links.tsx'
import { Mark } from '../parts/mark.tsx'
import { conditionsTexts } from '../texts/object.ts'

export function Conditions({ conditions }: { readonly conditions: readonly Condition[] }) {
  return (
    <ul className="conditions">
      {conditions.map((condition, i) => (
        <li key={`${condition.type} ${i}`}>
          <Mark tone={condition.good ? 'good' : 'bad'}>
            {condition.type}={condition.status}
          </Mark>
          <span>
            <b>{condition.reason}</b>
            {condition.listener === null ? null : <em> {condition.listener}</em>}
            {condition.parent === null ? null : (
              <em>
                {' '}
                {conditionsTexts.about} {parentText(condition.parent)}
              </em>
            )}
            {condition.message === '' ? null : `: ${condition.message}`}
          </span>
          {condition.good || condition.source === null ? null : <Place at={condition.source} />}
        </li>
      ))}
    </ul>
  )
}

function parentText({ kind, name, sectionName }: NonNullable<Condition['parent']>): string {
  return `${kind}/${name}${sectionName === null ? '' : `/${sectionName}`}`
}
