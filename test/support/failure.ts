import assert from 'node:assert/strict'
import { DeliveryError, EnvoyerError } from '../../src/errors.ts'

/** The error of a message that must not be sent. */
export async function failure(sent: Promise<unknown>): Promise<DeliveryError> {
  const error = await sent.then(
    () => assert.fail('it was sent'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof DeliveryError, String(error))
  return error
}

/** What is wrong with a configuration, none of which may show the secret `hunter2`. */
export function problemsOf(configure: () => unknown): readonly string[] {
  try {
    configure()
    return []
  } catch (error) {
    assert.ok(error instanceof EnvoyerError)
    assert.equal(error.code, 'configuration-invalid')
    assert.doesNotMatch(error.message, /hunter2/)
    return error.problems
  }
}
