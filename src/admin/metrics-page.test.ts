import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MetricsPage } from './metrics-page.ts'

/** A page whose texts are made when the test says so. */
function pageOf() {
  const made: { open: boolean; end: (text: string) => void; fail: (error: Error) => void }[] = []
  const page = new MetricsPage(open => new Promise((end, fail) => made.push({ open, end, fail })))
  return { page, made }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 1))
}

test('of any number who ask meanwhile all have the next text, and none has one that was begun before', async () => {
  const { page, made } = pageOf()
  const first = page.read(false)
  await until(() => made.length === 1)
  const others = Array.from({ length: 1_000 }, () => page.read(false))
  const open = page.read(true)
  made[0]!.end('1')
  assert.equal(String(await first), '1')
  await until(() => made.length === 2)
  made[1]!.end('2')
  const texts = await Promise.all(others)
  assert.deepEqual(new Set(texts.map(String)), new Set(['2']))
  assert.equal(new Set(texts).size, 1)
  await until(() => made.length === 3)
  assert.deepEqual(
    made.map(one => one.open),
    [false, false, true],
  )
  made[2]!.end('3')
  assert.equal(String(await open), '3')
})

test('one that cannot be made is the loss of who has asked for it, and of nobody after', async () => {
  const { page, made } = pageOf()
  const first = page.read(false)
  await until(() => made.length === 1)
  made[0]!.fail(new Error('no'))
  await assert.rejects(first, /no/)
  const next = page.read(false)
  await until(() => made.length === 2)
  made[1]!.end('m')
  assert.equal(String(await next), 'm')
})
