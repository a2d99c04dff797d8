import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { withoutSecrets } from './address.ts'

suite('the URL in the address of Explain', () => {
  for (const [url, expected] of [
    ['http://shop.example:8080/cart', 'http://shop.example:8080/cart'],
    ['http://shop.example/cart?token=secret#x', 'http://shop.example/cart'],
    ['http://jo:secret@shop.example/cart', 'http://shop.example/cart'],
    ['jo:secret@shop.example/cart', 'shop.example/cart'],
    ['http://shop.example/a@b', 'http://shop.example/a@b'],
    ['shop.example/@jo?token=a@b', 'shop.example/@jo'],
  ] as const)
    test(url, () => assert.equal(withoutSecrets(url), expected))
})
