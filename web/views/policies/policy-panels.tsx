import type { ObjectWhole } from '../../../src/admin/shapes/object.ts'
import { Panel } from '../../parts/page.tsx'
import { policyTexts as t } from '../../texts/policy.ts'
import { specOf } from '../object/declared.ts'
import { policyText } from './policy-text.ts'
import { Targets } from './targets.tsx'

/** Of a policy of management: what it says, and what it is for. */
export function PolicyPanels({ object: { yaml, conditions } }: { readonly object: ObjectWhole }) {
  const lines = policyText(specOf(yaml))
  return (
    <>
      {lines.length === 0 ? null : (
        <Panel title={t.says}>
          <ul className="tight">
            {lines.map(line => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title={t.targets}>
        <Targets conditions={conditions} />
      </Panel>
    </>
  )
}
