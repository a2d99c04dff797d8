import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { countsOf, findingPage, findingsInForce } from '../../src/admin/views/findings.ts'
import type { Figures } from '../../src/admin/shapes/figures.ts'
import type { Finding } from '../../src/api/shapes/finding.ts'
import { judge } from '../../src/cli/check/verdict.ts'
import { kinds } from '../support/declared.ts'
import { FileSource } from '../../src/control/files/file-source.ts'
import { portcullis } from '../support/command.ts'
import { inForceOf } from '../support/in-force.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { translate } from '../support/translate.ts'

const folder = new URL('../golden/ingress/', import.meta.url)

suite('what the API says is wrong is what check says', () => {
  for (const name of readdirSync(folder).filter(file => file.endsWith('.in.yaml')))
    test(name, () => {
      const text = readFileSync(new URL(name, folder), 'utf8')
      const { resources, problems } = new FileSource([], kinds, { texts: [{ name, text }] }).load()
      const { findings } = judge(problems, translate(resources))
      const inForce = inForceOf(text, {}, name)
      const { items, counts } = findingPage(findingsInForce(inForce), [], { limit: 1000 })
      assert.deepEqual(
        items.map(({ severity, file, line, message, reason, running }) => [
          severity,
          file,
          line,
          message,
          reason,
          running,
        ]),
        findings.map(({ severity, position, message, reason }) => [
          severity,
          position?.file ?? '',
          position?.line ?? 0,
          message,
          reason,
          false,
        ]),
      )
      assert.equal(counts.errors + counts.warnings + counts.notes, findings.length)
    })
})

test('so it is of a gateway that runs; beside that it knows what only runs', async () => {
  const port = await freePort()
  const files = {
    'a.yaml': yamlOf(
      gateway([{ name: 'http', port }]),
      backend('up', [await freePort()]),
      httpRoute('r', { rules: [{ backendRefs: [to('up'), to('gone')] }] }),
    ),
    'b.yaml': 'apiVersion: example.com/v1\nkind: Other\nmetadata: { name: o }\n',
  }
  using written = new Folder(files)
  await using run = await RunProcess.start([written.path], '--workers', '1', '--access-log', 'off')
  await run.started()
  const items = async (): Promise<readonly Finding[]> =>
    ((await (await run.get('/v1/problems?limit=1000')).json()) as { items: Finding[] }).items
  const { stdout } = await portcullis(['check', written.path, '-o', 'json'])
  const { findings } = JSON.parse(stdout) as { findings: { severity: string; message: string }[] }
  assert.deepEqual(
    (await items()).map(({ severity, message }) => ({ severity, message })),
    findings.map(({ severity, message }) => ({ severity, message })),
  )

  // The last good version of what is broken now serves, and that is told with the place of the fault.
  written.write('a.yaml', files['a.yaml'].replace('"endpoints"', '"endpointz"'))
  await run.event('resources.problem', line => String(line['message']).includes('endpointz'))
  const held = (await items()).filter(one => one.held)
  assert.deepEqual(
    held.map(({ severity, object, path, file, line }) => [
      severity,
      object?.name,
      path,
      file.endsWith('a.yaml'),
      line > 0,
    ]),
    [['error', 'up', 'spec.endpointz', true, true]],
  )
  assert.ok(held[0]?.since !== null && held[0]?.hint !== null)

  // Of two faults the figures have no other number.
  const worse = '"surplus":1,"endpointz"'
  written.write('a.yaml', files['a.yaml'].replace('"endpoints"', worse))
  await run.event('resources.problem', line => String(line['message']).includes('surplus'))
  const declared = (await items()).filter(one => one.reason !== 'WorkerSilent')
  const figures = (await (await run.get('/v1/figures')).json()) as Pick<Figures, 'problems' | 'held'>
  assert.deepEqual([figures.problems, figures.held], [countsOf(declared), 1])
})
