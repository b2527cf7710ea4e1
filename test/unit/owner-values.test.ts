import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EnvoyerError } from '../../src/errors.ts'
import { pack, packError, unpack, unpackError } from '../../src/owner/values.ts'

const over = (value: unknown) => unpack(JSON.parse(JSON.stringify(pack(value))))

test('values come out as they went in', () => {
  const key = fc.oneof(fc.string(), fc.constantFrom('$', '__proto__', 'constructor'))
  const leaf = fc.oneof(
    ...[fc.string(), fc.double().filter((n) => !Object.is(n, -0)), fc.boolean(), fc.bigInt()],
    ...[fc.date({ noInvalidDate: false }), fc.constant(undefined), fc.constant(null)],
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, leaf, tie('list'), tie('record')),
    list: fc.array(tie('value')),
    record: fc.array(fc.tuple(key, tie('value'))).map((entries) => Object.fromEntries(entries)),
  }))
  fc.assert(fc.property(value, (each) => assert.deepStrictEqual(over(each), each)))
})

test('errors come out with code and problems', () => {
  const error = unpackError(
    JSON.parse(JSON.stringify(packError(new EnvoyerError('not-found', ['a', 'b'])))),
  )
  assert.ok(error instanceof EnvoyerError)
  assert.deepEqual([error.code, error.problems], ['not-found', ['a', 'b']])
  const other = unpackError({
    ...packError(Object.assign(new RangeError('far'), { code: '22003' })),
  })
  assert.deepEqual(
    { ...other, name: other.name, message: other.message },
    {
      ...{ code: '22003', name: 'RangeError', message: 'far' },
    },
  )
})

test('what cannot leave its process is refused', () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  for (const value of [circle, Symbol('s'), () => 1]) {
    assert.throws(() => pack(value), { code: 'option-invalid' })
  }
})
