import { apiDefaults } from '../kinds/defaults.ts'
import type { ApiState, ApiWorld } from './apis.ts'
import { reaching } from './reach.ts'

/** An API that anybody may use without saying who it is; likely it was to be had by a plan. */
export function doubtOpen({ api, covers, isClosed }: ApiState, { report }: ApiWorld): void {
  const { lifecycle = apiDefaults.lifecycle } = api.body.spec
  if (lifecycle === 'Draft' || lifecycle === 'Retired' || covers.length === 0 || isClosed) return
  report.doubt(api, {
    severity: 'warning',
    reason: 'NoProduct',
    path: [],
    message:
      'no Product has it, and no AuthenticationPolicy is for it: whoever asks is served, without a plan',
  })
}

const SHOWN = 4

/** Operations that no match of its routes takes: requests for them are answered 404, or by something else. */
export function doubtUnreachable({ api, covers, document }: ApiState, { report }: ApiWorld): void {
  if (document === null || covers.length === 0) return
  const { basePath = apiDefaults.basePath } = api.body.spec
  const reached = reaching(covers, basePath)
  const lost = document.operations.filter(one => !reached(one))
  if (lost.length === 0) return
  const names = lost.slice(0, SHOWN).map(({ method, template }) => `${method} ${basePath}${template}`)
  const rest = lost.length > SHOWN ? ` and ${lost.length - SHOWN} more` : ''
  const hint =
    lost.length === document.operations.length
      ? '; basePath says what paths have before those of the document'
      : ''
  report.doubt(api, {
    severity: 'warning',
    reason: 'UnreachableOperation',
    path: document.path,
    message: `no match of the routes that it names takes ${names.join(', ')}${rest}${hint}`,
  })
}
