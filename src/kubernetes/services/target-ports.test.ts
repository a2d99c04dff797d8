import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isTargetPort, TARGET_PORTS, TargetPorts } from './target-ports.ts'

suite('ports of Pods', () => {
  test('who asks again is given the same, whoever asked before', () => {
    const [one, other] = [new TargetPorts(), new TargetPorts()]
    const first = one.find('a tcp 443')
    other.find('b tcp 443')
    assert.equal(other.find('a tcp 443'), first)
    assert.equal(isTargetPort(first!), true)
  })

  test('nobody is given what is taken, until all are', () => {
    const ports = new TargetPorts()
    const given = new Set<number>()
    for (let i = 0; i < TARGET_PORTS.count; i++) {
      const target = ports.find(`gateway-${i} tcp 80`)!
      assert.equal(isTargetPort(target) && !given.has(target), true)
      given.add(target)
    }
    assert.equal(ports.find('one more'), null)
  })

  test('who claims first has it', () => {
    const ports = new TargetPorts()
    assert.equal(ports.claim(20_000, 'a'), true)
    assert.equal(ports.claim(20_000, 'b'), false)
    assert.equal(ports.claim(20_000, 'a'), true)
  })
})
