import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PlacesByRoute, RoutePlaces, type Waiting } from './route-places.ts'

/** Who waits, by client, and what became of it. */
function waiting(client: string, told: string[]): Waiting {
  return {
    client,
    entered: () => told.push(`${client} entered`),
    refused: () => told.push(`${client} refused`),
    left: () => told.push(`${client} left`),
  }
}

suite('places of a route', () => {
  test('are as many as there may be, and free again when they are given back', () => {
    const places = new RoutePlaces()
    const limits = { most: 2, mostWaiting: 0 }
    const enter = (times: number): boolean[] => Array.from({ length: times }, () => places.enter(limits))
    assert.deepEqual(enter(3), [true, true, false])
    places.leave()
    assert.deepEqual(enter(2), [true, false])
  })

  test('go in turn by client, and who has fewer waiting takes the place of who has most', () => {
    const places = new RoutePlaces()
    const told: string[] = []
    const limits = { most: 1, mostWaiting: 3 }
    places.enter(limits)
    for (const client of ['a', 'a', 'a', 'b']) {
      assert.equal(places.enter(limits), false)
      assert.equal(places.wait(waiting(client, told)), true)
    }
    assert.deepEqual(told, ['a refused'])
    assert.equal(places.wait(waiting('a', told)), false)
    for (let i = 0; i < 3; i++) places.leave()
    assert.deepEqual(told, ['a refused', 'a entered', 'b entered', 'a entered'])
    assert.equal(places.isIdle, false)
    places.leave()
    assert.equal(places.isIdle, true)
  })

  test('that a reload adds are for those who wait', () => {
    const places = new RoutePlaces()
    const told: string[] = []
    places.enter({ most: 1, mostWaiting: 1 })
    places.enter({ most: 1, mostWaiting: 1 })
    places.wait(waiting('a', told))
    assert.equal(places.enter({ most: 2, mostWaiting: 0 }), false)
    assert.deepEqual(told, ['a entered'])
  })
})

test('routes without requests are forgotten', () => {
  const routes = new PlacesByRoute()
  const places = routes.of('r')
  places.enter({ most: 1, mostWaiting: 0 })
  routes.settle('r')
  assert.equal(routes.of('r'), places)
  places.leave()
  routes.settle('r')
  assert.notEqual(routes.of('r'), places)
})
