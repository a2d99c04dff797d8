import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The licences and notices of these packages, which must go with their code. Throws where one has none. */
export function notices(folders: ReadonlySet<string>): string {
  const parts = [...folders].toSorted().map(folder => {
    const text = readFileSync(join(folder, 'package.json'), 'utf8')
    const { name, version, license } = JSON.parse(text) as Record<'name' | 'version' | 'license', string>
    const files = readdirSync(folder).filter(file => /^(licen[cs]e|notice|copying)/i.test(file))
    if (files.length === 0) throw new Error(`${name}: no file with its licence in ${folder}`)
    const texts = files.map(file => readFileSync(join(folder, file), 'utf8').trim())
    return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`
  })
  return `This package has code of others in it, under these licences.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}
