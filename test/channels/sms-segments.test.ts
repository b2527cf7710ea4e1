import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { segmentsOf } from '../../channels/sms/index.ts'

const count = (text: string) => {
  const { encoding, count } = segmentsOf(text)
  return `${encoding} ${count}`
}

test('a text of the GSM alphabet: 160 places in one segment, 153 in each of several', () => {
  assert.equal(count(''), 'GSM-7 1')
  assert.equal(count('a'.repeat(160)), 'GSM-7 1')
  assert.equal(count('a'.repeat(161)), 'GSM-7 2')
  assert.equal(count('a'.repeat(306)), 'GSM-7 2')
  assert.equal(count('a'.repeat(307)), 'GSM-7 3')
  assert.equal(count('Größe: 5 £, ¿qué?\nÅ Ω Δ @'), 'GSM-7 1')
})

test('characters of its extension take two places, which stay together', () => {
  for (const character of '\f^{}\\[~]|€') {
    assert.equal(count(character.repeat(80)), 'GSM-7 1', character)
    assert.equal(count(character.repeat(81)), 'GSM-7 2', character)
  }
  // 76 fit into 153 places, not 76.5: two segments hold 152, a third takes the rest
  assert.equal(count('€'.repeat(152)), 'GSM-7 2')
  assert.equal(count('€'.repeat(153)), 'GSM-7 3')
})

test('one character outside of it, and there are 70 places, or 67 in each of several', () => {
  assert.equal(count('ж'.repeat(70)), 'UCS-2 1')
  assert.equal(count('ж'.repeat(71)), 'UCS-2 2')
  assert.equal(count('ж'.repeat(134)), 'UCS-2 2')
  assert.equal(count('ж'.repeat(135)), 'UCS-2 3')
  // letters that look as if they were of it
  for (const character of '`çáõ’“–…\t') assert.equal(count(character), 'UCS-2 1', character)
  assert.equal(count(`${'a'.repeat(70)}’`), 'UCS-2 2')
})

test('the two halves of an emoji stay together', () => {
  assert.equal(count('🚚'.repeat(35)), 'UCS-2 1')
  // 33 fit into 67 places
  assert.equal(count('🚚'.repeat(66)), 'UCS-2 2')
  assert.equal(count('🚚'.repeat(67)), 'UCS-2 3')
})

const gsm = fc.string({ unit: fc.constantFrom(...'abcäöü @£\n€^[]~'), maxLength: 700 })
const any = fc.string({ unit: 'binary', maxLength: 300 })

test('never fewer segments than the places need, and at most one place of each is lost', () => {
  fc.assert(
    fc.property(fc.oneof(gsm, any), (text) => {
      const { encoding, count } = segmentsOf(text)
      const [single, each] = encoding === 'GSM-7' ? [160, 153] : [70, 67]
      const places =
        encoding === 'GSM-7'
          ? text.length + (text.match(/[€^[\]~{}\\|\f]/g) ?? []).length
          : text.length
      if (places <= single) return assert.equal(count, 1)
      assert.ok(count >= Math.ceil(places / each), `${places} in ${count}`)
      assert.ok(count <= Math.ceil(places / (each - 1)), `${places} in ${count}`)
    }),
  )
})

test('a longer text never takes fewer segments', () => {
  fc.assert(
    fc.property(fc.oneof(gsm, any), fc.oneof(gsm, any), (text, more) => {
      assert.ok(segmentsOf(text + more).count >= segmentsOf(text).count)
    }),
  )
})
