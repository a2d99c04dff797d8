import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BLOCK_OVERHEAD, FIELD_OVERHEAD, HpackEncoder } from './hpack-encoder.ts'
import { HpackDecoder, type FieldSink } from './hpack-decoder.ts'
import { BAD_NAME, BAD_VALUE } from './field-kinds.ts'
import { huffmanDecode, huffmanEncode, huffmanLength } from './huffman.ts'

class List implements FieldSink {
  full = false
  readonly fields: string[] = []
  readonly kinds: number[] = []
  field(name: string, value: string, kind: number): void {
    this.fields.push(name, value)
    this.kinds.push(kind)
  }
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

function decode(decoder: HpackDecoder, text: string): string[] | null {
  const block = hex(text)
  const list = new List()
  return decoder.decode(block, 0, block.length, list) ? list.fields : null
}

const request = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com']
const third = [
  ':method',
  'GET',
  ':scheme',
  'https',
  ':path',
  '/index.html',
  ':authority',
  'www.example.com',
  'custom-key',
  'custom-value',
]
const date = 'Mon, 21 Oct 2013 20:13:21 GMT'
const response = (status: string): string[] => [
  ':status',
  status,
  'cache-control',
  'private',
  'date',
  date,
  'location',
  'https://www.example.com',
]
const last = [
  ':status',
  '200',
  'cache-control',
  'private',
  'date',
  'Mon, 21 Oct 2013 20:13:22 GMT',
  'location',
  'https://www.example.com',
  'content-encoding',
  'gzip',
  'set-cookie',
  'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
]

/** RFC 7541 Appendix C: table limit, then block, fields, and the table's size after it. */
const series: readonly (readonly [
  string,
  number,
  readonly (readonly [string, readonly string[], number])[],
])[] = [
  [
    'C.2.1',
    4096,
    [
      [
        '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
        ['custom-key', 'custom-header'],
        55,
      ],
    ],
  ],
  ['C.2.2', 4096, [['040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path'], 0]]],
  ['C.2.3', 4096, [['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password', 'secret'], 0]]],
  ['C.2.4', 4096, [['82', [':method', 'GET'], 0]]],
  [
    'C.3',
    4096,
    [
      ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', request, 57],
      ['8286 84be 5808 6e6f 2d63 6163 6865', [...request, 'cache-control', 'no-cache'], 110],
      ['8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65', third, 164],
    ],
  ],
  [
    'C.4',
    4096,
    [
      ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', request, 57],
      ['8286 84be 5886 a8eb 1064 9cbf', [...request, 'cache-control', 'no-cache'], 110],
      ['8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf', third, 164],
    ],
  ],
  [
    'C.5',
    256,
    [
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768
      7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        response('302'),
        222,
      ],
      ['4803 3330 37c1 c0bf', response('307'), 222],
      [
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153
      444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
      3d31`,
        last,
        215,
      ],
    ],
  ],
  [
    'C.6',
    256,
    [
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8
      e9ae 82ae 43d3`,
        response('302'),
        222,
      ],
      ['4883 640e ffc1 c0bf', response('307'), 222],
      [
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b
      3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
        last,
        215,
      ],
    ],
  ],
]

for (const [name, limit, blocks] of series)
  test(`decodes RFC 7541 ${name}`, () => {
    const decoder = new HpackDecoder(limit)
    for (const [block, fields, bytes] of blocks) {
      assert.deepEqual(decode(decoder, block), fields)
      assert.equal(decoder.tableBytes, bytes)
    }
  })

for (const [what, block] of [
  ['index 0', '80'],
  ['an index beyond the tables', 'be'],
  ['a literal of an index beyond the tables', '7e0161'],
  ['an integer without end', 'ffffffffffff0f'],
  ['an integer above 2^28', 'ff8080808010'],
  ['an integer cut off', 'ff80'],
  ['a name without value', '000161'],
  ['a string longer than the block', '00026161'],
  ['a value longer than the block', '00016105616161'],
  ['a block that ends after its pattern', '40'],
  ['a table size update after a field', '8220'],
  ['a table size update above the limit', '3fe21f'],
  ['three table size updates', '20203fe11f'],
  ['Huffman padding of zeros', '00016181 18'.replace(' ', '')],
  ['Huffman padding of 8 bits', '000161821fff'],
  ['Huffman padding that is a whole byte', '00016181ff'],
  ['Huffman EOS', '00016184fffffffc'],
  ['Huffman EOS within', '00016185fffffffc00'],
] as const)
  test(`refuses ${what}`, () => assert.equal(decode(new HpackDecoder(), block), null))

