import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort, RunProcess } from './process.ts'
import { RealCluster } from './real-cluster.ts'

const root = join(import.meta.dirname, '../..')

/** That deploy/ makes. */
export const INSTALLED_IN = 'portcullis-system'

/** A cluster with the definitions of Gateway API and what deploy/ installs; null where a machine has none of it. */
export async function startInstalled(context: TestContext): Promise<RealCluster | null> {
  const folder = process.env['GATEWAY_API']
  if (folder === undefined) {
    if (process.env['CI']) throw new Error('GATEWAY_API names no folder (.ci/run), and CI must not skip')
    return null
  }
  const cluster = await RealCluster.start(context)
  const definitions = globSync(join(folder, 'config/crd/standard/gateway.networking.k8s.io_*s.yaml'))
  cluster?.kubectl(['apply', '--server-side', ...definitions.flatMap(file => ['-f', file])])
  cluster?.kubectl(['apply', '--server-side', '-f', join(root, 'deploy')])
  cluster?.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  return cluster
}

/** The flags that deploy/ gives its container. */
export function deployedFlags(): readonly string[] {
  const yaml = readFileSync(join(root, 'deploy/kustomize/deployment.yaml'), 'utf8')
  return yaml.match(/(?<=^ +- )--\S+/gm) ?? []
}

/** A kubeconfig of the account that deploy/ makes. */
export function configOfAccount(cluster: RealCluster): string {
  const token = cluster.kubectl(['create', 'token', 'portcullis', '-n', INSTALLED_IN]).trim()
  const kubeconfig = join(cluster.folder, 'of-the-account')
  writeFileSync(kubeconfig, cluster.configFor(token, INSTALLED_IN))
  return kubeconfig
}

/** A replica as deploy/ begins it, with the rights of its account, at an address of its own. */
export async function startReplica(
  cluster: RealCluster,
  address: string,
  flags = deployedFlags(),
): Promise<RunProcess> {
  const run = await RunProcess.start(
    [],
    ...flags,
    `--kubeconfig=${configOfAccount(cluster)}`,
    ...(flags.some(flag => flag.startsWith('--workers')) ? [] : ['--workers=1']),
    `--address=${address}`,
    `--ingress-ports=${await freePort()},${await freePort()}`,
    `--data=${join(cluster.folder, `data-${address}`)}`,
  )
  await run.started()
  return run
}
