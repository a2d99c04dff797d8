/** A thread that asks of plans as a worker of a gateway would, as fast as it can, and tells how many it let through. */
import { parentPort, workerData } from 'node:worker_threads'
import { SharedState, type SharedHandle } from '../../src/shared/node-state.ts'
import { identityOf, policyRow, quotaRow } from './limit-rows.ts'
import { asked, LimitsNode, meet, product } from './limits-node.ts'

export interface Asking {
  readonly handle: SharedHandle
  readonly times: number
  readonly applications: readonly string[]
  readonly operations: readonly string[]
}

// oxlint-disable-next-line typescript/no-unsafe-assignment -- what the test gave
const { handle, times, applications, operations }: Asking = workerData
const node = new LimitsNode(new SharedState(handle))
const filters = [
  node.policy('default/all', [policyRow(quotaRow('all', 1_000_000), { by: 'All' })]),
  node.plan(product('pets')),
]
const identities = new Map(applications.map(name => [name, identityOf(name)]))
const passed: Record<string, number> = {}
for (let i = 0; i < times; i++)
  for (const application of applications)
    for (const operation of operations) {
      if (meet(asked(identities.get(application)!, operation), ...filters) !== '') continue
      const key = `${application} ${operation}`
      passed[key] = (passed[key] ?? 0) + 1
    }
parentPort?.postMessage(passed)
