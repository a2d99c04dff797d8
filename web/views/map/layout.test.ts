import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { layout, type Edge, type Node } from './layout.ts'

const node = (id: string, column: number): Node => ({
  id,
  column,
  title: id,
  note: '',
  tone: 'good',
  link: { to: '/', params: {} },
})
const edge = (from: string, to: string): Edge => ({ from, to, rate: 1, bad: false })

/** `routes` routes of one listener, each with a cluster of its own, each of that with two endpoints; given the wrong way round. */
function tree(routes: number) {
  const nodes = [node('gateway g', 0), node('listener l', 1)]
  const edges = [edge('gateway g', 'listener l')]
  for (let i = 0; i < routes; i++) {
    nodes.push(
      node(`endpoint c${i} b`, 4),
      node(`endpoint c${i} a`, 4),
      node(`cluster c${i}`, 3),
      node(`rule r${i}`, 2),
    )
    edges.push(edge('listener l', `rule r${i}`), edge(`rule r${i}`, `cluster c${i}`))
    edges.push(edge(`cluster c${i}`, `endpoint c${i} a`), edge(`cluster c${i}`, `endpoint c${i} b`))
  }
  return layout(nodes.toReversed(), edges, 150, 60)
}

suite('the layout of the map', () => {
  test('nothing lies on anything else, and all of it is on the sheet', () => {
    const { nodes, height, width } = tree(20)
    assert.equal(nodes.length, 2 + 20 * 4)
    for (const column of [0, 1, 2, 3, 4]) {
      const own = nodes.filter(one => one.column === column)
      for (const [i, one] of own.entries()) {
        const before = own[i - 1]
        if (before !== undefined) assert.ok(one.y >= before.y + before.height, `${one.id} under ${before.id}`)
        assert.ok(one.y + one.height <= height && one.x + 150 <= width, one.id)
      }
    }
  })

  test('columns have the order in which things lead to each other: no lines cross', () => {
    const { nodes, edges } = tree(12)
    const y = new Map(nodes.map(one => [one.id, one.y]))
    const drawn = edges.map(({ from, to }) => [y.get(from)!, y.get(to)!, from.split(' ')[0]] as const)
    for (const [from, to, kind] of drawn)
      for (const [otherFrom, otherTo, otherKind] of drawn)
        if (kind === otherKind && from < otherFrom)
          assert.ok(to <= otherTo, `${from}-${to} and ${otherFrom}-${otherTo}`)
  })

  test('what leads to many is in sight of the first of them', () => {
    const { nodes } = tree(30)
    const top = (id: string) => nodes.find(one => one.id === id)!.y
    assert.ok(top('listener l') - top('rule r0') <= 120)
    assert.ok(top('gateway g') - top('rule r0') <= 240)
  })

  test('a line to what is not drawn is none', () => {
    const { edges } = layout([node('gateway g', 0)], [edge('gateway g', 'listener gone')], 150, 60)
    assert.deepEqual(edges, [])
  })

  test('numbers of lines that end at one thing stand where they begin', () => {
    const nodes = [node('rule a', 2), node('rule b', 2), node('cluster c', 3), node('cluster d', 3)]
    const shared = layout(nodes, [edge('rule a', 'cluster c'), edge('rule b', 'cluster c')], 150, 60)
    const [first, second] = shared.edges
    assert.ok(first !== undefined && second !== undefined && first.labelY !== second.labelY)
    // Where one thing leads to several, numbers stand at their ends.
    const apart = layout(nodes, [edge('rule a', 'cluster c'), edge('rule a', 'cluster d')], 150, 60)
    const [to, too] = apart.edges
    assert.ok(to !== undefined && too !== undefined && to.labelY !== too.labelY)
  })
})
