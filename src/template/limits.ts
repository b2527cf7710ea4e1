/** What one part of a message may cost. Beyond it, rendering fails with `template-invalid`. */
export interface TemplateLimits {
  /** Length of one template, in characters. Default 500,000. */
  readonly sourceChars: number
  /** Time to render one part. Rendering is synchronous, so nothing else runs meanwhile. Default 1,000. */
  readonly renderMs: number
  /** Characters and list items that loops, filters and captures may build. Default 5,000,000. */
  readonly memoryChars: number
  /** Size of one rendered part in UTF-8. Default 1,048,576. */
  readonly outputBytes: number
  /** How deep templates may render one another. Default 50. */
  readonly depth: number
}

export const defaultLimits: TemplateLimits = {
  sourceChars: 500_000,
  renderMs: 1_000,
  memoryChars: 5_000_000,
  outputBytes: 1_048_576,
  depth: 50,
}
