import type { Plugin } from 'rolldown'

/**
 * Parts of Fastify that the Admin API does without: it has a log, a validator and a serialiser of its own
 * (src/admin/api.ts), and its tests ask by sockets. They would be two thirds of its code. What logs nothing is ours,
 * for the package that has it (abstract-logging) comes without the text of its licence.
 */
const unused: Readonly<Record<string, string>> = {
  pino: never('pino'),
  '@fastify/ajv-compiler': never('@fastify/ajv-compiler'),
  '@fastify/fast-json-stringify-compiler': never('@fastify/fast-json-stringify-compiler'),
  'light-my-request': never('light-my-request'),
  'abstract-logging': `
const silent = () => {}
module.exports = { fatal: silent, error: silent, warn: silent, info: silent, debug: silent, trace: silent }
`,
}

const MARK = '\0unused:'

export const fastifyInPart: Plugin = {
  name: 'fastify-in-part',
  resolveId: id => (Object.hasOwn(unused, id) ? MARK + id : null),
  load: id => (id.startsWith(MARK) ? { code: unused[id.slice(MARK.length)] ?? '', moduleType: 'js' } : null),
}

function never(name: string): string {
  return `throw new Error('${name} is not part of this program')\n`
}
