import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import { Answers, Questions } from './questions.ts'

test('who asks gets the answer to its own question, and null where nobody knows', async () => {
  const answers = new Answers('questions-1', question => Promise.resolve(question === 'a' ? 'answer' : null))
  const [one, two] = [new Questions('questions-1'), new Questions('questions-1')]
  assert.deepEqual(
    await Promise.all([one.ask('a', 'x'), two.ask('b', 'x'), two.ask('a', 'x'), one.ask('b', 'x')]),
    ['answer', null, 'answer', null],
  )
  for (const each of [one, two, answers]) each.close()
})

test('who fails to answer has answered null', async () => {
  const answers = new Answers('questions-2', () => Promise.reject(new Error('no')))
  const questions = new Questions('questions-2')
  assert.equal(await questions.ask('a', 'x'), null)
  questions.close()
  answers.close()
})

test('more than a hundred questions in a second, and more than are waited for, are not asked', async () => {
  let asked = 0
  const { promise: held, resolve } = Promise.withResolvers<string>()
  const answers = new Answers('questions-3', () => {
    asked++
    return held
  })
  const questions = new Questions('questions-3')
  const all = Array.from({ length: 200 }, (_, i) => questions.ask('a', `client ${i}`))
  const refused = await Promise.all(all.slice(32))
  assert.ok(refused.every(answer => answer === null))
  resolve('late')
  assert.deepEqual(new Set(await Promise.all(all.slice(0, 32))), new Set(['late']))
  assert.equal(asked, 32)
  questions.close()
  answers.close()
})

test('a client that asks for ever more leaves others their questions', async () => {
  const answers = new Answers('questions-5', () => Promise.resolve('known'))
  const questions = new Questions('questions-5')
  for (let i = 0; i < 200; i++) await questions.ask('a', 'greedy')
  assert.equal(await questions.ask('a', 'other'), 'known')
  questions.close()
  answers.close()
})

test('a thread asks another one', async () => {
  const answers = new Answers('questions-4', question => Promise.resolve(`${String(question)}!`))
  const source = `
    import { parentPort } from 'node:worker_threads'
    import { Questions } from ${JSON.stringify(import.meta.resolve('./questions.ts'))}
    const questions = new Questions('questions-4')
    const keep = setInterval(() => {}, 1000)
    parentPort.postMessage(await questions.ask('a', 'x'))
    clearInterval(keep)
  `
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`))
  const [answer] = (await once(worker, 'message')) as [string]
  assert.equal(answer, 'a!')
  await worker.terminate()
  answers.close()
})
