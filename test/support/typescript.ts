/** What Node.js is given to run TypeScript in a process of its own. */
export const typescript = [
  '--import',
  new URL('../../build/typescript/register.js', import.meta.url).href,
] as const
