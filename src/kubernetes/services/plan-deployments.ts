import { Service } from '../../model/kinds/service.ts'
import type { ResourceRef } from '../../model/resource.ts'
import type { Resources } from '../../model/resources.ts'
import { leadsToDataPlane } from '../../translation/data-planes.ts'
import {
  gatewayKeyOf,
  isMadeBy,
  type GatewayServiceSettings,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'
import type { Deployment } from './deployments.ts'
import { FOREIGN, isMadeFor } from './made.ts'
import { goneGateways } from './orphans.ts'
import {
  deploymentPatch,
  newBudget,
  newDeployment,
  wantedDeployment,
  type DataPlaneWant,
  type DeploymentTemplate,
} from './wanted-deployment.ts'
import type { Write } from './writes.ts'

interface Planned {
  readonly writes: readonly Write[]
  /** Why a Deployment cannot be written, by its name. */
  readonly problems: ReadonlyMap<string, string>
  /** Names of those that say what is wanted. */
  readonly inOrder: readonly string[]
}

interface Situation {
  readonly resources: Resources
  readonly wants: readonly GatewayServiceWant[]
  readonly settings: GatewayServiceSettings
  /** A text where the deployment whose Pods all others are like cannot be had. */
  readonly template: DeploymentTemplate | string
  readonly deployments: { get(name: string): Deployment | undefined; all(): readonly Deployment[] }
  /** Whether the cluster has it, also where that is not in force yet. */
  readonly isThere: (ref: ResourceRef) => boolean
}

/** What is to be written so that each Gateway that is to have Pods of its own has them, and no other. Pure. */
export function planDeployments(now: Situation): Planned {
  const { deployments, settings, template } = now
  const writes: Write[] = []
  const problems = new Map<string, string>()
  const inOrder: string[] = []
  for (const want of now.wants) {
    if (!isWanted(want)) continue
    const write = typeof template === 'string' ? template : writeOf(want, template, deployments, settings)
    if (typeof write === 'string') problems.set(want.name, write)
    else if (write === null) inOrder.push(want.name)
    else writes.push(write)
  }
  return { writes: [...writes, ...budgets(now), ...unwanted(now)], problems, inOrder }
}

/**
 * One Pod at a time is to be taken from a node, as of the deployment's own. What a budget says never changes, and it goes
 * with its Deployment: whether there is one already the server tells who tries, and nobody needs a right to read it.
 */
function budgets({ wants, deployments, settings }: Situation): readonly Write[] {
  return wants.filter(isWanted).flatMap(({ name, gateway }) => {
    const known = deployments.get(name)
    const onto = known?.metadata.uid ?? ''
    if (known === undefined || onto === '' || !isMadeFor(known, gateway, settings)) return []
    const kind = 'PodDisruptionBudget'
    return { kind, name, onto, method: 'create', body: newBudget(name, onto, settings.namespace) } as const
  })
}

/** Null where it is as it is wanted; a text where it cannot be. */
function writeOf(
  want: DataPlaneWant,
  template: DeploymentTemplate,
  deployments: Situation['deployments'],
  settings: GatewayServiceSettings,
): Write | string | null {
  const { name } = want
  const known = deployments.get(name)
  if (known !== undefined && !isMadeFor(known, want.gateway, settings)) return FOREIGN
  const wanted = wantedDeployment(want, template, settings)
  if (typeof wanted === 'string') return wanted
  const kind = 'Deployment'
  if (known === undefined)
    return {
      kind,
      name,
      onto: '',
      method: 'create',
      body: newDeployment(name, wanted, template, settings.namespace),
    }
  const body = deploymentPatch(wanted, known)
  return body && { kind, name, onto: known.metadata.resourceVersion ?? '', method: 'patch', body }
}

/** Of a Gateway that is only broken nothing is wanted, and what there is stays. */
function isWanted(want: GatewayServiceWant): want is DataPlaneWant {
  return want.dataPlane !== null && want.ports.length > 0
}

/** Pods of a Gateway that wants none of its own any more go once its Service leads to others. */
function unwanted({ resources, wants, settings, deployments, isThere }: Situation): readonly Write[] {
  const byName = new Map(wants.map(want => [want.name, want]))
  const isGone = goneGateways(resources, isThere)
  return deployments.all().flatMap(deployment => {
    const { name, resourceVersion: onto = '' } = deployment.metadata
    if (!isMadeBy(deployment, settings.deployment)) return []
    const want = byName.get(name)
    const service = resources.get(Service, settings.namespace, name)
    const isLeft = service === undefined || !leadsToDataPlane(service)
    const goes =
      want === undefined
        ? isGone(gatewayKeyOf(deployment))
        : want.dataPlane === null && want.ports.length > 0 && isLeft
    const body = { preconditions: { resourceVersion: onto } }
    return goes ? [{ kind: 'Deployment', name, onto, method: 'delete', body } as const] : []
  })
}
