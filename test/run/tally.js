/**
 * A reporter beside the one that people read: writes what the runner's exit code does not tell.
 * JavaScript, since the runner loads its reporters before anything that could load TypeScript.
 *
 * `tests`: how many ran; `skipped`: names of tests skipped or `todo`; `empty`: files without a
 * test, which the runner takes for one that passed.
 *
 * @param {AsyncIterable<import('node:test/reporters').TestEvent>} events
 */
export default async function* tally(events) {
  const seen = { tests: 0, skipped: [], empty: [] }
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.details.type === 'suite') continue
    if (data.name.endsWith('.test.js')) {
      if (type === 'test:pass') seen.empty.push(data.name)
      continue
    }
    seen.tests += 1
    const left = data.skip ?? data.todo
    if (left !== undefined && left !== false) seen.skipped.push(`${data.name} (${data.file})`)
  }
  yield JSON.stringify(seen)
}
