// The official suite of Gateway API against `portcullis run --kubernetes`, without containers: `npm run test:gateway-api`.
// Further arguments are the suite's own: -- --conformance-profiles=GATEWAY-HTTP --run-test=HTTPRouteWeight --supported-features=….
// It needs `kube`, `gateway-conformance` and `gateway-echo` (.ci/nightly builds them), GATEWAY_API, and namespaces of Linux.
// Log and report are in .portcullis/conformance. What is expected to fail must.
import { createWriteStream, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { leave } from '../../../src/shared/leave.ts'
import { findPeer } from '../../support/peer.ts'
import { RunProcess } from '../../support/process.ts'
import { RealCluster } from '../../support/real-cluster.ts'
import { Balancer } from './balancer.ts'
import { Kubelet, type ProgramOf } from './kubelet.ts'
import { isInside } from './network.ts'
import { differences, expectedFailures, profilesOf, runSuite } from './suite.ts'

const NAMESPACE = 'portcullis-system'
const PROFILES = '--conformance-profiles=GATEWAY-HTTP,GATEWAY-GRPC,GATEWAY-TLS,GATEWAY-TCP,GATEWAY-UDP'
const root = join(import.meta.dirname, '../../..')
const folder = join(root, '.portcullis/conformance')

// What the bed listens on and watches has no end of its own.
if (await isInside()) leave(await main(process.argv.slice(2)))

async function main(args: readonly string[]): Promise<number> {
  const suite = needed('gateway-conformance')
  const echo = needed('gateway-echo')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await using cluster = await clusterOf()
  await Kubelet.start(cluster, programs(echo))
  await Balancer.start(cluster)
  await using gateway = await gatewayOf(cluster)
  const chosen = args.some(arg => arg.startsWith('--conformance-profiles=')) ? args : [PROFILES, ...args]
  const outcome = await runSuite({ program: suite, kubeconfig: cluster.kubeconfig, args: chosen, folder })
  // Backends that are down are part of the suite.
  const faults = gateway.log.all
    .filter(({ level, event }) => level === 'error' && !/^(cluster|endpoint)\./.test(String(event)))
    .map(one => JSON.stringify(one))
  const wrong = [
    ...differences(outcome, expectedFailures(join(import.meta.dirname, 'expected-failures.txt'))),
    ...faults,
  ]
  process.stdout.write(`${[...profilesOf(folder), ...wrong].join('\n')}\n`)
  process.stdout.write(`${outcome.passed.size} passed, ${outcome.failed.size} failed\n`)
  return wrong.length === 0 ? 0 : 1
}

function needed(program: string): string {
  const path = findPeer(program)
  if (path === null) throw new Error(`${program} is not there (.ci/gateway-conformance/build)`)
  return path
}

/** With the definitions of Gateway API, ours, and the account that deploy/ makes. */
async function clusterOf(): Promise<RealCluster> {
  const definitions = process.env['GATEWAY_API']
  if (definitions === undefined) throw new Error('GATEWAY_API names no folder (.ci/run)')
  const skip = (reason?: string): never => {
    throw new Error(reason)
  }
  const cluster = await RealCluster.start({ skip }, '--kubelet-preferred-address-types=InternalIP')
  if (cluster === null) throw new Error('there is no API server')
  const apply = (...files: readonly string[]): void => {
    cluster.kubectl(['apply', '--server-side', ...files.flatMap(file => ['-f', file])])
    cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  }
  cluster.control(
    'deployment-controller',
    'replicaset-controller',
    'endpointslice-controller',
    'namespace-controller',
    'garbage-collector-controller',
  )
  apply(...globSync(join(definitions, 'config/crd/experimental/gateway*.yaml')))
  const own = ['namespace', 'crds', 'access', 'gateway-aliases', 'service', 'gateway-class']
  apply(...own.map(name => join(root, `deploy/kustomize/${name}.yaml`)))
  return cluster
}

/** The echo server is ready when its port is open, which for UDP cannot be seen. */
function programs(echo: string): ProgramOf {
  return (image, env) => {
    if (!image.includes('echo-basic')) return null
    const port = env['TCP_ECHO_SERVER'] === undefined ? env['HTTP_PORT'] : env['TCP_PORT']
    return { program: echo, port: env['UDP_ECHO_SERVER'] === undefined ? Number(port ?? 3000) : null }
  }
}

/** The real program, with the rights of its account. */
async function gatewayOf(cluster: RealCluster): Promise<RunProcess> {
  const token = cluster.kubectl(['create', 'token', 'portcullis', '-n', NAMESPACE, '--duration=4h']).trim()
  const kubeconfig = join(cluster.folder, 'of-the-account')
  writeFileSync(kubeconfig, cluster.configFor(token, NAMESPACE))
  const gateway = await RunProcess.start(
    [],
    '--kubernetes',
    `--publish=service/${NAMESPACE}/portcullis`,
    '--gateway-services=LoadBalancer',
    `--kubeconfig=${kubeconfig}`,
    '--workers=2',
    `--data=${join(cluster.folder, 'data')}`,
  )
  const log = createWriteStream(join(folder, 'gateway.log'))
  gateway.child.stderr?.pipe(log)
  gateway.child.stdout?.pipe(log)
  cluster.kubectl(['wait', '--for=condition=Accepted', 'gatewayclass/portcullis', '--timeout=60s'])
  return gateway
}
