import type { Status } from '../../../src/admin/shapes/status.ts'
import { useLive } from '../../api/figures.ts'
import { bytes, clock, date, percent } from '../../format.ts'
import { Facts, Panel } from '../../parts/page.tsx'
import { overviewTexts as t } from '../../texts/overview.ts'

/** What is in force, and what runs it. */
export function Force({ status }: { readonly status: Status | undefined }) {
  const process = useLive().recent.at(-1)?.process
  if (status === undefined) return null
  const { snapshot, program, counts, ports, paths, roles, workers, startedAt } = status
  return (
    <Panel title={t.force}>
      <Facts
        rows={[
          [
            t.snapshot,
            snapshot === null ? null : `${snapshot.version}, ${t.applied} ${clock(snapshot.appliedAt)}`,
          ],
          [t.objects, t.counts(counts)],
          [t.ports, <PortList key="ports" ports={ports} />],
          [t.sources, paths.join(', ')],
          [t.roles, roles.join(', ')],
          [t.program, `${program.version}, Node.js ${program.node}`],
          [t.up, `${date(startedAt)}, ${clock(startedAt)}`],
          [t.workers, String(workers)],
          [t.cpu, process === undefined ? null : percent(process.cpu)],
          [t.memory, process === undefined ? null : bytes(process.rssBytes)],
        ]}
      />
    </Panel>
  )
}

function PortList({ ports }: { readonly ports: Status['ports'] }) {
  return (
    <ul className="tight">
      {ports.map(({ key, protocol, error }) => (
        <li key={key} className={error === null ? undefined : 'bad'}>
          {key} {protocol} {error}
        </li>
      ))}
    </ul>
  )
}
