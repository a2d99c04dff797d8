import { newId } from '../ids.ts'
import { openStore } from '../open.ts'
import { actor } from './consumer.ts'

/**
 * A process that writes until it is killed: `node writer.ts URL ACCOUNT`. What was acknowledged to it, it says: a line
 * with revision and id for each application that was made, by several at a time.
 */
const [, , url = '', account = ''] = process.argv
const store = await openStore({ url })
process.stdout.write('open\n')
await Promise.all(Array.from({ length: 3 }, write))

async function write(): Promise<void> {
  for (;;) {
    const { version, id } = await store.change(actor, async tx => {
      const made = await tx.applications.insert({ account, name: newId(), title: '', status: 'active' })
      return tx.applications.update(made.id, { title: 'made' })
    })
    process.stdout.write(`${version} ${id}\n`)
  }
}
