import assert from 'node:assert/strict'
import { test } from 'node:test'
import { email } from '../../channels/email/index.ts'
import { route } from '../../src/recipient/route.ts'

const channel = email({ backend: { name: 'none', send: async () => ({}) } })

test('what is wrong with an address is told without it, since it is kept', () => {
  const wrong = [
    'jane doe@private.example',
    'Jane <jane@private>, "x" <y>',
    `jane@${'private.'.repeat(40)}example`,
    'jane"@private.example',
    `"Jane" <jane\\@private.example>`,
  ]
  for (const address of wrong) {
    const [found] = route('email', channel as never, { email: address }, {})
    assert.ok(found && 'reason' in found && found.detail, address)
    assert.equal(found.reason, 'invalid-address')
    assert.doesNotMatch(found.detail, /jane|private/i)
    assert.match(found.detail, /^it |of it /)
  }
})
