import { Composition } from '../../../model/kinds/composition.ts'
import type { Resources } from '../../../model/resources.ts'
import type { Report } from '../../../translation/report.ts'

/** Compositions that nobody can ask: `named` are those that something refers to, by `namespace/name`. */
export function doubtUnnamed(named: ReadonlySet<string>, resources: Resources, report: Report): void {
  for (const composition of resources.all(Composition)) {
    const { namespace, name } = composition.metadata
    if (named.has(`${namespace}/${name}`)) continue
    report.doubt(composition, {
      severity: 'warning',
      reason: 'NotNamed',
      path: ['metadata', 'name'],
      message: `nothing sends requests to it, so that its threads run for nobody; expected a rule of an HTTPRoute with backendRefs: [{ group: portcullis.dev, kind: Composition, name: ${name} }]`,
    })
  }
}
