// `portcullis composition gen` of documents that refer to other files: one contract, by the compiler and in a mock.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CompositionFolder } from '../support/composition-folder.ts'
import { Folder } from '../support/process.ts'

const portcullis = fileURLToPath(new URL('../../bin/portcullis', import.meta.url))

const files = {
  'users.yaml': `openapi: 3.0.3
info: { title: Users, version: '1' }
paths:
  /users/{id}: { $ref: 'more/paths.yaml#/user' }
components:
  schemas:
    Tier: { enum: [gold, tin] }
`,
  'more/paths.yaml': `user:
  parameters: [{ $ref: 'parameters.json#/id' }]
  get:
    responses:
      '200':
        description: known
        content: { application/json: { schema: { $ref: './types.yaml#/components/schemas/User' } } }
`,
  'more/parameters.json': '{"id":{"in":"path","name":"id","required":true,"schema":{"type":"string"}}}',
  'more/types.yaml': `components:
  schemas:
    User:
      type: object
      required: [name, tier, friends, pet]
      properties:
        name: { type: string, nullable: true }
        tier: { $ref: '../users.yaml#/components/schemas/Tier' }
        friends: { type: array, items: { $ref: '#/components/schemas/User' } }
        pet: { $ref: pet.yaml }
`,
  'more/pet.yaml': 'type: object\nrequired: [lives]\nproperties: { lives: { type: integer, example: 9 } }\n',
}

const use = `import type { paths } from './users.d.ts'
type User = paths['/users/{id}']['get']['responses'][200]['content']['application/json']
declare const user: User
export const name: string | null = user.name
export const tier: 'gold' | 'tin' = user.tier
export const lives: number | undefined = user.friends[0]?.friends[0]?.pet.lives
export const id: paths['/users/{id}']['get']['parameters']['path']['id'] = '7'
`

function gen(cwd: string) {
  const { status, stderr } = spawnSync(portcullis, ['composition', 'gen', 'users.yaml', '-o', 'users.d.ts'], {
    cwd,
    encoding: 'utf8',
  })
  return { status, stderr }
}

test('what is in other files is typed, also where it refers back or to itself', () => {
  using folder = new CompositionFolder({ ...files, 'use.ts': use })
  assert.deepEqual(gen(folder.path), { status: 0, stderr: '' })
  assert.equal(folder.compile(), '')
  const made = readFileSync(join(folder.path, 'users.d.ts'), 'utf8')
  assert.deepEqual(made.match(/^ {4}"\w+"(?=:)/gm), ['    "get"', '    "Tier"', '    "User"', '    "pet"'])
})

test('what leads nowhere there is told with its file and line', () => {
  using folder = new Folder({
    ...files,
    'more/paths.yaml': files['more/paths.yaml'].replace('schemas/User', 'schemas/Usr'),
    'more/types.yaml': files['more/types.yaml'].replace('pet.yaml', 'dog.yaml'),
  })
  const { status, stderr } = gen(folder.path)
  assert.equal(status, 1)
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    'more/types.yaml:10:16 components.schemas.User.properties.pet["$ref"]: "dog.yaml" leads to more/dog.yaml, which does not exist',
    'more/paths.yaml:7:50 user.get.responses["200"].content["application/json"].schema["$ref"]: "./types.yaml#/components/schemas/Usr" leads nowhere, expected a part of that file',
  ])
})