for (const [what, block, fields] of [
  ['an empty block', '', []],
  ['two table size updates before the first field', '203fe11f82', [':method', 'GET']],
  ['an empty Huffman string', '0001618000016180', ['a', '', 'a', '']],
  ['an entry larger than the table', `3f0140016103${'62'.repeat(3)}`, ['a', 'bbb']],
] as const)
  test(`accepts ${what}`, () => assert.deepEqual(decode(new HpackDecoder(), block), fields))

test('an entry larger than the table empties it', () => {
  const decoder = new HpackDecoder()
  decode(decoder, '3f15 400161 0162')
  assert.equal(decoder.tableCount, 1)
  decode(decoder, `400161 14${'62'.repeat(20)}`)
  assert.equal(decoder.tableCount, 0)
  assert.equal(decode(decoder, 'be'), null)
})

test('after a lower limit the next block must follow it', () => {
  const decoder = new HpackDecoder()
  decoder.allow(100)
  assert.equal(decode(decoder, '82'), null)
  const other = new HpackDecoder()
  other.allow(100)
  assert.deepEqual(decode(other, '3f4582'), [':method', 'GET'])
  assert.equal(decode(new HpackDecoder(100), '3f4682'), null)
})

test('a full sink does not lose the compression state', () => {
  const decoder = new HpackDecoder()
  const list = new List()
  list.full = true
  const block = hex('400161 0162 0001630164 82')
  assert.equal(decoder.decode(block, 0, block.length, list), true)
  assert.deepEqual(list.fields, [])
  assert.deepEqual(decode(decoder, 'be'), ['a', 'b'])
})

for (const [what, name, value, flag] of [
  ['an upper-case name', 'Name', 'v', BAD_NAME],
  ['an empty name', '', 'v', BAD_NAME],
  ['a name with a space', 'a b', 'v', BAD_NAME],
  ['a name with a colon', 'a:', 'v', BAD_NAME],
  ['a value with CR', 'a', 'b\rc', BAD_VALUE],
  ['a value with LF', 'a', 'b\nc', BAD_VALUE],
  ['a value with NUL', 'a', '\0', BAD_VALUE],
  ['a value that begins with a space', 'a', ' b', BAD_VALUE],
  ['a value that ends with a tab', 'a', 'b\t', BAD_VALUE],
  ['a plain field', 'a', 'b c', 0],
  ['obs-text', 'a', '\xe9', 0],
] as const)
  test(`marks ${what}, indexed or not`, () => {
    for (const pattern of ['40', '00']) {
      const field = Buffer.from([
        ...hex(pattern),
        name.length,
        ...Buffer.from(name),
        value.length,
        ...Buffer.from(value, 'latin1'),
      ])
      const list = new List()
      const decoder = new HpackDecoder()
      assert.equal(decoder.decode(field, 0, field.length, list), true)
      if (pattern === '40') decoder.decode(hex('be'), 0, 1, list)
      for (const kind of list.kinds) assert.equal(kind & (BAD_NAME | BAD_VALUE), flag)
    }
  })

test('a bad value does not mark another value of the same name', () => {
  const list = new List()
  const block = hex('400161 0120 7e 0162')
  assert.equal(new HpackDecoder().decode(block, 0, block.length, list), true)
  assert.deepEqual(
    list.kinds.map(kind => kind & BAD_VALUE),
    [BAD_VALUE, 0],
  )
})

// The encoder.

function encode(encoder: HpackEncoder, fields: readonly string[]): Buffer {
  let room = BLOCK_OVERHEAD
  for (let i = 0; i < fields.length; i += 2)
    room += fields[i]!.length + fields[i + 1]!.length + FIELD_OVERHEAD
  const out = Buffer.alloc(room)
  let at = encoder.begin(out, 0)
  for (let i = 0; i < fields.length; i += 2) at = encoder.field(out, at, fields[i]!, fields[i + 1]!)
  assert.ok(at <= room, 'the announced room was enough')
  return out.subarray(0, at)
}

