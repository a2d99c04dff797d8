import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { hashSync } from 'bcryptjs'
import { Verifier } from './verifier.ts'

const started: Verifier[] = []
after(() => {
  for (const one of started) one.drain()
})
function verifier(): Verifier {
  const made = new Verifier(() => performance.now())
  started.push(made)
  return made
}

const ada = { user: 'ada', password: 'secret' }
const bcrypt = hashSync('secret', 4)
const apr1 = '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/'
const sha1 = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='

for (const [name, hash] of [
  ['bcrypt', bcrypt],
  ['bcrypt as Apache writes it', bcrypt.replace('$2b$', '$2y$')],
  ['apr1', apr1],
  ['sha1', sha1],
] as const)
  test(`the right password, and a wrong one, by ${name}`, async () => {
    const one = verifier()
    assert.equal(await one.verify(ada, hash, hash, 'client'), true)
    assert.equal(await one.verify({ ...ada, password: 'Secret' }, hash, hash, 'client'), false)
    assert.equal(await one.verify(ada, hash, hash, 'client'), true)
  })

test('what was found right is known again at once, and not with another hash', async () => {
  const one = verifier()
  assert.equal(await one.verify(ada, bcrypt, null, 'client'), true)
  assert.equal(one.verify(ada, bcrypt, null, 'client'), true)
  const changed = one.verify(ada, hashSync('other', 4), null, 'client')
  assert.ok(changed instanceof Promise)
  assert.equal(await changed, false)
})

test('the password of one user is not that of another with the same hash', async () => {
  const one = verifier()
  await one.verify({ user: 'a', password: 'dasecret' }, hashSync('dasecret', 4), null, 'client')
  assert.ok(one.verify(ada, bcrypt, null, 'client') instanceof Promise)
})

for (const like of [bcrypt, sha1, apr1, null])
  test(`nobody is let in where there is no such user, and others have ${like?.slice(0, 5) ?? 'nothing'}`, async () => {
    assert.equal(await verifier().verify(ada, undefined, like, 'client'), false)
  })

test('one who guesses has a share of the thread, and others are served in between', async () => {
  const one = verifier()
  const slow = hashSync('secret', 8)
  const guesses = Array.from({ length: 400 }, (_, i) =>
    Promise.resolve(one.verify({ user: 'ada', password: `guess ${i}` }, slow, slow, 'attacker')),
  )
  const order: string[] = []
  const neighbour = Promise.resolve(one.verify(ada, slow, slow, 'neighbour')).then(right => {
    order.push('neighbour')
    return right
  })
  const last = guesses[15]!.then(() => order.push('attacker'))
  assert.equal(await neighbour, true)
  await last
  assert.deepEqual(order, ['neighbour', 'attacker'])
  const answers = await Promise.all(guesses)
  assert.ok(answers.filter(answer => answer === 'busy').length >= 400 - 17)
  assert.ok(!answers.includes(true))
})

test('many with places of their own leave one to a newcomer', async () => {
  const one = verifier()
  const all = Array.from({ length: 300 }, (_, i) =>
    Promise.resolve(one.verify({ user: 'ada', password: `guess ${i}` }, bcrypt, bcrypt, `client ${i % 20}`)),
  )
  assert.equal(await one.verify(ada, bcrypt, bcrypt, 'newcomer'), true)
  await Promise.all(all)
})

test('the same credentials at once are hashed once', async () => {
  const one = verifier()
  const first = one.verify(ada, bcrypt, bcrypt, 'client')
  assert.equal(one.verify(ada, bcrypt, bcrypt, 'client'), first)
  assert.equal(await first, true)
})
