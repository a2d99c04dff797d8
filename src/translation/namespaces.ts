import type { Gateway } from '../model/kinds/gateway.ts'
import type { AllowedRoutes } from '../model/kinds/gateway-listener.ts'
import type { ListenerSet } from '../model/kinds/listener-set.ts'
import { Namespace } from '../model/kinds/namespace.ts'
import type { LabelSelector } from '../model/kinds/shapes.ts'
import type { Resources } from '../model/resources.ts'

type Labels = Readonly<Record<string, string>>

/** Every namespace has this label, put there by Kubernetes itself. */
const NAME_LABEL = 'kubernetes.io/metadata.name'

/** Labels of namespaces. One that was not declared has its name as its only label. */
export class Namespaces {
  private readonly labels = new Map<string, Labels>()

  constructor(resources: Resources) {
    for (const { metadata } of resources.all(Namespace))
      this.labels.set(metadata.name, { ...metadata.labels, [NAME_LABEL]: metadata.name })
  }

  labelsOf(name: string): Labels {
    return this.labels.get(name) ?? { [NAME_LABEL]: name }
  }

  /** Whether a listener of a Gateway in `home` lets routes of `namespace` in (AllowedRoutes.namespaces). */
  allowed(allowedRoutes: AllowedRoutes | undefined, home: string, namespace: string): boolean {
    const { from = 'Same', selector } = allowedRoutes?.namespaces ?? {}
    if (from === 'All') return true
    if (from === 'Same') return namespace === home
    return this.isSelected(selector, namespace)
  }

  /** Whether a Gateway lets a ListenerSet add listeners (GatewaySpec.allowedListeners). */
  takesSet({ metadata: home, body }: Gateway, { metadata: { namespace } }: ListenerSet): boolean {
    const { from = 'None', selector } = body.spec.allowedListeners?.namespaces ?? {}
    if (from === 'All') return true
    if (from === 'Same') return namespace === home.namespace
    return from === 'Selector' && this.isSelected(selector, namespace)
  }

  /** A selector that is missing selects nothing; an empty one, everything (meta/v1 LabelSelector). */
  private isSelected(selector: LabelSelector | undefined, namespace: string): boolean {
    return selector !== undefined && selects(selector, this.labelsOf(namespace))
  }
}

/** Whether a LabelSelector (meta/v1) selects these labels: all its terms must hold. */
function selects(selector: LabelSelector, labels: Labels): boolean {
  const value = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined)
  for (const [key, wanted] of Object.entries(selector.matchLabels ?? {}))
    if (value(key) !== wanted) return false
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const found = value(key)
    if (operator === 'Exists') return found !== undefined
    if (operator === 'DoesNotExist') return found === undefined
    const among = found !== undefined && values.includes(found)
    return operator === 'In' ? among : !among
  })
}
