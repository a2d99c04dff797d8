import { isKind } from '../../../model/kind.ts'
import type { Resource } from '../../../model/resource.ts'
import type { Scope } from '../access/scope.ts'
import { API } from '../kinds/api.ts'
import type { ManagementApi } from './context.ts'

/** Labels of a declared object that say whose it is. */
export const ORGANIZATION_LABEL = 'portcullis.dev/organization'
const TEAM_LABEL = 'portcullis.dev/team'

/** The names of whom a declared object belongs to: by its labels, and of an API by spec.owner. */
export function ownersOf(resource: Pick<Resource, 'metadata'> & Resource): {
  readonly organization: string
  readonly team: string | null
} {
  const { [ORGANIZATION_LABEL]: organization = 'default', [TEAM_LABEL]: labelled } =
    resource.metadata.labels ?? {}
  const owner = isKind(resource, API) ? resource.body.spec.owner : undefined
  return { organization, team: owner ?? labelled ?? null }
}

/** As roles know it. What names an organization that is not there is the platform's alone. */
export function objectScope({ directory }: Pick<ManagementApi, 'directory'>, resource: Resource): Scope {
  const { organization, team } = ownersOf(resource)
  return directory.scopeOf(organization, team)
}
