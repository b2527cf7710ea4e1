/** What looks the same in a URL and in JSON. */
const plain = /^[\w.~-]*$/

/** How a server may repeat a text: as it is, in a URL, in JSON, and in JSON as PHP writes it. */
function shapesOf(secret: string): readonly string[] {
  if (plain.test(secret)) return [secret]
  const json = JSON.stringify(secret).slice(1, -1)
  return [secret, encodeURIComponent(secret), json, json.replaceAll('/', '\\/')]
}

/**
 * Takes secrets out of what a provider says, since some repeat what they got: each in every shape in
 * which it could come back, and the longest first, of which a shorter one may be a part.
 */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const shapes = secrets
    .filter((secret) => secret !== '')
    .flatMap(shapesOf)
    .filter((shape, index, all) => all.indexOf(shape) === index)
    .sort((a, b) => b.length - a.length)
  return (text) => {
    let masked = text
    for (const shape of shapes) {
      if (shape.length <= masked.length) masked = masked.replaceAll(shape, '***')
    }
    return masked
  }
}
