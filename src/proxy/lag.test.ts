import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ClientLag } from './lag.ts'

/** A client whom a test has do what it likes, looked at every half second. */
class Client {
  reading = true
  takenBytes = 0
  readonly body = { bytes: 0, complete: false }
  clientPauses = 0
  blocked = false
  private nowMs = 10_000
  private readonly lag: ClientLag

  constructor(limits = { bodyBytesPerSecond: 240, patienceMs: 3_000 }) {
    this.lag = new ClientLag(this, this, limits)
  }

  giveUp(): void {
    assert.fail('nobody asked for it')
  }

  /** So many looks, and before each what the client does; the lag at the last. */
  looks(times: number, act: () => void = () => {}, everyMs = 500): number {
    let lagMs = 0
    for (let i = 0; i < times; i++) {
      act()
      lagMs = this.lag.look((this.nowMs += everyMs))
    }
    return lagMs
  }

  get failure(): string {
    return this.lag.failure
  }
}

suite('a request body', () => {
  test('that does not come is behind after 3 s, counted from the first look', () => {
    const client = new Client()
    assert.equal(client.looks(6), 0)
    assert.equal(client.looks(1), 3_000)
    assert.equal(client.failure, 'http_request_too_slow')
  })

  test('that comes at the rate is not', () => {
    const client = new Client()
    assert.equal(
      client.looks(30, () => (client.body.bytes += 120)),
      0,
    )
  })

  test('that is complete is not', () => {
    const client = new Client()
    client.body.complete = true
    assert.equal(client.looks(30), 0)
  })

  test('whose client is paused is not, and the time before that is not forgotten', () => {
    const client = new Client()
    assert.equal(client.looks(5), 0)
    client.reading = false
    assert.equal(client.looks(30), 0)
    client.reading = true
    // Two and a half seconds are known; the half second in which reading began again is not counted.
    assert.equal(client.looks(2), 0)
    assert.equal(client.looks(1), 3_000)
  })

  test('whose client was paused between two looks is not', () => {
    const client = new Client()
    assert.equal(
      client.looks(30, () => client.clientPauses++),
      0,
    )
  })

  test('counts a second for a look, when it was us who did not look', () => {
    const client = new Client()
    assert.equal(client.looks(3, undefined, 60_000), 0)
    assert.equal(client.looks(1, undefined, 60_000), 3_000)
  })
})

suite('a response', () => {
  const answered = (limits?: ConstructorParameters<typeof Client>[0]): Client => {
    const client = new Client(limits)
    client.body.complete = true
    return client
  }

  test('that waits for its client and is not taken is behind after 3 s', () => {
    const client = answered()
    client.blocked = true
    assert.equal(client.looks(6), 0)
    assert.equal(client.looks(1), 3_000)
    assert.equal(client.failure, 'http_response_not_taken')
  })

  test('that is taken at the rate is not', () => {
    const client = answered()
    client.blocked = true
    assert.equal(
      client.looks(30, () => (client.takenBytes += 120)),
      0,
    )
  })

  test('of which a byte is taken now and then is', () => {
    const client = answered()
    client.blocked = true
    assert.equal(
      client.looks(7, () => client.takenBytes++),
      3_000,
    )
    assert.equal(client.failure, 'http_response_not_taken')
  })

  test('that is taken whole begins anew', () => {
    const client = answered()
    client.blocked = true
    assert.equal(client.looks(6), 0)
    client.blocked = false
    client.looks(1)
    client.blocked = true
    assert.equal(client.looks(6), 0)
    assert.equal(client.looks(1), 3_000)
  })

  test('of no rate is to be taken all the same', () => {
    const client = answered({ bodyBytesPerSecond: 0, patienceMs: 3_000 })
    client.blocked = true
    assert.equal(
      client.looks(30, () => (client.takenBytes += 1)),
      0,
    )
    assert.ok(client.looks(10) > 0)
  })

  test('that waits for its backend is not', () => assert.equal(answered().looks(30), 0))

  test('counts a second for a look, when it was us who did not look', () => {
    const client = answered()
    client.blocked = true
    assert.equal(client.looks(3, undefined, 60_000), 0)
    assert.equal(client.looks(1, undefined, 60_000), 3_000)
  })
})

test('of two faults the longer one counts', () => {
  const client = new Client()
  client.looks(10)
  client.blocked = true
  assert.equal(client.looks(8), 8_500)
  assert.equal(client.failure, 'http_request_too_slow')
})
