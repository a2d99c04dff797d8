import { PORTCULLIS } from '../../../model/kind.ts'
import type { Gateway } from '../../../model/kinds/gateway.ts'
import { GatewayClass } from '../../../model/kinds/gateway-class.ts'
import { described } from '../../../model/kinds/shapes.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { Resources } from '../../../model/resources.ts'
import type { DataPlane } from '../../../translation/data-planes.ts'
import type { GatewayServiceType } from '../../../translation/gateway-services.ts'
import { missing } from '../../../translation/missing.ts'
import type { Flaw, Report } from '../../../translation/report.ts'
import { GatewayParameters } from '../kinds/gateway-parameters.ts'

interface Reference {
  readonly group: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string | undefined
}

/** What GatewayParameters come to for one Gateway. */
export interface Infrastructure {
  /** Null: it is served by the Pods that serve all others. */
  readonly dataPlane: DataPlane | null
  /** Null: what the deployment says. */
  readonly serviceType: GatewayServiceType | null
}

type Words = Readonly<Record<string, string>>

const SHARED: Infrastructure = { dataPlane: null, serviceType: null }

/** What `parametersRef` of Gateways and GatewayClasses comes to. Whoever names what cannot be had is not served. */
export class Parameters {
  private readonly resources: Resources
  private readonly canBeMade: boolean

  /** `canBeMade`: whether this is a cluster where something is made for a Gateway. */
  constructor(resources: Resources, canBeMade: boolean) {
    this.resources = resources
    this.canBeMade = canBeMade
  }

  /** What is said of GatewayParameters themselves: who names them without being served says so itself. */
  report(report: Report): void {
    for (const one of this.resources.all(GatewayParameters))
      report.good(one, 'Accepted', 'Accepted', 'it is what Gateways and GatewayClasses may name')
  }

  /** Why a class is refused, or a Gateway for what it names itself; none where all is well. */
  flawsOf(owner: GatewayClass | Gateway): readonly Flaw[] {
    const [ref, path] = referenceOf(owner)
    if (ref === undefined) return []
    const { message, follows } = this.fault(ref)
    return message === '' ? [] : [{ reason: 'InvalidParameters', path, message, ...(follows && { follows }) }]
  }

  /** Of a Gateway whose own parameters and those of its class are in order: field by field its own go first. */
  infrastructureOf(gateway: Gateway): Infrastructure {
    const { gatewayClassName } = gateway.body.spec
    const gatewayClass = this.resources.get(GatewayClass, '', gatewayClassName)
    const found = [gatewayClass, gateway].flatMap(owner => (owner && this.named(owner)?.body.spec) ?? [])
    if (found.length === 0) return SHARED
    const planes = found.map(({ dataPlane }) => dataPlane)
    const { replicas = null, workers = null } = Object.assign({}, ...planes) as (typeof planes)[number]
    const amounts = planes.map(({ resources }) => resources)
    return {
      dataPlane: {
        replicas,
        workers,
        requests: Object.assign({}, ...amounts.map(one => one?.requests)) as object,
        limits: Object.assign({}, ...amounts.map(one => one?.limits)) as object,
        // Who pins the Pods of a class to nodes does not have a Gateway unpin them.
        nodeSelector: Object.assign({}, ...planes.toReversed().map(one => one.nodeSelector)) as Words,
      },
      serviceType: found.findLast(({ service }) => service?.type !== undefined)?.service?.type ?? null,
    }
  }

  private named(owner: GatewayClass | Gateway): GatewayParameters | undefined {
    const [ref] = referenceOf(owner)
    return ref && this.resources.get(GatewayParameters, ref.namespace ?? '', ref.name)
  }

  private fault(ref: Reference): Pick<Flaw, 'message' | 'follows'> {
    if (ref.group !== PORTCULLIS || ref.kind !== GatewayParameters.kind)
      return { message: `${described(ref)} is no parameters of this controller, expected ${EXPECTED}` }
    if (ref.namespace === undefined)
      return { message: 'names no namespace, expected that of the GatewayParameters' }
    if (this.resources.get(GatewayParameters, ref.namespace, ref.name) === undefined)
      return missing(this.resources, GatewayParameters, ref.namespace, ref.name)
    return { message: this.canBeMade ? '' : NO_CLUSTER }
  }
}

const EXPECTED = 'GatewayParameters (group "portcullis.dev"); a ClientPolicy says how Gateways treat clients'
const NO_CLUSTER =
  'nothing is made for a Gateway here: GatewayParameters need a cluster where each has a Service (run --kubernetes --gateway-services)'

function referenceOf(owner: GatewayClass | Gateway): readonly [Reference | undefined, FieldPath] {
  if (owner.kind === GatewayClass.kind)
    return [(owner as GatewayClass).body.spec.parametersRef, ['spec', 'parametersRef']]
  const { body, metadata } = owner as Gateway
  const ref = body.spec.infrastructure?.parametersRef
  return [ref && { ...ref, namespace: metadata.namespace }, ['spec', 'infrastructure', 'parametersRef']]
}
