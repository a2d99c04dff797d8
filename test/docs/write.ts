import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { definitions } from './definitions.ts'
import { pages } from './reference.ts'

// `npm run docs`: writes docs/reference, and deploy/crds.
for (const [name, make] of Object.entries(pages))
  writeFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), make())

const crds = new URL('../../deploy/crds/', import.meta.url)
mkdirSync(crds, { recursive: true })
for (const name of readdirSync(crds)) if (!(name in definitions)) rmSync(new URL(name, crds))
for (const [name, text] of Object.entries(definitions)) writeFileSync(new URL(name, crds), text)
