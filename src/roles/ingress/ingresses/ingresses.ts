import { ingressDefaults } from '../../../model/defaults.ts'
import type { Ingress } from '../../../model/kinds/ingress.ts'
import type { Rule } from '../../../snapshot/rule.ts'
import type { Port } from '../../../snapshot/snapshot.ts'
import type { Certificates } from '../../../translation/certificates.ts'
import type { Closing } from '../../../translation/closing.ts'
import type { Report } from '../../../translation/report.ts'
import type { TranslateSettings } from '../../../translation/role.ts'
import { clientSettings } from '../defaults.ts'
import type { RouteState } from '../routes/route.ts'
import type { Leads } from '../routes/rules.ts'
import { ingressRoute } from './ingress-route.ts'
import { ingressHosts, plainListener, tlsListeners } from './listeners.ts'
import { ingressPorts, withIngresses } from './ports.ts'
import { doubtIsolated, reportIngresses, reportObstacles } from './report.ts'
import { ingressTls, type IngressTls } from './tls.ts'

/** Ingresses of ours while a translation runs. */
export class Ingresses {
  private readonly states: readonly RouteState<Ingress>[]
  private readonly tls: IngressTls
  private readonly closing: Closing
  private readonly report: Report

  constructor(
    ours: readonly Ingress[],
    leads: Leads,
    certificates: Certificates,
    closing: Closing,
    report: Report,
  ) {
    this.states = ours.map((one, age) => ingressRoute(one, age, leads))
    this.tls = ingressTls(
      this.states.map(({ route }) => route),
      certificates,
    )
    this.closing = closing
    this.report = report
    reportIngresses(this.states, this.tls, report)
  }

  get any(): boolean {
    return this.states.length > 0
  }

  /** The ports of Gateways, with Ingresses on theirs. */
  on(
    ports: readonly Port[],
    { addresses = [], ingressPorts: given = ingressDefaults }: TranslateSettings,
    ruleOf: (rule: Rule) => Rule,
  ): readonly Port[] {
    const [first] = this.states
    if (first === undefined) return ports
    const { states, tls, closing, report } = this
    const hosts = ingressHosts(states, ingress => closing.isClosed(ingress), ruleOf)
    const own = ingressPorts(given, [plainListener(first.route, hosts)], tlsListeners(tls.hosts, hosts))
    const laid = withIngresses(ports, own, addresses, clientSettings)
    reportObstacles(states, tls, laid.obstacles, given, report)
    doubtIsolated(states, ports, given.http, report)
    return laid.ports
  }
}
