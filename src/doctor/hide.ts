import type { Configuration } from '../option/configuration.ts'

/** Takes out of a text what the configuration holds of secrets, and credentials of any URL. */
export function createHide(configuration: Configuration): (text: string) => string {
  const { databaseUrl, redisUrl, secretKey = process.env.ENVOYER_SECRET_KEY ?? '' } = configuration
  const keys = typeof secretKey === 'string' ? secretKey.split(',') : secretKey
  const secrets = [databaseUrl, redisUrl]
    .flatMap(passwords)
    .concat(keys.map((key) => key.trim()))
    .filter((secret) => secret !== '')
    // The longer first: one may be a part of another.
    .toSorted((a, b) => b.length - a.length)
  return (text) =>
    secrets
      .reduce((left, secret) => left.replaceAll(secret, '***'), text)
      .replace(/\b([a-z][a-z\d+.-]*:\/\/)[^\s/@]*@/gi, '$1***@')
}

/** As it stands in the URL, and as it is meant. */
function passwords(url: string | undefined): string[] {
  if (url === undefined || !URL.canParse(url)) return []
  const { password } = new URL(url)
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}
