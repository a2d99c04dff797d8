import { globSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { RealCluster } from './real-cluster.ts'

const root = join(import.meta.dirname, '../..')

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
