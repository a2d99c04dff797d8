import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The licences and notices of these packages, which must go with their code. Throws where one has none. */
export function notices(folders: ReadonlySet<string>): string {
  const parts = [...folders].toSorted().map(folder => {
    const text = readFileSync(join(folder, 'package.json'), 'utf8')
    const { name, version, license } = JSON.parse(text) as Record<'name' | 'version' | 'license', string>
    return `${name} ${version} (${license})\n\n${licencesIn(folder, name).join('\n\n')}\n`
  })
  return `This package has code of others in it, under these licences.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}

/** Files of their own, a folder of them, a section at the end of the README, or what its modules begin with. */
function licencesIn(folder: string, name: string): readonly string[] {
  const texts = (pattern: RegExp) =>
    readdirSync(folder)
      .filter(file => pattern.test(file))
      .flatMap(file => textsAt(join(folder, file)))
  const own = texts(/^(licen[cs]e|notice|copying)/i)
  if (own.length > 0) return own
  const sections = texts(/^readme/i).flatMap(text => /^(?:#+ )?licen[cs]e\n[^]*$/im.exec(text)?.[0] ?? [])
  const granted = sections.filter(text => text.includes('Permission is hereby granted'))
  if (granted.length > 0) return granted
  const headers = headersIn(folder)
  if (headers.length === 0) throw new Error(`${name}: no licence in ${folder}`)
  return headers
}

/** What its modules begin with, each once; and the text of the Apache License where they name that, which is ours too. */
function headersIn(folder: string): readonly string[] {
  const modules = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file =>
    file.endsWith('.js'),
  )
  const headers = new Set(modules.map(file => headerOf(readFileSync(join(folder, file), 'utf8'))))
  headers.delete('')
  const apache = [...headers].some(text => text.includes('Apache License, Version 2.0'))
  return [
    ...headers,
    ...(apache ? [readFileSync(new URL('../LICENSE', import.meta.url), 'utf8').trim()] : []),
  ]
}

function headerOf(code: string): string {
  const [header = ''] = /^(?:\/\/.*\n)+/.exec(code.replace(/^"use strict";\n/, '')) ?? []
  return header.includes('Copyright') ? header.replaceAll(/^\/\/ ?/gm, '').trim() : ''
}

function textsAt(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [readFileSync(path, 'utf8').trim()]
  return readdirSync(path).flatMap(file => textsAt(join(path, file)))
}