test('what repeats becomes one byte, in either case of the name', () => {
  const encoder = new HpackEncoder()
  const fields = ['Server', 'portcullis', 'Content-Type', 'application/json']
  const sizes = [1, 2, 3].map(() => encode(encoder, fields).length)
  assert.ok(sizes[0]! > sizes[1]!)
  assert.equal(sizes[2], 2)
  assert.equal(encode(encoder, ['server', 'portcullis']).length, 1)
})

for (const name of ['Authorization', 'cookie', 'Set-Cookie', 'proxy-authorization'])
  test(`${name} is never indexed`, () => {
    const encoder = new HpackEncoder()
    for (let i = 0; i < 3; i++) assert.equal(encode(encoder, [name, 'secret'])[0]! >> 4, 1)
    assert.equal(encoder.tableBytes, 0)
  })

for (const name of ['Connection', 'keep-alive', 'Proxy-Connection', 'Transfer-Encoding', 'upgrade'])
  test(`${name} is not sent`, () => assert.equal(encode(new HpackEncoder(), [name, 'x']).length, 0))

test('values that do not repeat leave the table alone', () => {
  const encoder = new HpackEncoder()
  for (let i = 0; i < 100; i++) encode(encoder, ['x-trace', `value-${i}`])
  assert.equal(encoder.tableBytes, 0)
})

test('follows a lower limit at the beginning of the next block', () => {
  const encoder = new HpackEncoder()
  const decoder = new HpackDecoder()
  const round = (): string[] | null =>
    decode(decoder, encode(encoder, ['server', 'portcullis']).toString('hex'))
  for (let i = 0; i < 3; i++) round()
  assert.ok(encoder.tableBytes > 0)
  encoder.limit(0)
  encoder.limit(100)
  decoder.allow(100)
  const block = encode(encoder, ['server', 'portcullis'])
  assert.deepEqual([...block.subarray(0, 3)], [0x20, 0x3f, 69])
  assert.deepEqual(decode(decoder, block.toString('hex')), ['server', 'portcullis'])
  assert.equal(decoder.tableBytes, encoder.tableBytes)
})

const latin1 = (most: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 255 }), { maxLength: most })
    .map(bytes => Buffer.from(bytes).toString('latin1'))

test('property: Huffman gives back what it was given', () => {
  fc.assert(
    fc.property(latin1(80), text => {
      const out = Buffer.alloc(huffmanLength(text))
      assert.equal(huffmanEncode(text, out, 0), out.length)
      const back = Buffer.alloc(200)
      assert.equal(back.toString('latin1', 0, huffmanDecode(out, 0, out.length, back)), text)
    }),
  )
})

test('property: the decoder reads what the encoder wrote, block after block, table and all', () => {
  const name = fc.oneof(
    fc.constantFrom('server', 'date', 'cookie', 'accept-encoding', 'x-a', 'x-b', ':path'),
    latin1(20).map(n => `x${n.toLowerCase()}`),
  )
  const value = fc.oneof(fc.constantFrom('a', 'b', 'gzip, deflate', 'v'.repeat(900)), latin1(60))
  const block = fc.record({
    fields: fc.array(fc.tuple(name, value), { maxLength: 12 }),
    limit: fc.option(fc.integer({ min: 0, max: 6000 })),
  })
  fc.assert(
    fc.property(fc.array(block, { maxLength: 12 }), blocks => {
      const encoder = new HpackEncoder()
      const decoder = new HpackDecoder()
      for (const { fields, limit } of blocks) {
        if (limit !== null) encoder.limit(limit)
        const list = fields.flat()
        assert.deepEqual(decode(decoder, encode(encoder, list).toString('hex')), list)
        assert.equal(decoder.tableBytes, encoder.tableBytes)
      }
    }),
  )
})

test('fuzz: any bytes are read or refused, and the table stays within its limit', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 8 }), blocks => {
      const decoder = new HpackDecoder()
      for (const bytes of blocks) {
        const list = new List()
        decoder.decode(Buffer.from(bytes), 0, bytes.length, list)
        assert.ok(decoder.tableBytes <= 4096)
      }
    }),
    { numRuns: 2000 },
  )
})
